"""In which directions a page's text runs, from where its characters stand; NumPy and OpenCV.

What the network says about the direction of a character is sure only near the direction it has learnt most of. Where
the characters stand tells the axis of their lines at any angle: the nearest neighbour of most characters is in their
line. Which of the two ways along the axis the text runs, a look at a small part of it both ways tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.models.end2end.neighbours import near_pairs
from ocr.models.end2end.reading_config import LookConfig
from ocr.models.end2end.spots import Spots
from ocr.polygon import FloatArray

NEAR = 1.5
"""How far the nearest neighbour in the line may be, in line heights."""

LARGER = 2.0
"""How many times as high as most a character is that has neighbours of its size alone."""

APART = 25.0
"""Degrees between two directions of text on a page: neighbours in the line above or below stand for no direction."""

SPREAD = 12.0
"""Degrees from the axis of a direction within which a neighbour speaks for it."""

STEP = 8
"""Pixels of the page a square in which blocks of text are told apart."""

BETWEEN = 1.2
"""Ground between two blocks, in line heights."""

AGREED = 0.75
"""Part of a block's characters, with those about them, that must speak for one direction to have it for all of it."""

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Groups:
    """The text of a page (height, width), ``shape``, by the axis along which its lines run.

    ``axes`` are in degrees, -90 to 90, commonest first; ``labels`` (M,) say which of them each character has.
    """

    axes: list[float]
    spots: Spots
    labels: Indices
    shape: tuple[int, ...]

    def part(self, numbers: Sequence[int]) -> Spots:
        """The characters of these groups."""
        return self.spots.take(np.isin(self.labels, numbers))

    def own(self, spots: Spots, numbers: Sequence[int]) -> Spots:
        """Those of other characters that stand where the text of these groups does."""
        return spots.take(np.isin(nearest_label(spots.centres, self.spots.centres, self.labels, self.shape), numbers))


def text_groups(spots: Spots, shape: tuple[int, ...], look: LookConfig) -> Groups:
    """The groups of a page's characters, at least one of them; a single upright one where no axis is told."""
    axes, blocks = neighbour_axes(spots), blocks_of(spots, shape)
    groups = axis_groups(axes, spots.confidence, blocks, look) or [0.0]
    return Groups(groups, spots, group_of(spots, axes, groups, blocks), shape)


def neighbour_axes(spots: Spots) -> FloatArray:
    """Axis (M,) in degrees, -90 to 90, from each character to its nearest neighbour; NaN where none is near."""
    axes = np.full(len(spots), np.nan)
    first, second = pairs_of_a_size(spots, NEAR)
    way = spots.centres[second] - spots.centres[first]
    distance = np.hypot(*way.T) / spots.heights[first]
    nearest = np.full(len(spots), NEAR)
    np.minimum.at(nearest, first, distance)
    chosen = (distance < NEAR) & (distance == nearest[first])
    axes[first[chosen]] = np.degrees(np.arctan2(way[chosen, 1], way[chosen, 0]))
    return np.asarray((axes + 90) % 180 - 90)


def pairs_of_a_size(spots: Spots, reach: float) -> tuple[Indices, Indices]:
    """Indices (K,), (K,) of pairs of characters at most ``reach`` line heights apart, and some further; those that are
    far higher than most, headings, only with each other: what is small and near them may be a part of one."""
    if len(spots) < 2:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    height = float(np.quantile(spots.heights, 0.75))
    usual, higher = np.flatnonzero(spots.heights <= LARGER * height), np.flatnonzero(spots.heights > LARGER * height)
    centres = spots.centres[usual]
    first, second = (usual[pair] for pair in near_pairs(centres, centres, reach * height))
    if len(higher):
        more = pairs_of_a_size(spots.take(higher), reach)
        first, second = (np.concatenate([few, higher[some]]) for few, some in zip((first, second), more, strict=True))
    return first, second


