"""Which way a page is turned and how far it lies askew, by the lines that were read on it.

A reader finds text in any direction, and each line's polygon begins at the top left of its text: so the lines vote.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ocr.document import Line
from ocr.polygon import FloatArray

FEW_CHARACTERS = 12
"""A page with fewer says nothing about its orientation."""


def orientation(lines: Iterable[Line]) -> tuple[int, float]:
    """How far the page is turned clockwise (0, 90, 180 or 270 degrees), and how sure that is, in [0, 1].

    Characters vote by their confidence; sure is 0 where half of them disagree or there are few, 1 where all agree.
    """
    lines = list(lines)
    votes = np.zeros(4)
    for line, angle in zip(lines, angles_of(lines), strict=True):
        votes[round(angle / 90) % 4] += len(line.text) * line.confidence
    total, best = float(votes.sum()), int(votes.argmax())
    if sum(len(line.text) for line in lines) < FEW_CHARACTERS:
        return 0, 0.0
    return 90 * best, max(0.0, 2 * float(votes[best]) / total - 1)


def skew(lines: Iterable[Line]) -> float:
    """Degrees in [-45, 45] by which the page lies askew, clockwise: the median of its lines, longer ones weighing more.

    It is measured against the nearest side of the page, and 0 where there are no lines.
    """
    lines = list(lines)
    if not lines:
        return 0.0
    angles = (angles_of(lines) + 45) % 90 - 45
    order = np.argsort(angles)
    weights = np.cumsum(np.hypot(*alongs_of(lines).T)[order])
    return float(angles[order][np.searchsorted(weights, weights[-1] / 2)])


def angles_of(lines: list[Line]) -> FloatArray:
    """Directions (N,) of the lines in degrees, clockwise from a line that runs to the right."""
    x, y = alongs_of(lines).T
    return np.degrees(np.arctan2(y, x))


def alongs_of(lines: list[Line]) -> FloatArray:
    """Ways along the text (N, 2) in pixels."""
    return np.array([np.subtract(line.polygon[1], line.polygon[0]) for line in lines], np.float64).reshape(-1, 2)
