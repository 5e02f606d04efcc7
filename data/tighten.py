"""Label boxes drawn in to the ink of their line.

Line boxes of transcription tools carry white space, or a strip of the line above, so that the boxes of dense typescript
overlap and their middles fall between the lines. A detector cannot learn line cores from those.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.document import Block, Line, Page
from ocr.polygon import as_polygon, side_lengths

Image = NDArray[np.uint8]
Profile = NDArray[np.float64]

ROWS = 64
"""Height of a rectified line in pixels."""

DENSE = 0.85
"""Quantile of the rows that stands for a dense one: the densest of all may be an underline."""

CORE = 0.45
"""Rows with at least this part of a dense row's ink belong to the core of a line (its small letters)."""

TRACE = 0.06
"""Rows with less than this part of a dense row's ink are white."""

LEAST = 0.2
"""Ink lower than this part of the box is an underline or a speck: the box is left alone."""

REACH = (0.75, 0.5)
"""How far letters reach above and below the core, in core heights."""

MARGIN = 0.06
"""White kept above and below the ink, in heights of the ink."""


def tighten_page(image: Image, page: Page) -> Page:
    """The page with the box of each line drawn in; ignore regions and lines without four corners stay as they are.

    Args:
        image: The page (H, W, 3) RGB, dark text on light ground.
        page: Its labels.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    blocks = [
        Block(tuple(tighten_line(np.asarray(grey, np.uint8), line) for line in block.lines)) for block in page.blocks
    ]
    return replace(page, blocks=tuple(blocks))


def tighten_line(grey: Image, line: Line) -> Line:
    """The line with the top and bottom of its box moved to its ink, never outwards."""
    if line.ignore or len(line.polygon) != 4:
        return line
    quad = np.asarray(line.polygon, dtype=np.float64)
    profile = ink_profile(grey, quad)
    if profile is None:
        return line
    first, last = ink_rows(profile)
    if last - first < LEAST * ROWS:
        return line
    margin = MARGIN * (last - first)
    start, stop = max(0.0, (first - margin) / ROWS), min(1.0, (last + margin) / ROWS)
    a, b, c, d = quad
    tight = np.stack([a + (d - a) * start, b + (c - b) * start, b + (c - b) * stop, a + (d - a) * stop])
    return replace(line, polygon=as_polygon(tight))


def ink_profile(grey: Image, quad: NDArray[np.float64]) -> Profile | None:
    """Part of each row (64,) of the rectified line that is ink; None where there is none to speak of."""
    width, height = side_lengths(quad)
    columns = int(np.clip(round(width * ROWS / max(height, 1.0)), 8, 4096))
    target = np.array([(0, 0), (columns, 0), (columns, ROWS), (0, ROWS)], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    strip = np.asarray(cv2.warpPerspective(grey, matrix, (columns, ROWS), borderMode=cv2.BORDER_REPLICATE), np.float64)
    paper, ink = np.quantile(strip, 0.8), np.quantile(strip, 0.02)
    if paper - ink < 20:
        return None
    dark = np.clip((paper - strip) / (paper - ink) - 0.3, 0, 1)
    profile = np.convolve(np.pad(dark.mean(axis=1), 1, mode="edge"), np.ones(3) / 3, mode="valid")
    return profile if profile.max() > 0 else None


def ink_rows(profile: Profile) -> tuple[float, float]:
    """First and last row of the line's ink, as edges: the core with most ink, and what its letters reach beyond it."""
    full = float(np.quantile(profile, DENSE)) or float(profile.max())
    profile = np.minimum(profile, 1.2 * full)
    first, last = heaviest_run(profile, CORE * full)
    core = last - first
    highest, lowest = max(0, first - round(REACH[0] * core)), min(len(profile), last + round(REACH[1] * core))
    while first > highest and profile[first - 1] > TRACE * full:
        first -= 1
    while last < lowest and profile[last] > TRACE * full:
        last += 1
    return float(first), float(last)


def heaviest_run(profile: Profile, level: float) -> tuple[int, int]:
    """Start and stop of the consecutive rows above ``level`` that hold most ink; gaps of two rows are bridged."""
    above = cv2.morphologyEx((profile >= level).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 1), np.uint8)).ravel()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], above, [0]])))
    runs = [(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]
    return max(runs, key=lambda run: float(profile[run[0] : run[1]].sum()))
