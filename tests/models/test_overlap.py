"""Boxes that lie on each other: the better reading stays."""

from __future__ import annotations

import numpy as np

from ocr.models.two_stage.overlap import without_covered
from ocr.polygon import FloatArray, from_box


def boxes(*sides: tuple[float, float, float, float]) -> list[FloatArray]:
    return [np.array(from_box(*box), np.float64) for box in sides]


def test_a_piece_of_a_line_goes() -> None:
    assert without_covered(boxes((40, 2, 70, 30), (0, 0, 200, 30)), [2.0, 20.0]) == [1]


def test_two_lines_beat_the_box_around_both() -> None:
    quads = boxes((0, 0, 200, 60), (0, 0, 200, 30), (0, 30, 200, 60))
    assert without_covered(quads, [3.0, 20.0, 18.0]) == [1, 2]


def test_neighbours_that_touch_stay() -> None:
    assert without_covered(boxes((0, 0, 100, 32), (0, 28, 100, 60), (98, 0, 200, 32)), [9, 9, 9]) == [0, 1, 2]


def test_no_boxes() -> None:
    assert without_covered([], []) == []
