"""Headings: which lines of a page stand over the others, by their size, weight and place. NumPy and OpenCV only.

A heading is clearly larger than the usual line of its page, or a little larger, bolder, in capitals or apart from the
line above. Each sign has points, and enough of them make a heading; ``POINTS`` were set on rendered pages in training
fonts.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.document import Line
from ocr.polygon import FloatArray, side_lengths, text_corners

GreyImage = NDArray[np.uint8]

POINTS = {"size": 2.2, "weight": 1.1, "capitals": 0.27, "apart": 0.33, "short": 0.1, "over_text": 0.16}
"""For the logarithms of a line's height and of its strokes' width over those of the usual line, for capitals, for each
line height of gap above it beyond the usual one, for being shorter than the line below, and for text below."""

ENOUGH = 1.0
"""Points of a heading."""

LIMITS = {"size": 0.7, "weight": 0.6, "apart": 1.5}
"""Where a sign says no more for being stronger."""

SMALLEST = 0.94
"""Height of a heading over that of the usual line."""

LETTERS = 3
"""Fewest letters of a heading; strokes of fewer say nothing about their weight."""

LEVELS = (1.7, 1.2)
"""Heights over that of the usual line from which a heading is of the first and of the second level, else the third."""

TEXT_ASPECT = 8.0
"""Length over height of a line of running text; a shorter one at a line's side makes both cells of a row."""

SHORT = 0.85
CAPITALS = 0.8
SAME_ROW = 0.5
TURNED = np.radians(30)
"""A line turned further than this against the page is no heading."""

SAMPLE_HEIGHT = 32
"""Pixels that a line is brought to for measuring its strokes."""


def heading_levels(lines: Sequence[Line], grey: GreyImage) -> list[int]:
    """For each line of a page 1 to 3 if it is (part of) a heading, else 0.

    Args:
        lines: All lines of the page, in any order.
        grey: The page (H, W) whose pixels their polygons are in.
    """
    if len(lines) < 2:
        return [0] * len(lines)
    quads = np.array([text_corners(line.polygon) for line in lines], np.float64)  # (N, 4, 2)
    letters = np.array([sum(c.isalpha() for c in line.text) for line in lines], np.float64)
    heights = np.array([max(side_lengths(quad)[1], 1e-6) for quad in quads])
    # of lines with letters only: the others are no headings, nor do they count for what is usual
    strokes = np.array([stroke_width(grey, quad) if count else 0.0 for quad, count in zip(quads, letters, strict=True)])
    sizes = heights / weighted_median(heights, letters)
    weights = np.maximum(strokes, 1e-6) / weighted_median(strokes, letters)
    short, apart, over_text, cell = places(quads, heights)
    score = POINTS["size"] * np.minimum(np.log(sizes), LIMITS["size"])
    score += POINTS["weight"] * np.clip(np.log(weights), -LIMITS["weight"], LIMITS["weight"])
    score += POINTS["capitals"] * np.array([in_capitals(line.text) for line in lines])
    score += POINTS["apart"] * np.minimum(apart, LIMITS["apart"])
    score += POINTS["short"] * short + POINTS["over_text"] * over_text
    may_be = (letters >= LETTERS) & (sizes >= SMALLEST) & ~cell & ~is_turned(quads)
    levels = [next((level for level, least in enumerate(LEVELS, 1) if size >= least), 3) for size in sizes]
    return [level if heading else 0 for level, heading in zip(levels, may_be & (score > ENOUGH), strict=True)]


def places(
    quads: FloatArray, heights: FloatArray
) -> tuple[NDArray[np.bool_], FloatArray, NDArray[np.bool_], NDArray[np.bool_]]:
    """How lines (N, 4, 2) stand to each other; four arrays (N,).

    Whether each is shorter than the next line below; the gap above it in usual line heights, beyond the usual gap;
    whether running text is below it; whether it is a cell of a row.
    """
    along = (quads[:, 1] - quads[:, 0]).sum(axis=0)
    angle = np.arctan2(along[1], along[0])
    points = quads @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    left, right, middle = points[:, :, 0].min(axis=1), points[:, :, 0].max(axis=1), points[:, :, 1].mean(axis=1)
    text = (right - left) / heights >= TEXT_ASPECT
    shared = np.minimum(right[:, None], right) - np.maximum(left[:, None], left) > 0  # (N, N)
    distance = middle[:, None] - middle  # of the row's line below the column's
    level = np.abs(distance) < SAME_ROW * np.minimum(heights[:, None], heights)
    np.fill_diagonal(level, False)
    cell = (level & ~shared & ~text).any(axis=1)
    gaps = np.where(shared & ~level & (distance > 0), distance - (heights[:, None] + heights) / 2, np.inf)
    usual = float(np.median(heights))
    above, below = gaps.min(axis=1) / usual, gaps.min(axis=0) / usual
    next_line = gaps.argmin(axis=0)
    followed = np.isfinite(below)
    over_text = followed & text[next_line]
    spacing = float(np.median(below[over_text])) if over_text.any() else 0.0
    short = followed & (right - left < SHORT * (right - left)[next_line])
    return short, np.maximum(above - spacing, -0.3), over_text, cell


def is_turned(quads: FloatArray) -> NDArray[np.bool_]:
    """Which lines (N, 4, 2) run in another direction than the page."""
    along = quads[:, 1] - quads[:, 0]
    total = along.sum(axis=0)
    angles = np.arctan2(along[:, 1], along[:, 0]) - np.arctan2(total[1], total[0])
    return np.asarray(np.abs((angles + np.pi) % (2 * np.pi) - np.pi) > TURNED)


def stroke_width(grey: GreyImage, quad: FloatArray) -> float:
    """Mean length of the runs of ink along a line (4, 2), over the line's height; 0 without ink."""
    width, height = (max(side, 1.0) for side in side_lengths(quad))
    size = max(8, min(640, round(width * SAMPLE_HEIGHT / height)))
    target = np.array([(0, 0), (size, 0), (size, SAMPLE_HEIGHT), (0, SAMPLE_HEIGHT)], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    crop = cv2.warpPerspective(grey, matrix, (size, SAMPLE_HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    _, ink = cv2.threshold(crop, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    ink = ink if 2 * int(ink.sum()) < ink.size else 1 - ink
    runs = np.count_nonzero(np.diff(ink, axis=1)) / 2
    return float(ink.sum()) / runs * width / (size * height) if runs else 0.0


def weighted_median(values: FloatArray, weights: FloatArray) -> float:
    order = np.argsort(values)
    sums = np.cumsum(weights[order])
    return max(float(values[order][np.searchsorted(sums, sums[-1] / 2)]), 1e-6)


def in_capitals(text: str) -> bool:
    """Whether a text with enough letters that have a case is mostly in upper case."""
    cased = [c for c in text if c.isupper() or c.islower()]
    return len(cased) >= LETTERS and sum(c.isupper() for c in cased) > CAPITALS * len(cased)
