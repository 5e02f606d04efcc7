"""Lines found twice: of two boxes that lie on each other, the one that reads better stays."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ocr.polygon import FloatArray, areas

COVERED = 0.6
"""Share of the smaller box that must lie inside the larger one."""


def without_covered(quads: Sequence[FloatArray], weights: Sequence[float]) -> list[int]:
    """Indices, in order, of the boxes (4, 2) that stay.

    ``weights`` say how much each box was worth, such as its characters times their confidence; the boxes are taken from
    the most to the least worth, and one that overlaps a box already taken is left out.
    """
    if not quads:
        return []
    corners = np.stack(quads)  # (N, 4, 2)
    lowest, highest = corners.min(axis=1), corners.max(axis=1)
    sizes = areas(corners)
    is_taken = np.zeros(len(quads), bool)
    for i in sorted(range(len(quads)), key=lambda i: (-weights[i], i)):
        near = is_taken & ((lowest[i] < highest) & (lowest < highest[i])).all(axis=1)
        others = np.flatnonzero(near).tolist()
        if all(_intersection(quads[i], quads[j]) <= COVERED * min(sizes[i], sizes[j]) for j in others):
            is_taken[i] = True
    taken: list[int] = np.flatnonzero(is_taken).tolist()
    return taken


def _intersection(first: FloatArray, second: FloatArray) -> float:
    return float(cv2.intersectConvexConvex(first.astype(np.float32), second.astype(np.float32))[0])
