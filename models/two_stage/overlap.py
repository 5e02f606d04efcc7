"""Lines found twice: of two boxes that lie on each other, the one that reads better stays."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ocr.polygon import FloatArray, area

COVERED = 0.6
"""Share of the smaller box that must lie inside the larger one."""


def without_covered(quads: Sequence[FloatArray], weights: Sequence[float]) -> list[int]:
    """Indices, in order, of the boxes (4, 2) that stay.

    ``weights`` say how much each box was worth, such as its characters times their confidence; the boxes are taken from
    the most to the least worth, and one that overlaps a box already taken is left out.
    """
    boxes = np.array([[*quad.min(axis=0), *quad.max(axis=0)] for quad in quads]).reshape(-1, 4)
    areas = [area(quad) for quad in quads]
    taken: list[int] = []
    for i in sorted(range(len(quads)), key=lambda i: (-weights[i], i)):
        near = [j for j in taken if (boxes[i, :2] < boxes[j, 2:]).all() and (boxes[j, :2] < boxes[i, 2:]).all()]
        if all(_intersection(quads[i], quads[j]) <= COVERED * min(areas[i], areas[j]) for j in near):
            taken.append(i)
    return sorted(taken)


def _intersection(first: FloatArray, second: FloatArray) -> float:
    return float(cv2.intersectConvexConvex(first.astype(np.float32), second.astype(np.float32))[0])
