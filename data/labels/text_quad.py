"""Foreign line outlines as our four corners: clockwise from the top left of the text, along the reading direction."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import ArrayLike

from ocr.polygon import FloatArray, Polygon, as_polygon, bounds, from_box, rotated_rectangle, transform

MAX_KEPT_CORNER_ERROR = 15.0
"""Degrees by which the top side of a given four-cornered outline may differ from the baseline and still be kept."""

MIN_TILT_RATIO = 3.0
"""How many times longer than high an outline without baseline must be for its slope to be believed."""


def text_quad(outline: ArrayLike, baseline: ArrayLike | None = None, *, starts_at_text: bool = False) -> Polygon:
    """The four corners of a line, word or character from an outline of any number of points in any order.

    A convex quadrilateral keeps its corners, beginning with the side that runs along the baseline (without one: to the
    right), or with its own first corner if the format says that it ``starts_at_text``. Anything else becomes the
    smallest rectangle along the baseline (first point to last, fitted); without one the text is taken to run to the
    right, tilted by up to 45 degrees if the outline is long. Raises ValueError for less than two points.
    """
    points = np.asarray(outline, dtype=np.float64).reshape(-1, 2)  # (N, 2)
    if len(points) < 2 or not np.isfinite(points).all():
        raise ValueError(f"an outline of {len(points)} finite points; at least 2 are needed")
    direction = _direction(np.asarray(baseline, dtype=np.float64).reshape(-1, 2)) if baseline is not None else None
    quad = _clockwise_quad(points)
    if quad is not None and starts_at_text:
        return as_polygon(quad)
    if quad is not None:
        quad, error = _start_along(quad, direction or 0.0)
        if direction is None or error <= MAX_KEPT_CORNER_ERROR:
            return as_polygon(quad)
    angle = direction if direction is not None else _tilt(points)
    along = _rotation(-angle)
    return as_polygon(transform(from_box(*bounds(transform(points, along))), _rotation(angle)))


def _clockwise_quad(points: FloatArray) -> FloatArray | None:
    """Four convex corners clockwise with the same first one; None for any other outline."""
    if len(points) != 4 or not cv2.isContourConvex(points.astype(np.float32).reshape(-1, 1, 2)):
        return None
    x, y = points[:, 0], points[:, 1]
    clockwise = np.dot(x, np.roll(y, -1)) > np.dot(y, np.roll(x, -1))  # y points down
    return points if clockwise else points[[0, 3, 2, 1]]


def _start_along(quad: FloatArray, direction: float) -> tuple[FloatArray, float]:
    """The corners rolled so that the first side runs along the direction, and by how many degrees it differs."""
    sides = np.roll(quad, -1, axis=0) - quad
    errors = [abs(math.remainder(math.atan2(y, x) - direction, 2 * math.pi)) for x, y in sides.tolist()]
    first = int(np.argmin(errors))
    return np.roll(quad, -first, axis=0), math.degrees(errors[first])


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
