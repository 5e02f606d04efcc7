"""Foreign line outlines as our four corners: clockwise from the top left of the text, along the reading direction."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ocr.polygon import FloatArray, Polygon, as_polygon, bounds, from_box, rotated_rectangle, transform

MAX_KEPT_CORNER_ERROR = 15.0
"""Degrees by which the top side of a given four-cornered outline may differ from the baseline and still be kept."""

MIN_TILT_RATIO = 3.0
"""How many times longer than high an outline without baseline must be for its slope to be believed."""


def text_quad(outline: ArrayLike, baseline: ArrayLike | None = None) -> Polygon:
    """The four corners of a line, word or character from an outline of any number of points in any order.

    A clockwise quadrilateral whose first side follows the baseline is kept as it is. Anything else becomes the smallest
    rectangle along the baseline (first point to last, fitted); without one the text is taken to run from left to
    right, tilted by up to 45 degrees if the outline is long. Raises ValueError for less than two points.
    """
    points = np.asarray(outline, dtype=np.float64).reshape(-1, 2)  # (N, 2)
    if len(points) < 2 or not np.isfinite(points).all():
        raise ValueError(f"an outline of {len(points)} finite points; at least 2 are needed")
    direction = _direction(np.asarray(baseline, dtype=np.float64).reshape(-1, 2)) if baseline is not None else None
    if len(points) == 4 and _is_reading_quad(points, direction):
        return as_polygon(points)
    angle = direction if direction is not None else _tilt(points)
    along = _rotation(-angle)
    return as_polygon(transform(from_box(*bounds(transform(points, along))), _rotation(angle)))


def _is_reading_quad(points: FloatArray, direction: float | None) -> bool:
    x, y = points[:, 0], points[:, 1]
    clockwise = np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)) > 0  # y points down
    (ax, ay), (bx, by) = points[:2]
    if not clockwise or (ax, ay) == (bx, by):
        return False
    top = math.atan2(by - ay, bx - ax)
    if direction is None:
        return True
    return abs(math.remainder(top - direction, 2 * math.pi)) <= math.radians(MAX_KEPT_CORNER_ERROR)


def _direction(baseline: FloatArray) -> float | None:
    """Angle in radians of a straight line fitted to the baseline, pointing from its first to its last point."""
    run = baseline[-1] - baseline[0]
    if not run.any():
        return None
    if len(baseline) > 2:
        main = np.linalg.svd(baseline - baseline.mean(axis=0))[2][0]
        run = main if np.dot(main, run) >= 0 else -main
    return math.atan2(run[1], run[0])


def _tilt(points: FloatArray) -> float:
    """Angle in radians of the long side of the smallest rectangle, 0 if it is short or steeper than 45 degrees."""
    a, b, c, _ = rotated_rectangle(points)
    first, second = b - a, c - b
    long, short = (first, second) if np.linalg.norm(first) >= np.linalg.norm(second) else (second, first)
    if np.linalg.norm(long) < MIN_TILT_RATIO * np.linalg.norm(short) or abs(long[1]) > abs(long[0]):
        return 0.0
    return math.atan2(long[1], long[0]) if long[0] > 0 else math.atan2(-long[1], -long[0])


def _rotation(angle: float) -> FloatArray:
    """2x3 matrix that turns points by an angle in radians."""
    return np.array([[math.cos(angle), -math.sin(angle), 0.0], [math.sin(angle), math.cos(angle), 0.0]])
