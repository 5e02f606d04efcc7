"""Precision, recall and F1 of text boxes at an intersection over union of 0.5 (ICDAR 2015), on polygons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ocr.polygon import Polygon, area, bounds

IOU_THRESHOLD = 0.5
IGNORE_THRESHOLD = 0.5
"""A predicted box is left out if more than this share of it lies on an ``ignore`` region (ICDAR 2015)."""
RASTER_SIDE = 256
"""Non-convex polygons are compared on a grid whose longer side has this many cells."""


@dataclass
class DetectionTally:
    """Boxes summed over a set."""

    matched: int = 0
    predicted: int = 0
    labelled: int = 0

    def add(self, labelled: Sequence[Polygon], predicted: Sequence[Polygon], ignored: Sequence[Polygon] = ()) -> None:
        """Count one page. ``ignored`` are regions whose predictions are neither right nor wrong."""
        kept = [polygon for polygon in predicted if not _mostly_inside(polygon, ignored)]
        self.matched += len(match(labelled, kept))
        self.predicted += len(kept)
        self.labelled += len(labelled)

    @property
    def precision(self) -> float | None:
        return self.matched / self.predicted if self.predicted else None

    @property
    def recall(self) -> float | None:
        return self.matched / self.labelled if self.labelled else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None without labels and predictions."""
        boxes = self.predicted + self.labelled
        return 2 * self.matched / boxes if boxes else None


def match(labelled: Sequence[Polygon], predicted: Sequence[Polygon]) -> list[tuple[int, int]]:
    """One-to-one pairs (label index, prediction index) with IoU of at least 0.5, highest overlap first."""
    if not labelled or not predicted:
        return []
    a = np.array([bounds(polygon) for polygon in labelled])[:, None]  # (L, 1, 4)
    b = np.array([bounds(polygon) for polygon in predicted])[None]  # (1, P, 4)
    touching = (np.minimum(a[..., 2:], b[..., 2:]) > np.maximum(a[..., :2], b[..., :2])).all(axis=-1)
    overlaps = [(iou(labelled[i], predicted[j]), int(i), int(j)) for i, j in np.argwhere(touching)]
    pairs: list[tuple[int, int]] = []
    used_labels: set[int] = set()
    used_predictions: set[int] = set()
    for overlap, i, j in sorted(overlaps, key=lambda entry: (-entry[0], entry[1], entry[2])):
        if overlap >= IOU_THRESHOLD and i not in used_labels and j not in used_predictions:
            pairs.append((i, j))
            used_labels.add(i)
            used_predictions.add(j)
    return pairs


def iou(first: ArrayLike, second: ArrayLike) -> float:
    """Intersection over union of two simple polygons, between 0 and 1."""
    shared = intersection_area(first, second)
    union = area(first) + area(second) - shared
    return shared / union if union > 0 else 0.0


def intersection_area(first: ArrayLike, second: ArrayLike) -> float:
    """Shared area in square pixels: exact for convex polygons, on a fine grid for others (curved lines)."""
    a, b = (np.asarray(polygon, dtype=np.float32).reshape(-1, 1, 2) for polygon in (first, second))
    if cv2.isContourConvex(a) and cv2.isContourConvex(b):
        return float(cv2.intersectConvexConvex(a, b)[0])
    return _raster_intersection(a, b)


def _raster_intersection(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    corners = np.concatenate([a, b]).reshape(-1, 2)
    origin = corners.min(axis=0)
    scale = RASTER_SIDE / max(float((corners.max(axis=0) - origin).max()), 1e-6)
    covered = []
    for polygon in (a, b):
        mask = np.zeros((RASTER_SIDE + 1, RASTER_SIDE + 1), np.uint8)
        # Cell centres: fillPoly also fills the border, so half a cell is taken off at the top and left.
        cells = np.round((polygon - origin) * scale - 0.5).astype(np.int32)
        covered.append(cv2.fillPoly(mask, [cells], 1) > 0)
    return float(np.count_nonzero(np.logical_and(*covered))) / scale**2


def _mostly_inside(polygon: Polygon, regions: Sequence[Polygon]) -> bool:
    own = area(polygon)
    return own > 0 and any(intersection_area(polygon, region) > IGNORE_THRESHOLD * own for region in regions)
