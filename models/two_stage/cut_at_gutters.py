"""Lines that the detector joined across the gutter of two columns, cut there: ground that goes on for many lines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np

from ocr.models.two_stage.cut_lines import Box, Divide, Parts, cut_lines, inked_parts
from ocr.models.two_stage.rectify import GreyImage
from ocr.polygon import FloatArray

WIDTH = 1.0
"""Least width of a gutter in heights of the page's lines: spaces of justified lines are narrower,"""

LENGTH = 8.0
"""and its least length: they do not stand above each other for so long."""

CONTRAST = 25
"""How much darker than the ground beside it ink is."""

SPECK = 3
"""Side in pixels of the median filter that specks do not pass."""

NEAR = 0.15
"""How much of a gutter stays with the lines beside it, in their heights."""

ROW = 3.0
"""Width over height from which a line may reach over two columns."""


def cut_at_gutters(grey: GreyImage, quads: Sequence[FloatArray]) -> list[FloatArray]:
    """The lines (4, 2) of a page (H, W), or their pieces on both sides of gutters."""
    return cut_lines(grey, quads, between_gutters)


def between_gutters(grey: GreyImage, height: float) -> Divide:
    """Divides boxes at the gutters of a page (H, W) with lines of this height."""
    dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((1, 2 * round(height / 2) + 1), np.uint8))
    inked = cv2.threshold(dark, CONTRAST, 1, cv2.THRESH_BINARY)[1]
    ink = np.asarray(cv2.medianBlur(inked, SPECK), np.uint8)
    size = max(3, round(LENGTH * height)), max(3, round(WIDTH * height))
    opened = cv2.morphologyEx(
        1 - ink, cv2.MORPH_OPEN, np.ones(size, np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )  # what lies beyond the page is no ground
    return partial(divide, ink, np.asarray(opened, np.uint8))


def divide(ink: GreyImage, ground: GreyImage, box: Box) -> Parts | None:
    left, top, right, bottom = box
    if right - left < ROW * (bottom - top):
        return None
    free = np.concatenate([[0], ground[top:bottom, left:right].min(axis=0), [0]]).astype(np.int8)
    edges, near = np.flatnonzero(np.diff(free)).tolist(), round(NEAR * (bottom - top))
    inner = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a > 0 and b < right - left]
    cuts = [(left + a + near, left + b - near) for a, b in inner if b - a > 2 * near]
    parts = inked_parts(ink, box, cuts)
    return parts if len(parts) > 1 else None
