"""Ink on a labelled page that no label accounts for: handwriting, stamps, pictures.

A network that learns to find characters must not take it for background.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.data.character_ink import ink_mask
from ocr.document import Page
from ocr.polygon import Polygon, from_box, side_lengths

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

LETTER = 0.3
"""Blobs at least so large, in line heights, may be letters; smaller ones are dirt, which is background."""

RULE = (4.0, 0.25)
"""Blobs longer and thinner than this, in line heights, are rules, which are background."""

NEAR = 0.3
"""Ink so near to a label, in line heights, is taken for its own."""


def unlabelled_regions(image: Image, page: Page, known: Sequence[Polygon] = ()) -> list[Polygon]:
    """Upright boxes over the ink (H, W, 3) that lies outside all lines of the page and all ``known`` polygons.

    No box touches a line of the page. None without lines, whose height tells what may be a letter.
    """
    heights = [min(side_lengths(np.asarray(line.polygon)[[0, 1, -2, -1]])) for line in page.lines]
    if not heights:
        return []
    height = max(4.0, float(np.median(heights)))
    ink = ink_mask(np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8), height)
    if ink is None:
        return []
    labels = drawn([line.polygon for line in page.lines], ink.shape, NEAR * height)
    foreign = letters(ink & ~labels & ~drawn(known, ink.shape, NEAR * height), height)
    cell = max(2, round(height / 2))
    near = cv2.dilate(_coarse(foreign, cell).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    free = near & ~_coarse(drawn([line.polygon for line in page.lines], ink.shape, 0.0), cell)
    return [_box(spot, cell, page) for spot in rectangles(free)]


def drawn(polygons: Sequence[Polygon], shape: tuple[int, ...], margin: float) -> Mask:
    """The pixels of these polygons and of a margin around them."""
    mask = np.zeros(shape, np.uint8)
    for polygon in polygons:  # one by one: where two of a call overlap, OpenCV leaves a hole
        cv2.fillPoly(mask, [np.rint(np.asarray(polygon)).astype(np.int32)], 1)
    reach = 2 * round(margin) + 1
    return np.asarray(cv2.dilate(mask, np.ones((reach, reach), np.uint8)) > 0)


def letters(ink: Mask, height: float) -> Mask:
    """Only the blobs that are neither specks nor rules."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    long, short = stats[:, 2:4].max(axis=1), stats[:, 2:4].min(axis=1)
    kept = (long >= LETTER * height) & ~((long > RULE[0] * height) & (short < RULE[1] * height))
    kept[0] = False
    return np.asarray(kept[labels])


def rectangles(grid: Mask) -> list[tuple[int, int, int, int]]:
    """Left, top, right, bottom of rectangles that cover the set cells of a grid (R, C), each cell once."""
    open_runs: dict[tuple[int, int], int] = {}
    found = []
    for row in range(len(grid) + 1):
        line = grid[row].astype(np.int8) if row < len(grid) else np.zeros(grid.shape[1], np.int8)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], line, [0]]))).tolist()
        runs = set(zip(edges[::2], edges[1::2], strict=True))
        for run in sorted(set(open_runs) - runs):
            found.append((run[0], open_runs.pop(run), run[1], row))
        for run in runs:
            open_runs.setdefault(run, row)
    return found


def _coarse(mask: Mask, cell: int) -> Mask:
    """Whether any pixel of each square of ``cell`` pixels is set."""
    height, width = mask.shape
    padded = np.pad(mask, ((0, -height % cell), (0, -width % cell)))
    blocks = padded.reshape(padded.shape[0] // cell, cell, padded.shape[1] // cell, cell)
    return np.asarray(blocks.any(axis=(1, 3)))


def _box(spot: tuple[int, int, int, int], cell: int, page: Page) -> Polygon:
    left, top, right, bottom = (side * cell for side in spot)
    return from_box(left, top, min(right, page.width), min(bottom, page.height))
