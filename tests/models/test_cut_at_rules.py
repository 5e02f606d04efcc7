"""Lines that the detector joined across a drawn rule, on drawn pages."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import ocr
from ocr.models.two_stage.cut_at_rules import cut_at_rules
from ocr.polygon import FloatArray, from_box

SIZE = (700, 400)
ROWS = range(60, 360, 40)
RULE = 350


def drawn(
    rule: tuple[float, float, float, float] | None, right: str = "right side", width: int = 2
) -> NDArray[np.uint8]:
    """Two columns of print (H, W), and a rule from one point to another."""
    page = Image.new("L", SIZE, 235)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(24)
    for row in ROWS:
        pen.text((340, row), "left column", 20, font, anchor="rs")
        pen.text((360, row), right, 20, font, anchor="ls")
    if rule is not None:
        pen.line(rule, 60, width)
    return np.asarray(page)


def lines(left: float = 200, right: float = 500) -> list[FloatArray]:
    return [np.asarray(from_box(left, row - 22, right, row + 7), np.float64) for row in ROWS]


def cut(page: NDArray[np.uint8], found: list[FloatArray]) -> list[FloatArray]:
    return cut_at_rules(page, found)


@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("slant", [-4, 0, 4])
def test_lines_across_a_rule_are_cut_there(width: int, slant: int) -> None:
    pieces = cut(drawn((RULE - slant, 20, RULE + slant, 380), width=width), lines())
    assert len(pieces) == 2 * len(ROWS)
    for left, right in zip(pieces[::2], pieces[1::2], strict=True):
        assert left[0, 0] == 200 and right[1, 0] == 500 and (left[:, 1] == right[:, 1]).all()
        assert RULE - 12 < left[1, 0] < right[0, 0] < RULE + 12


def test_pages_that_lie_on_their_side_are_cut_as_well() -> None:
    page = drawn((RULE, 20, RULE, 380))
    turned = np.ascontiguousarray(np.rot90(page))  # anticlockwise: text runs upwards
    found = [np.stack([quad[:, 1], SIZE[0] - quad[:, 0]], axis=1) for quad in lines()]
    pieces = cut(turned, found)
    assert len(pieces) == 2 * len(ROWS)
    upright = [np.stack([SIZE[0] - quad[:, 1], quad[:, 0]], axis=1) for quad in pieces]
    expected = cut(page, lines())
    assert np.allclose(np.stack(upright), np.stack(expected), atol=1.5)


def test_what_is_beyond_the_rule_is_left_out_if_it_is_empty() -> None:
    pieces = cut(drawn((RULE, 20, RULE, 380), right=""), lines(right=370))
    assert len(pieces) == len(ROWS) and all(quad[1, 0] <= RULE for quad in pieces)


@pytest.mark.parametrize(
    ("rule", "right"),
    [
        (None, "right side"),
        (None, "|l|I|1|"),  # strokes that stand above each other, with white between the rows
        ((RULE, 90, RULE, 120), "right side"),  # no longer than a line is high
        ((210, RULE, 490, RULE), "right side"),  # level
        ((RULE - 60, 20, RULE + 60, 380), "right side"),  # a pen stroke
    ],
)
def test_strokes_that_are_no_rules_cut_nothing(rule: tuple[float, float, float, float] | None, right: str) -> None:
    found = lines()
    pieces = cut(drawn(rule, right), found)
    assert len(pieces) == len(found)
    assert all(np.array_equal(piece, quad) for piece, quad in zip(pieces, found, strict=True))


def test_a_stroke_without_ground_beside_it_is_no_rule() -> None:
    page = drawn((RULE, 20, RULE, 380)).copy()
    for x in range(RULE - 9, RULE + 10, 9):
        cv2.line(page, (x, 30), (x, 370), 20, 5)
    assert len(cut(page, lines())) == len(ROWS)


def test_a_page_without_lines_has_no_pieces() -> None:
    assert cut_at_rules(drawn(None), []) == []


@pytest.mark.parametrize("pipeline", ["two_stage", "end2end"])
def test_columns_close_to_the_rule_between_them_are_lines_by_themselves(pipeline: str) -> None:
    page = Image.new("RGB", SIZE, (235, 235, 235))
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(30)
    pen.line((RULE, 20, RULE, 380), (60, 60, 60), 2)
    for row in ROWS:
        pen.text((RULE - 12, row), "column", (20, 20, 20), font, anchor="rs")
        pen.text((RULE + 12, row), "beside", (20, 20, 20), font, anchor="ls")
    texts = [line.text for line in ocr.load(pipeline=pipeline).predict([np.asarray(page)])[0].lines]
    assert sorted(texts) == ["beside"] * len(ROWS) + ["column"] * len(ROWS)
