"""Headings: which lines of a page stand over the others, by their size, weight and place. NumPy and OpenCV only.

A heading is clearly larger than the running text of its page, or a little larger, bolder, in capitals or apart from its
neighbours, and mostly shorter than a line of text. Each sign has points; enough of them make a heading.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.document import Block, Line
from ocr.polygon import FloatArray, side_lengths, text_corners

GreyImage = NDArray[np.uint8]

SAMPLE_HEIGHT = 32
"""Pixels that a line is brought to for measuring its strokes."""


@dataclass(frozen=True, slots=True)
class LineShapes:
    """Arrays (N,) about the lines of a page in reading order, lengths in usual line heights."""

    size: FloatArray
    """Height over that of the usual line."""
    weight: FloatArray
    """Width of the strokes over the line's height, over that of the usual line."""
    above: FloatArray
    """Gap to the next line above in the same column; 9 at most, and where there is none."""
    below: FloatArray
    width: FloatArray
    """Length over that of a full line of the text below it, or of the page where there is none."""
    capitals: FloatArray
    """Part of its letters that are capitals, of lines with at least three letters that have a case."""
    text: FloatArray
    """Whether the next line below is running text."""
    indent: FloatArray
    beside: NDArray[np.bool_]
    """Whether another line stands at its side."""


def line_shapes(lines: Sequence[Line], grey: GreyImage) -> LineShapes:
    corners = np.array([text_corners(line.polygon) for line in lines], np.float64)  # (N, 4, 2)
    along = (corners[:, 1] - corners[:, 0]).sum(axis=0)
    angle = float(np.arctan2(along[1], along[0]))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = corners @ turn
    (left, _), (right, _) = points.min(axis=1).T, points.max(axis=1).T
    heights = np.array([max(side_lengths(quad)[1], 1e-6) for quad in corners])
    middle = points[:, :, 1].mean(axis=1)
    top, bottom = middle - heights / 2, middle + heights / 2
    letters = np.array([len(line.text) for line in lines], np.float64)
    strokes = np.array([stroke_width(grey, quad) for quad in corners])
    usual = weighted_median(heights, letters)
    weight = strokes / weighted_median(strokes, letters)
    shared = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)  # (N, N)
    apart = top[:, None] - bottom[None, :]  # row line below column line
    vertical = np.abs(middle[:, None] - middle) / np.minimum(heights[:, None], heights)
    np.fill_diagonal(vertical, 9)
    beside = ((vertical < 0.5) & (shared <= 0)).any(axis=1)
    over = (shared > 0) & (middle[:, None] > middle) & (vertical >= 0.5)  # column line stands over row line
    gaps = np.where(over, apart, np.inf)
    above = np.minimum(gaps.min(axis=1) / usual, 9)
    below = np.minimum(gaps.min(axis=0) / usual, 9)
    follower = np.where(over.any(axis=0), gaps.argmin(axis=0), -1)
    lengths = (right - left) / heights
    return LineShapes(
        heights / usual, weight, above, below,
        np.where(follower >= 0, (right - left) / (right - left)[follower], 1),
        np.array([capitals(line.text) for line in lines]),
        np.where(follower >= 0, lengths[follower], 0),
        np.where(follower >= 0, (left - left[follower]) / usual, 0),
        beside,
    )


def stroke_width(grey: GreyImage, quad: FloatArray) -> float:
    """Mean length of the ink along the rows of a line (4, 2), over the line's height; 0 without ink."""
    width, height = side_lengths(quad)
    size = max(8, min(640, round(width * SAMPLE_HEIGHT / max(height, 1.0))))
    target = np.array([(0, 0), (size, 0), (size, SAMPLE_HEIGHT), (0, SAMPLE_HEIGHT)], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    crop = cv2.warpPerspective(grey, matrix, (size, SAMPLE_HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    _, ink = cv2.threshold(crop, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    ink = ink if 2 * int(ink.sum()) < ink.size else 1 - ink
    runs = np.count_nonzero(np.diff(ink, axis=1)) / 2
    shrink = (size * max(height, 1.0)) / max(width * SAMPLE_HEIGHT, 1e-6)
    return float(ink.sum() / runs / SAMPLE_HEIGHT / shrink) if runs else 0.0


def weighted_median(values: FloatArray, weights: FloatArray) -> float:
    order = np.argsort(values)
    sums = np.cumsum(weights[order])
    return max(float(values[order][np.searchsorted(sums, sums[-1] / 2)]), 1e-6)


def capitals(text: str) -> float:
    cased = [c for c in text if c.isupper() or c.islower()]
    return sum(c.isupper() for c in cased) / len(cased) if len(cased) > 2 else 0.0
