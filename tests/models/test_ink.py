"""What a look at a page leaves unread."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.models.end2end.ink import box_of, ink_squares, unread_squares
from ocr.models.end2end.spots import Spots

PAGE = (320, 480)


def page_of(*boxes: tuple[int, int, int, int], ink: int = 0) -> NDArray[np.uint8]:
    """A white page with outlines of boxes (left, top, right, bottom)."""
    page = np.full(PAGE, 255, np.uint8)
    for left, top, right, bottom in boxes:
        cv2.rectangle(page, (left, top), (right, bottom), ink, 2)
    return page


def spots_at(*places: tuple[float, float], height: float = 20.0) -> Spots:
    count = len(places)
    ones, ahead = np.ones(count), np.tile([1.0, 0.0], (count, 1))
    return Spots(
        np.array(places, np.float64).reshape(-1, 2), height * ones, 9 * ones, ahead, ahead, np.ones((count, 3)) / 3,
        ones, ones, np.ones((count, 3), np.int64), np.ones((count, 1, 3), np.int64), np.zeros((count, 1)),
        np.zeros((count, 4), np.float32),
    )  # fmt: skip


@pytest.mark.parametrize("ink", [0, 235])
@pytest.mark.parametrize("scale", [1.0, 0.7, 1.6])
def test_squares_have_ink_where_something_is_printed_however_faintly(ink: int, scale: float) -> None:
    squares = ink_squares(page_of((100, 60, 130, 90), ink=ink), scale)
    assert squares.shape == (int(np.ceil(320 * scale / 16)), int(np.ceil(480 * scale / 16)))
    rows, columns = np.nonzero(squares)
    assert (columns.min() + 1) * 16 / scale > 90 and columns.max() * 16 / scale < 140
    assert (rows.min() + 1) * 16 / scale > 50 and rows.max() * 16 / scale < 100


def test_smooth_shades_are_no_ink() -> None:
    shaded = np.tile(np.linspace(120, 250, PAGE[1]), (PAGE[0], 1)).astype(np.uint8)
    assert not ink_squares(shaded, 1.0).any()
    assert not ink_squares(np.full((1, 1), 255, np.uint8), 2.5).any()


def test_what_is_read_and_what_is_small_is_left_and_what_is_large_is_not() -> None:
    letter, large = (103, 70, 107, 74), (200, 60, 280, 200)
    squares = ink_squares(page_of(letter, large), 1.0)
    unread = unread_squares(squares, spots_at((105.0, 72.0)), 48.0)
    assert unread[:, 200 // 16 : 288 // 16].any() and not unread[:, : 190 // 16].any()
    assert not unread_squares(squares[:, : 190 // 16], spots_at(), 48.0).any(), "too small for a second look"
    assert not unread_squares(squares, spots_at((105.0, 72.0), (240.0, 130.0), height=150.0), 48.0).any()


def test_a_box_holds_its_squares_and_stays_on_the_page() -> None:
    squares = np.zeros((20, 30), np.bool_)
    squares[5:8, 10:12] = True
    assert box_of(squares, 1.0, PAGE) == (160 - 24, 80 - 24, 192 + 24, 128 + 24)
    assert box_of(squares, 2.0, PAGE) == (80 - 12, 40 - 12, 96 + 12, 64 + 12)
    squares[-1, -1] = squares[0, 0] = True
    assert box_of(squares, 1.0, PAGE) == (0, 0, 480, 320)
