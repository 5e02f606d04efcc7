"""In which directions a page's text runs, from where its characters stand; NumPy and OpenCV.

What the network says about the direction of a character is sure only near the direction it has learnt most of. Where
the characters stand tells the axis of their lines at any angle: the nearest neighbour of most characters is in their
line. Which of the two ways along the axis the text runs, a look at a small part of it both ways tells.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.models.end2end.neighbours import near_pairs
from ocr.models.end2end.reading_config import LookConfig
from ocr.models.end2end.spots import Spots
from ocr.polygon import FloatArray

NEAR = 1.5
"""How far the nearest neighbour in the line may be, in line heights."""

APART = 25.0
"""Degrees between two directions of text on a page: neighbours in the line above or below stand for no direction."""

SPREAD = 12.0
"""Degrees from the axis of a direction within which a neighbour speaks for it."""

Indices = NDArray[np.intp]


def neighbour_axes(spots: Spots) -> FloatArray:
    """Axis (M,) in degrees, -90 to 90, from each character to its nearest neighbour; NaN where none is near."""
    axes = np.full(len(spots), np.nan)
    if len(spots) < 2:
        return axes
    first, second = near_pairs(spots.centres, spots.centres, NEAR * float(np.quantile(spots.heights, 0.75)))
    way = spots.centres[second] - spots.centres[first]
    distance = np.hypot(*way.T) / spots.heights[first]
    nearest = np.full(len(spots), NEAR)
    np.minimum.at(nearest, first, distance)
    chosen = (distance < NEAR) & (distance == nearest[first])
    axes[first[chosen]] = np.degrees(np.arctan2(way[chosen, 1], way[chosen, 0]))
    return np.asarray((axes + 90) % 180 - 90)


def axis_groups(axes: FloatArray, weights: FloatArray, look: LookConfig) -> list[float]:
    """Axes in degrees, -90 to 90, along which a part of the characters stand that is worth a look; commonest first.

    ``weights`` (M,) say how much each character counts: doubtful ones are often dots, rules or strokes of handwriting.
    """
    left = np.isfinite(axes)
    weights = weights / max(float(weights.mean()), 1e-6) if len(weights) else weights
    least = max(look.group_size, look.group_part * len(axes))
    groups: list[float] = []
    while weights[left].sum() >= least:
        histogram, _ = np.histogram(axes[left], bins=90, range=(-90, 90), weights=weights[left])
        smooth = sum(np.roll(histogram, step) for step in range(-2, 3))
        peak = -89.0 + 2 * int(np.argmax(smooth))
        near = left & (np.abs(axis_difference(axes, peak)) < SPREAD)
        if weights[near].sum() < least:
            break
        groups.append(float((peak + np.median(axis_difference(axes[near], peak)) + 90) % 180 - 90))
        left &= np.abs(axis_difference(axes, groups[-1])) > APART
    return groups


def axis_difference(axes: FloatArray, other: FloatArray | float) -> FloatArray:
    """Axes minus others in degrees, -90 to 90; NaN stays."""
    return np.asarray((axes - other + 90) % 180 - 90)


def difference(angles: FloatArray | float, other: FloatArray | float) -> FloatArray:
    """Angles minus others in degrees, -180 to 180."""
    return np.asarray((np.asarray(angles) - other + 180) % 360 - 180)


def group_of(spots: Spots, axes: FloatArray, groups: list[float]) -> Indices:
    """Which group (M,) each character belongs to: the one that most characters about it speak for."""
    if len(groups) == 1:
        return np.zeros(len(spots), np.intp)
    gaps = np.abs(axis_difference(axes[:, None], np.array(groups)))  # (M, groups)
    votes = np.where(gaps < SPREAD, 1.0, 0.0)
    first, second = near_pairs(spots.centres, spots.centres, 2 * NEAR * float(np.quantile(spots.heights, 0.75)))
    about = votes.copy()
    np.add.at(about, first, votes[second])
    return np.asarray(about.argmax(axis=1))


def nearest_label(centres: FloatArray, known: FloatArray, labels: Indices, size: tuple[int, int]) -> Indices:
    """The label (K,) of the known point that is nearest to each of the centres (K, 2), on a grid of 8 px."""
    step = 8
    shape = size[0] // step + 1, size[1] // step + 1
    free = np.ones(shape, np.uint8)
    grid = np.zeros(shape, np.intp)
    column, row = (np.clip(known / step, 0, np.array(shape)[::-1] - 1)).astype(np.intp).T
    free[row, column], grid[row, column] = 0, labels
    _, nearest = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    of_zone = np.zeros(int(nearest.max()) + 1, np.intp)
    of_zone[nearest[row, column]] = grid[row, column]
    column, row = (np.clip(centres / step, 0, np.array(shape)[::-1] - 1)).astype(np.intp).T
    return np.asarray(of_zone[nearest[row, column]])


def densest_window(centres: FloatArray, side: float) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the square of this side, of a coarse grid, that holds most of the centres (K, 2)."""
    corners = np.floor(centres / (side / 2)).astype(np.int64)
    squares, counts = np.unique(corners, axis=0, return_counts=True)
    left, top = squares[counts.argmax()] * (side / 2) - side / 4
    return int(left), int(top), int(left + side), int(top + side)