def axis_groups(axes: FloatArray, weights: FloatArray, blocks: Indices, look: LookConfig) -> list[float]:
    """Axes in degrees, -90 to 90, along which a part of the characters stand that is worth a look; commonest first.

    ``weights`` (M,) say how much each character counts: doubtful ones are often dots, rules or strokes of handwriting.
    Each block of text has axes of its own, blocks too small for one together.
    """
    weights = weights / max(float(weights.mean()), 1e-6) if len(weights) else weights
    small = np.bincount(blocks)[blocks] < look.group_size
    found: list[tuple[float, float]] = []
    for block in np.unique(np.where(small, -1, blocks)):
        own = small if block < 0 else blocks == block
        found += axes_of_block(axes[own], weights[own], look)
    merged: list[tuple[float, float]] = []
    for axis, weight in sorted(found, key=lambda pair: -pair[1]):
        same = [i for i, (other, _) in enumerate(merged) if abs(axis_difference(axis, other)) < SPREAD]
        if same:
            merged[same[0]] = merged[same[0]][0], merged[same[0]][1] + weight
        else:
            merged.append((axis, weight))
    least = max(look.group_size, look.group_part * len(axes))
    common = [axis for axis, weight in sorted(merged, key=lambda pair: -pair[1]) if weight >= least]
    return [centred(axes, axis) for axis in common]


def centred(axes: FloatArray, axis: float) -> float:
    """The middle in degrees of those of the axes that are near this one."""
    gaps = axis_difference(axes, axis)
    return float((axis + np.median(gaps[np.abs(gaps) < SPREAD]) + 90) % 180 - 90)


def axes_of_block(axes: FloatArray, weights: FloatArray, look: LookConfig) -> list[tuple[float, float]]:
    """Axes of a block of text, and the weight of the characters that stand along each."""
    left = np.isfinite(axes)
    found: list[tuple[float, float]] = []
    while weights[left].sum() >= look.group_size:
        histogram, _ = np.histogram(axes[left], bins=90, range=(-90, 90), weights=weights[left])
        smooth = sum(np.roll(histogram, step) for step in range(-2, 3))
        peak = -89.0 + 2 * int(np.argmax(smooth))
        near = left & (np.abs(axis_difference(axes, peak)) < SPREAD)
        if weights[near].sum() < look.group_size:
            break
        axis = centred(axes[left], peak)
        found.append((axis, float(weights[near].sum())))
        left &= np.abs(axis_difference(axes, axis)) > APART
    return found


def axis_difference(axes: FloatArray | float, other: FloatArray | float) -> FloatArray:
    """Axes minus others in degrees, -90 to 90; NaN stays."""
    return np.asarray((np.asarray(axes) - other + 90) % 180 - 90)


def difference(angles: FloatArray | float, other: FloatArray | float) -> FloatArray:
    """Angles minus others in degrees, -180 to 180."""
    return np.asarray((np.asarray(angles) - other + 180) % 360 - 180)


def group_of(spots: Spots, axes: FloatArray, groups: list[float], blocks: Indices) -> Indices:
    """Which group (M,) each character belongs to: the one that its block speaks for, if most of it does, else the one
    that most characters about it speak for."""
    if len(groups) == 1:
        return np.zeros(len(spots), np.intp)
    gaps = np.abs(axis_difference(axes[:, None], np.array(groups)))  # (M, groups)
    votes = np.where((gaps < SPREAD) & (gaps == gaps.min(axis=1, keepdims=True)), 1.0, 0.0)
    first, second = pairs_of_a_size(spots, 2 * NEAR)
    about = votes.copy()
    np.add.at(about, first, votes[second])
    labels = about.argmax(axis=1)
    counts = np.zeros((int(blocks.max()) + 1, len(groups)))
    np.add.at(counts, (blocks, labels), 1)
    agreed = counts.max(axis=1) >= AGREED * counts.sum(axis=1)
    return np.asarray(np.where(agreed[blocks], counts.argmax(axis=1)[blocks], labels))


def blocks_of(spots: Spots, shape: tuple[int, ...]) -> Indices:
    """Numbers (M,) of the blocks of a page (height, width) that the characters belong to."""
    squares = np.zeros([side // STEP + 1 for side in shape], np.uint8)
    last = np.array(squares.shape)[::-1] - 1
    reach = np.maximum(BETWEEN / 2 * spots.heights, STEP)[:, None]
    first, end = (np.clip((spots.centres + way) / STEP, 0, last).astype(np.intp) for way in (-reach, reach))
    for (left, top), (right, bottom) in zip(first.tolist(), end.tolist(), strict=True):
        squares[top : bottom + 1, left : right + 1] = 1
    _, numbers = cv2.connectedComponents(squares)
    column, row = np.clip(spots.centres / STEP, 0, last).astype(np.intp).T
    return np.asarray(numbers[row, column], np.intp)


def nearest_label(centres: FloatArray, known: FloatArray, labels: Indices, size: tuple[int, ...]) -> Indices:
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
