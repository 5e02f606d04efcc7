"""Characters that stand alone beside the lines that were found: the 1 of a quantity, the colon of a column; OpenCV.

To the detector a lone 1 or colon is a stroke like those of rules and frames, and it misses most of them. Here ink of a
character's size with ground all around it is cut out as a line by itself; what it is, if anything, the recognizer says.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.models.two_stage.rectify import GreyImage, widen_all
from ocr.polygon import FloatArray, all_side_lengths, from_box

LINE_HEIGHT = 24.0
"""Line height in pixels at which ink is looked for."""

CONTRAST = 14
"""How much darker than the mean around it ink is."""

LEVEL = 0.12
"""Largest slope of the lines beside which characters are looked for, as a tangent."""

HEIGHTS = (0.3, 0.95)
"""Least and largest height of a character's ink, in heights of the nearest line,"""

WIDEST = 0.9
"""its largest width,"""

BESIDE_LINES = round(0.1 * LINE_HEIGHT)
"""the ground in pixels between it and lines that were found,"""

SIDES = 0.15
"""how much wider at each end those lines are than their text, in their heights,"""

BESIDE_INK = round(0.6 * LINE_HEIGHT)
"""and between it and other ink: two digits side by side are no lone ones,"""

REACH = 25.0
"""and how far from it the nearest line of its row may be."""

BASELINE = 0.77
"""Where the baseline lies in a line's box."""

LARGER = 2.0
"""How many times as high as most lines of the page a character's line may be."""

SPECK = 3
"""Least ink of a part of a character in pixels."""

STACKED = 0.75 * LINE_HEIGHT
"""Largest height in pixels of what parts above each other make up."""

STROKES = "Il"
"""Letters that a piece of a rule looks like as well."""

MOST = 200
"""More pieces of ink than this are specks, and none of them is a character."""


def lone_boxes(grey: GreyImage, quads: Sequence[FloatArray]) -> list[FloatArray]:
    """Boxes (4, 2) of lines for the characters that stand alone on a page (H, W), besides those of ``quads`` (4, 2)."""
    if not len(quads):
        return []
    lines = np.stack(quads)
    widths, heights = all_side_lengths(lines)
    along = lines[:, 1] - lines[:, 0]
    if (np.abs(along[:, 1]) > LEVEL * along[:, 0])[widths > 3 * heights].any():
        return []
    scale = min(1.0, LINE_HEIGHT / float(np.median(heights)))
    pieces = ink_pieces(grey, lines, scale)
    if len(pieces) > MOST:
        return []
    return [box for piece in pieces / scale if (box := line_box(piece, lines, heights)) is not None]


def is_lone_character(text: str) -> bool:
    """Whether a piece of ink that was read so is one: a letter, digit or colon, but no mere stroke."""
    return len(text) == 1 and (text.isalnum() or text == ":") and text not in STROKES


def ink_pieces(grey: GreyImage, lines: FloatArray, scale: float) -> FloatArray:
    """Left, top, right and bottom (K, 4) of ink of a character's size with ground beside it, and no part of ``lines``
    (N, 4, 2); on the page resized by ``scale``."""
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    page = grey if scale == 1 else np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    block = 2 * round(LINE_HEIGHT) + 1
    ink = cv2.adaptiveThreshold(page, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, CONTRAST)
    covered = np.zeros(page.shape, np.uint8)
    text = widen_all(lines, 0.0, -SIDES)
    cv2.fillPoly(covered, list(np.round(text * scale).astype(np.int32)), 1)
    open_ink = ink & (1 - covered)
    _, _, statistics, _ = cv2.connectedComponentsWithStats(open_ink)
    statistics = statistics[1:]
    widths, heights, areas = (statistics[:, i] for i in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    alike = (
        (widths <= WIDEST * LARGER * LINE_HEIGHT) & (heights <= HEIGHTS[1] * LARGER * LINE_HEIGHT) & (areas >= SPECK)
    )
    boxes = statistics[alike, :4].astype(np.int64)
    boxes[:, 2:] += boxes[:, :2]
    boxes = boxes[stands_free(boxes, ink | covered, BESIDE_LINES) & stands_free(boxes, open_ink, BESIDE_INK)]
    return np.reshape(whole_characters(boxes[np.argsort(boxes[:, 1], kind="stable")].tolist()), (-1, 4))


def stands_free(boxes: NDArray[np.int64], taken: GreyImage, ground: int) -> NDArray[np.bool_]:
    """Which boxes (K, 4) have so many pixels at both sides of them where nothing is ``taken`` (H, W)."""
    sums = cv2.integral(taken)
    left, right = np.maximum(boxes[:, 0] - ground, 0), np.minimum(boxes[:, 2] + ground, taken.shape[1])
    own, around = (
        sums[boxes[:, 3], b] - sums[boxes[:, 1], b] - sums[boxes[:, 3], a] + sums[boxes[:, 1], a]
        for a, b in ((boxes[:, 0], boxes[:, 2]), (left, right))
    )
    return np.asarray(own == around)


def whole_characters(boxes: list[list[int]]) -> list[list[float]]:
    """Boxes, from the top down, with the two dots of a colon and the parts of a broken character as one."""
    whole: list[list[float]] = []
    for left, top, right, bottom in boxes:
        above = part_above(left, right, bottom, whole)
        if above is None:
            whole.append([left, top, right, bottom])
        else:
            above[:] = min(left, above[0]), above[1], max(right, above[2]), max(bottom, above[3])
    return whole


def part_above(left: int, right: int, bottom: int, parts: list[list[float]]) -> list[float] | None:
    """The last of the parts, from the top down, that a piece below it makes one character with."""
    for part in reversed(parts):
        if bottom - part[1] > STACKED:  # those before it lie higher still
            return None
        if part[0] < right and left < part[2]:
            return part
    return None


def line_box(piece: FloatArray, lines: FloatArray, heights: FloatArray) -> FloatArray | None:
    """The box (4, 2) of a line that a piece of ink would stand in, if it has a character's size."""
    left, top, right, bottom = piece
    middle = (top + bottom) / 2
    row = np.flatnonzero((lines[..., 1].min(axis=1) < middle) & (middle < lines[..., 1].max(axis=1)))
    if len(row) == 0:
        return None
    low, high = lines[row, :, 0].min(axis=1), lines[row, :, 0].max(axis=1)
    away = np.maximum(low - right, left - high)
    nearest = int(away.argmin())
    height = float(heights[row[nearest]])
    if away[nearest] > REACH * height:
        return None
    if not HEIGHTS[0] * height <= bottom - top <= HEIGHTS[1] * height or right - left > WIDEST * height:
        return None
    top = bottom - BASELINE * height
    return np.asarray(from_box(left, top, right, top + height), np.float64)
