"""Drawn rules: long upright strokes between columns and cells, which lines of text do not cross; NumPy and OpenCV.

A rule goes on above and below the line beside it and has ground at both sides; no letter of that line does.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

CONTRAST = 16
"""How much darker than the ground beside it ink is."""

THICKEST = 0.3
"""Largest thickness of a rule, in heights of the page's lines,"""

GAP = 0.1
"""largest gap in it,"""

STEM = 0.6
"""least length of its parts,"""

LENGTH = 3.0
"""its least length,"""

SLANT = 0.03
"""and how far aslant it and the lines beside it may be, as a tangent."""

BEYOND = 0.2
"""How far it goes on above and below a line, in heights of the line."""

GROUND = 0.15
"""Ground at both sides of it, in heights of the line,"""

CLEAR = 0.75
"""in which at least this part of the rows has no ink."""


@dataclass(frozen=True)
class Rules:
    """``ink`` (H, W): 1 where thin strokes are; ``numbers`` (H, W) of the rules there, 0 for none; ``spans`` (K, 2):
    their tops and bottoms."""

    ink: Grey
    numbers: NDArray[np.int32]
    spans: NDArray[np.int32]

    def across(self, box: tuple[int, int, int, int], height: float) -> list[tuple[int, int]]:
        """First column of each rule across a box (left, top, right, bottom) inside the page, and that behind it, from
        left to right; ``height`` of the line in the box."""
        left, top, right, bottom = box
        numbers, ink = self.numbers[top:bottom, left:right], self.ink[top:bottom, left:right]
        found = []
        for number in np.unique(numbers[numbers > 0]).tolist():
            above, below = self.spans[number - 1]
            if above > top - BEYOND * height or below < bottom + BEYOND * height:
                continue
            columns = np.flatnonzero((numbers == number).any(axis=0))
            start, stop = int(columns[0]), int(columns[-1]) + 1
            if has_ground(ink, start, stop, max(1, round(GROUND * height))):
                found.append((left + start, left + stop))
        return sorted(found)


def find_rules(grey: Grey, height: float) -> Rules | None:
    """The upright rules of a page (H, W) with lines of this height; None if there are none."""
    wide = 2 * (round(THICKEST * height) // 2) + 3
    dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((1, wide), np.uint8))
    ink = np.asarray(cv2.threshold(dark, CONTRAST - 1, 1, cv2.THRESH_BINARY)[1], np.uint8)
    gap, stem = (max(3, round(part * height)) for part in (GAP, STEM))
    joined = cv2.dilate(ink, np.ones((gap, 3), np.uint8))
    stems = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((stem, 1), np.uint8))
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(stems)
    lengths, widths = statistics[:, cv2.CC_STAT_HEIGHT], statistics[:, cv2.CC_STAT_WIDTH]
    long = (lengths >= LENGTH * height) & (widths <= THICKEST * height + 2 * SLANT * lengths)
    long[0] = False  # the ground
    if not long.any():
        return None
    tops = statistics[long, cv2.CC_STAT_TOP]
    numbers = (np.cumsum(long) * long).astype(np.int32)[labels]
    return Rules(ink, numbers, np.stack([tops, tops + lengths[long]], axis=1))


def has_ground(ink: Grey, start: int, stop: int, wide: int) -> bool:
    """Whether ink (H, W) leaves so many columns free at both sides of those from ``start`` to ``stop``."""
    sides = ink[:, max(0, start - wide) : start], ink[:, stop : stop + wide]
    return all(bool((~side.any(axis=1)).mean() >= CLEAR) for side in sides)
