"""Polygons in pixels of the displayed image: x to the right, y down, origin at the top left corner.

A polygon is an ``(N, 2)`` float array of four or more points, clockwise from the top left *of the text* (so a line that
is printed upside down starts at its bottom right in the image). Documents hold polygons as tuples (:data:`Polygon`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Polygon = tuple[tuple[float, float], ...]
FloatArray = NDArray[np.float64]


def as_polygon(points: ArrayLike, digits: int = 2) -> Polygon:
    """Points ``(N, 2)`` as a tuple of pairs, rounded to ``digits`` decimals so that JSON stays short."""
    array = np.asarray(points, dtype=np.float64).reshape(-1, 2).round(digits)
    return tuple((float(x), float(y)) for x, y in array)


def as_polygons(points: ArrayLike, digits: int = 2) -> list[Polygon]:
    """Polygons of as many points each, ``(N, K, 2)``, as :func:`as_polygon` gives them; quicker than one by one."""
    array = np.asarray(points, dtype=np.float64).round(digits)
    numbers = iter(array.ravel().tolist())
    corners = zip(numbers, numbers, strict=True)
    return list(zip(*[corners] * array.shape[1], strict=True))  # as many in turn from one and the same iterator


def from_box(left: float, top: float, right: float, bottom: float) -> Polygon:
    """The upright rectangle with these sides."""
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def bounds(polygon: ArrayLike) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the upright box around the polygon."""
    points = np.asarray(polygon, dtype=np.float64)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def area(polygon: ArrayLike) -> float:
    """Area in square pixels, never negative (shoelace formula)."""
    points = np.asarray(polygon, dtype=np.float64)
    x, y = points[:, 0], points[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def areas(polygons: ArrayLike) -> FloatArray:
    """Areas ``(N,)`` of polygons ``(N, K, 2)``, see :func:`area`."""
    x, y = np.moveaxis(np.asarray(polygons, dtype=np.float64), -1, 0)
    crossed = x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)
    twice: FloatArray = np.abs(crossed.sum(axis=1))
    return twice / 2


def centre(polygon: ArrayLike) -> tuple[float, float]:
    """Mean of the corners."""
    x, y = np.asarray(polygon, dtype=np.float64).mean(axis=0)
    return float(x), float(y)


def contains(polygon: ArrayLike, point: tuple[float, float]) -> bool:
    """Whether the point lies inside the polygon or on its border."""
    contour = np.asarray(polygon, dtype=np.float32).reshape(-1, 1, 2)
    return cv2.pointPolygonTest(contour, point, False) >= 0


def transform(polygon: ArrayLike, matrix: NDArray[np.floating]) -> FloatArray:
    """Points ``(N, 2)`` through a 2x3 affine or a 3x3 perspective matrix."""
    points = np.asarray(polygon, dtype=np.float64).reshape(-1, 2)
    projected = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ np.asarray(matrix, dtype=np.float64).T
    return projected[:, :2] / projected[:, 2:] if projected.shape[1] == 3 else projected


def rotated_rectangle(points: ArrayLike) -> FloatArray:
    """Corners ``(4, 2)`` of the smallest rectangle around the points, clockwise from the one nearest the top left."""
    corners = cv2.boxPoints(cv2.minAreaRect(np.asarray(points, dtype=np.float32).reshape(-1, 1, 2))).astype(np.float64)
    return np.roll(corners, -int(corners.sum(axis=1).argmin()), axis=0)


def text_corners(polygon: ArrayLike) -> FloatArray:
    """Four corners ``(4, 2)`` of a polygon with any number of points, from the top left of its text."""
    points = np.asarray(polygon, dtype=np.float64)
    if len(points) == 4:
        return points
    half = len(points) // 2  # the first half runs along the top, the second back along the bottom
    return points[[0, half - 1, half, -1]]


def side_lengths(quad: ArrayLike) -> tuple[float, float]:
    """Width along the text and height across it, in pixels, of a four-cornered polygon (means of opposite sides)."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = np.asarray(quad, dtype=np.float64).tolist()  # quicker than four norms
    width = math.sqrt((bx - ax) ** 2 + (by - ay) ** 2) + math.sqrt((cx - dx) ** 2 + (cy - dy) ** 2)
    height = math.sqrt((dx - ax) ** 2 + (dy - ay) ** 2) + math.sqrt((cx - bx) ** 2 + (cy - by) ** 2)
    return width / 2, height / 2


def all_side_lengths(quads: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Widths and heights ``(N,)`` of quadrilaterals ``(N, 4, 2)``, see :func:`side_lengths`."""
    corners = np.asarray(quads, dtype=np.float64).reshape(-1, 4, 2)
    ab, bc, cd, da = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2).T
    return (ab + cd) / 2, (da + bc) / 2


def slice_quad(quad: ArrayLike, start: float, stop: float) -> FloatArray:
    """The part ``(4, 2)`` of a quadrilateral between two fractions (0 to 1) of its way along the text."""
    a, b, c, d = np.asarray(quad, dtype=np.float64)
    return np.stack([a + (b - a) * start, a + (b - a) * stop, d + (c - d) * stop, d + (c - d) * start])


def slice_quads(quad: ArrayLike, spans: ArrayLike) -> FloatArray:
    """The parts ``(N, 4, 2)`` of a quadrilateral between pairs ``(N, 2)`` of fractions, see :func:`slice_quad`."""
    a, b, c, d = np.asarray(quad, dtype=np.float64)
    places = np.asarray(spans, dtype=np.float64)[:, :, None]  # (N, 2, 1)
    top, bottom = a + (b - a) * places, d + (c - d) * places  # (N, 2, 2)
    return np.concatenate([top, bottom[:, ::-1]], axis=1)


def union(polygons: Sequence[ArrayLike]) -> Polygon:
    """The smallest rotated rectangle around several polygons, in the direction of the first one."""
    first = np.asarray(polygons[0], dtype=np.float64)
    along = first[1] - first[0]
    angle = float(np.arctan2(along[1], along[0]))
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = np.concatenate([np.asarray(p, dtype=np.float64) for p in polygons]) @ rotation.T
    left, top, right, bottom = bounds(points)
    return as_polygon(np.asarray(from_box(left, top, right, bottom)) @ rotation)


def total_bounds(polygons: Iterable[ArrayLike]) -> tuple[float, float, float, float]:
    """Upright box around several polygons."""
    return bounds(np.concatenate([np.asarray(p, dtype=np.float64) for p in polygons]))
