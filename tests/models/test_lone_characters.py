"""Characters that stand alone beside the lines that were found, on drawn pages."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import ocr
from ocr.models.two_stage.lone_characters import is_lone_character, lone_boxes
from ocr.polygon import FloatArray, from_box

SIZE = (900, 500)
ROWS = range(60, 440, 40)


def drawn(*pieces: tuple[float, float, str], size: int = 24) -> NDArray[np.uint8]:
    """A white page with pieces of text at left and baseline."""
    page = Image.new("L", SIZE, 255)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size)
    for left, baseline, text in pieces:
        pen.text((left, baseline), text, 0, font, anchor="ls")
    return np.asarray(page)


def line_at(left: float, baseline: float, right: float, height: float = 24.0) -> FloatArray:
    return np.asarray(from_box(left, baseline - 0.77 * height, right, baseline + 0.23 * height), np.float64)


LINES = [line_at(100, row, 300) for row in ROWS]
PRINT = [(100.0, float(row), "Rhombus tin") for row in ROWS]


@pytest.mark.parametrize("scale", [1.0, 0.6, 2.5])
@pytest.mark.parametrize("text", ["1", ":", "5", "S"])
def test_a_character_that_stands_alone_in_a_row_is_cut_out_as_a_line(text: str, scale: float) -> None:
    page = drawn(*PRINT, *((600.0, float(row), text) for row in ROWS))
    resized = np.asarray(cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    boxes = lone_boxes(resized, [line * scale for line in LINES])
    assert len(boxes) == len(ROWS)
    for box in boxes:
        height = box[3, 1] - box[0, 1]
        assert abs(height - 24 * scale) < 4 * scale and 600 * scale - 3 < box[0, 0] < box[1, 0] < 630 * scale
    tops = sorted(box[0, 1] for box in boxes)
    assert all(top < (row - 5) * scale < top + 24 * scale for top, row in zip(tops, ROWS, strict=True))


def test_what_is_found_already_or_has_neighbours_or_stands_in_no_row_is_not() -> None:
    lone = (600.0, 60.0, "1")
    assert len(lone_boxes(drawn(*PRINT, lone), LINES)) == 1
    assert lone_boxes(drawn(*PRINT, lone), [*LINES, line_at(595, 60, 620)]) == []
    assert lone_boxes(drawn(*PRINT, (600.0, 60.0, "11"), (300.0, 470.0, "1")), LINES) == []
    assert lone_boxes(drawn(*PRINT, lone), []) == []
    assert lone_boxes(np.full((40, 40), 255, np.uint8), [line_at(5, 30, 35)]) == []


def test_rules_and_specks_are_no_characters() -> None:
    page = drawn(*PRINT).copy()
    cv2.line(page, (450, 20), (450, 480), 0, 2)
    cv2.line(page, (500, 60), (800, 60), 0, 2)
    page[91:94, 600:603] = 0
    assert lone_boxes(page, LINES) == []
    noise = page.copy()
    for x, y in itertools.product(range(320, 880, 26), range(8, 470, 24)):
        noise[y : y + 9, x : x + 4] = 0
    assert lone_boxes(noise, LINES) == [], "so many pieces of ink are no characters"


def test_on_a_page_that_lies_askew_or_on_its_side_none_is_looked_for() -> None:
    page = drawn(*PRINT, (600.0, 60.0, "1"))
    tilted = [line + np.array([(0, 0), (0, 60), (0, 60), (0, 0)]) for line in LINES]
    assert lone_boxes(page, tilted) == []
    assert lone_boxes(page, [np.roll(line, 2, axis=0) for line in LINES]) == []


def test_strokes_and_signs_are_not_taken_for_characters() -> None:
    assert all(is_lone_character(text) for text in ("1", ":", "S", "가"))
    assert not any(is_lone_character(text) for text in ("", "I", "l", ".", "-", "10", "::"))


def test_quantities_of_one_are_read() -> None:
    page = drawn(*PRINT, *((560.0, float(row), "1") for row in ROWS), *((700.0, float(row), "12.50") for row in ROWS))
    (read,) = ocr.load(pipeline="two_stage").predict([cv2.cvtColor(page, cv2.COLOR_GRAY2RGB)])
    lines = [line.text for line in read.lines]
    assert sum(line.split().count("1") for line in lines) >= len(ROWS) - 1
    assert sum("12.50" in line for line in lines) == len(ROWS)
