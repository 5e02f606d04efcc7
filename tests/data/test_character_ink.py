"""Boxes of characters from the ink of a line, lines from the boxes of characters, and ink that nobody labelled."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ocr.data.character_ink import SOFT, character_boxes, ink_mask
from ocr.data.line_extent import measure_extent
from ocr.data.unlabelled_ink import rectangles, unlabelled_regions
from ocr.document import Block, Line, Page
from ocr.polygon import contains, from_box

CORE = (20.0, 60.0)


def strip(*blobs: tuple[int, int, int, int], dark: bool = True) -> np.ndarray:
    """A strip of 80 x 300 px with the line in rows 20 to 60 and blobs of ink (left, top, right, bottom)."""
    image = np.full((80, 300), 230, np.uint8)
    for left, top, right, bottom in blobs:
        image[top:bottom, left:right] = 30
    return image if dark else 255 - image


def boxes_of(image: np.ndarray, *cells: tuple[float, float]) -> list[list[float]]:
    ink = ink_mask(image, 40)
    assert ink is not None
    boxes = character_boxes(ink, np.array(cells, np.float64), CORE, 40)
    return (boxes + np.array([SOFT, SOFT, -SOFT, -SOFT])).round(3).tolist()


@pytest.mark.parametrize("dark", [True, False])
def test_boxes_are_those_of_the_ink(dark: bool) -> None:
    image = strip((30, 30, 50, 55), (60, 22, 66, 55), dark=dark)
    assert boxes_of(image, (25, 57), (57, 70)) == [[30, 30, 50, 55], [60, 22, 66, 55]]


def test_a_rough_cut_goes_to_the_white_between() -> None:
    image = strip((30, 30, 60, 55), (64, 30, 80, 55))
    assert boxes_of(image, (28, 57), (57, 82)) == [[30, 30, 60, 55], [64, 30, 80, 55]]


def test_touching_letters_are_cut_apart() -> None:
    image = strip((30, 30, 50, 55), (50, 52, 56, 55), (56, 30, 76, 55))
    (first, second) = boxes_of(image, (28, 52), (52, 78))
    assert first[2] == second[0] and 50 <= first[2] <= 56


def test_an_overhanging_letter_keeps_its_hook() -> None:
    image = strip((30, 22, 36, 58), (36, 22, 44, 26), (42, 32, 60, 55))
    assert boxes_of(image, (28, 42), (42, 62)) == [[30, 22, 44, 58], [42, 32, 60, 55]]


def test_dots_belong_to_their_letters_and_dirt_to_none() -> None:
    image = strip((30, 35, 36, 55), (30, 24, 36, 29), (52, 40, 53, 41), (60, 30, 80, 55))
    assert boxes_of(image, (25, 45), (45, 85)) == [[30, 24, 36, 55], [60, 30, 80, 55]]


def test_neighbouring_lines_and_rules_are_left_out() -> None:
    image = strip((30, 30, 50, 55), (0, 57, 290, 59), (35, 0, 50, 12), (30, 70, 50, 80))
    assert boxes_of(image, (25, 55)) == [[30, 30, 50, 55]]


def test_no_ink_no_box() -> None:
    assert np.isnan(boxes_of(strip((30, 30, 50, 55)), (25, 55), (200, 220))[1]).all()
    assert ink_mask(np.full((80, 300), 200, np.uint8), 40) is None


def test_a_line_reaches_from_ascender_to_descender_whatever_it_says() -> None:
    letters = {"x": (30, 50), "h": (20, 50), "p": (30, 59), ".": (47, 50)}
    text = "xhphxx."
    boxes = np.array([(20 * i, letters[c][0], 20 * i + 15, letters[c][1]) for i, c in enumerate(text)], np.float64)
    extent = measure_extent(text, boxes)
    assert extent is not None and extent.rows(70) == (20, 59)
    small = measure_extent("xxx", boxes[[0, 4, 5]])
    assert small is not None and small.rows(70)[0] == pytest.approx(20, abs=2) and 57 < small.rows(70)[1] < 61
    assert measure_extent("'", boxes[:1]) is None and measure_extent("...", boxes[[6, 6, 6]]) is None


def test_the_baseline_follows_the_tilt() -> None:
    boxes = np.array([(20 * i, 20 + i / 2, 20 * i + 15, 40 + i / 2) for i in range(20)], np.float64)
    extent = measure_extent("h" * 20, boxes)
    assert extent is not None and extent.slope == pytest.approx(0.025) and extent.ascent == pytest.approx(20)


def test_hangul_fills_its_line() -> None:
    extent = measure_extent("한글", np.array([(0, 20, 20, 44), (22, 20, 42, 44)], np.float64))
    assert extent is not None and extent.rows(20) == (20, 44)


def test_ink_without_a_label_is_found_and_labels_are_spared() -> None:
    image = np.full((300, 400, 3), 240, np.uint8)
    for x, y, text in ((20, 60, "labelled"), (60, 200, "stamp")):
        cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (20, 20, 20), 2)
    image[120:122, 10:390] = 20  # a rule is background
    label = from_box(15, 32, 200, 70)
    page = Page(1, 400, 300, (Block((Line("labelled", label),)),))
    regions = unlabelled_regions(image, page)
    assert regions and all(any(contains(region, spot) for region in regions) for spot in ((70, 190), (140, 190)))
    assert not any(contains(region, spot) for region in regions for spot in ((100, 50), (200, 121), (350, 250)))
    assert unlabelled_regions(image, page, [from_box(50, 170, 200, 215)]) == []


def test_rectangles_cover_each_cell_once() -> None:
    grid = np.random.default_rng(1).random((7, 9)) < 0.5
    count = np.zeros_like(grid, int)
    for left, top, right, bottom in rectangles(grid):
        count[top:bottom, left:right] += 1
    assert (count == grid).all()
