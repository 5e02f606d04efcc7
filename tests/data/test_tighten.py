"""Loose label boxes are drawn in to the ink."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ocr.data.tighten import tighten_line, tighten_page
from ocr.document import Block, Line, Page
from ocr.polygon import from_box, transform


def typed_page(underline: bool = False) -> np.ndarray:
    """Two lines of text with baselines at 100 and 140; letters reach from 24 above to 8 below."""
    image = np.full((200, 640), 235, np.uint8)
    for baseline in (100, 140):
        cv2.putText(image, "dense typescript goes here", (40, baseline), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 20, 2)
    if underline:
        image[143:147, 40:500] = 0
    return image


def rows(line: Line) -> tuple[float, float]:
    return line.polygon[0][1], line.polygon[2][1]


@pytest.mark.parametrize("underline", [False, True])
def test_a_loose_box_loses_its_white(underline: bool) -> None:
    loose = Line("dense", from_box(40, 102, 480, 158))
    top, bottom = rows(tighten_line(typed_page(underline), loose))
    assert 108 < top < 120 and 139 < bottom < 154


def test_a_strip_of_the_line_above_is_left_out() -> None:
    top, bottom = rows(tighten_line(typed_page(), Line("dense", from_box(40, 95, 480, 158))))
    assert 108 < top < 120 and 139 < bottom < 154


def test_a_tight_box_stays() -> None:
    line = Line("dense", from_box(40, 115, 480, 150))
    top, bottom = rows(tighten_line(typed_page(), line))
    assert top - 115 < 4 and 150 - bottom < 4


def test_tilted_lines_keep_their_direction() -> None:
    matrix = np.asarray(cv2.getRotationMatrix2D((320, 100), 5, 1), np.float64)
    image = cv2.warpAffine(typed_page(), matrix, (640, 200), borderValue=235)
    loose = transform(from_box(40, 102, 480, 158), matrix)
    tight = np.asarray(tighten_line(np.asarray(image, np.uint8), Line("dense", tuple(map(tuple, loose)))).polygon)
    along = tight[1] - tight[0]
    assert np.degrees(np.arctan2(along[1], along[0])) == pytest.approx(-5, abs=0.1)
    assert np.linalg.norm(tight[3] - tight[0]) < 45


def test_blank_and_ignored_boxes_stay() -> None:
    blank, ignored = Line("x", from_box(0, 0, 60, 50)), Line("x", from_box(40, 102, 480, 158), ignore=True)
    page = Page(1, 640, 200, (Block((blank, ignored)),))
    assert tighten_page(cv2.cvtColor(typed_page(), cv2.COLOR_GRAY2RGB).astype(np.uint8), page) == page
