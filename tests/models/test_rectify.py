"""Cutting lines out of pages: what stands in a quadrilateral comes out straight."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ocr.models.two_stage.rectify import ShrunkPage, line_image, same_way, to_height, turned, widen
from ocr.polygon import side_lengths, transform


def page_with_mark() -> np.ndarray:
    """White page with a black line whose left third alone is dark."""
    page = np.full((400, 600), 255, np.uint8)
    page[180:220, 200:260] = 0
    return page


QUAD = np.array([(200, 180), (380, 180), (380, 220), (200, 220)], np.float64)


@pytest.mark.parametrize("angle", [0, 17, 90, 180, 233])
def test_a_turned_line_comes_out_straight(angle: int) -> None:
    matrix = cv2.getRotationMatrix2D((300, 200), angle, 1.0)
    page = cv2.warpAffine(page_with_mark(), matrix, (600, 400), borderValue=255)
    image = line_image(ShrunkPage(page), transform(QUAD, matrix), 32)
    assert image.shape == (32, 144)
    assert image[6:-6, 4:40].mean() < 30
    assert image[6:-6, 56:].mean() > 225


def test_upside_down_is_the_half_turn() -> None:
    page = ShrunkPage(page_with_mark())
    upright, flipped = line_image(page, QUAD, 32), line_image(page, turned(QUAD), 32)
    assert np.abs(upright[::-1, ::-1].astype(int) - flipped).mean() < 8


def test_large_print_is_averaged() -> None:
    page = np.tile(np.array([[0, 255], [255, 0]], np.uint8), (400, 400))
    image = line_image(ShrunkPage(page), np.array([(0, 0), (800, 0), (800, 320), (0, 320)], np.float64), 32)
    assert np.ptp(image[4:-4, 4:-4]) < 40


def test_widen_grows_by_line_heights() -> None:
    grown = widen(QUAD, 0.1, 0.25)
    assert side_lengths(grown) == pytest.approx((180 + 2 * 10, 40 + 2 * 4))


def test_line_crops_keep_their_aspect() -> None:
    assert to_height(np.zeros((64, 200), np.uint8), 32).shape == (32, 100)
    assert to_height(np.zeros((50, 2), np.uint8), 32).shape == (32, 8)


def test_lines_of_a_lying_page_run_the_same_way() -> None:
    down = np.array([(50, 0), (52, 300), (12, 300), (10, 0)], np.float64)  # straight down, a little to the right
    up = turned(np.add(down, (60, 0)))
    across = QUAD
    assert [q[0].tolist() for q in same_way([down, up, across])] == [[50, 0], [110, 0], [200, 180]]
    assert same_way([]) == []
