"""At which scale to look at a page, so that its text has the size that the network reads best.

A look at a whole page is dear, so a small part of the page says at which scale it is worth taking: the two windows
with the most edges.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from ocr.models.end2end.one_look import Grey, resized, spot_tiles
from ocr.models.end2end.reading_config import LookConfig, SpotConfig
from ocr.models.end2end.spots import Spots, joined
from ocr.models.end2end.spotter_decode import Network

GRID = 16
"""Side in pixels of the squares in which edges are counted."""


def first_look(
    grey: Grey, network: Network, leads: frozenset[int], look: LookConfig, spot: SpotConfig
) -> tuple[float, Spots | None]:
    """The scale for the first look at a page (H, W): that of an area of ``look.pixels``, or what its text asks for; and
    the characters seen for that, in pixels of the page, if they tell anything."""
    scale = min(look.enlarge, math.sqrt(look.pixels / grey.size))
    side = round(look.probe / scale)
    if min(grey.shape) < side or grey.size < look.probe_worth * look.probes * side * side:
        return scale, None
    windows = [
        spot_tiles(resized(grey[top : top + side, left : left + side], scale), network, look, spot)
        for top, left in busiest_windows(grey, side, look.probes)
    ]
    known = joined(windows).moved(np.array([[1 / scale, 0, 0], [0, 1 / scale, 0]]))
    if len(known) < look.probe_least:
        return scale, None
    return closer_scale(scale, known, leads, look, look.closer), known


def stretch_of(spots: Spots, leads: frozenset[int], look: LookConfig) -> float:
    """By how much the lines of a page are to be stretched, so that its letters are as wide as most are: the network
    confuses those of condensed type. Syllables are as wide as they are high in every typeface."""
    if float(np.isin(spots.symbols[:, 0], list(leads)).mean()) > look.syllable_part:
        return 1.0
    width = float(np.median(spots.widths / np.maximum(spots.heights, 1e-6)))
    return min(max(look.letter_width / max(width, 1e-6), 1.0), look.stretch)


def stands_upright(spots: Spots, look: LookConfig) -> bool:
    """Whether most characters stand upright, or on their heads."""
    tilt = np.abs((spots.angles + 90) % 180 - 90)
    return float(np.median(tilt)) <= look.tilt


def closer_scale(scale: float, spots: Spots, leads: frozenset[int], look: LookConfig, factor: float) -> float:
    """The scale at which the smaller characters (in page pixels) are as tall as text should be; ``scale`` if they need
    not be enlarged by more than ``factor`` for that. ``leads`` are the classes that syllables begin with."""
    if len(spots) == 0:
        return scale
    syllables = float(np.isin(spots.symbols[:, 0], list(leads)).mean())
    height = look.syllable_height if syllables > look.syllable_part else look.line_height
    small = spots.height_quantile(look.small_part) * scale
    wanted = min(look.enlarge, scale * height / max(small, 1.0))
    return wanted if wanted > factor * scale or small > look.tall * height else scale


def busiest_windows(grey: Grey, side: int, count: int) -> list[tuple[int, int]]:
    """Top and left of the squares of this side with the most edges, none of which overlap by more than half a side."""
    edges = cv2.absdiff(grey, cv2.blur(grey, (9, 9))) > 24
    rows, columns = (max(1, length // GRID) for length in grey.shape)
    counts = cv2.resize(edges.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    sums = cv2.integral(counts)
    span = max(1, side // GRID)
    high, wide = min(span, rows), min(span, columns)
    windows = sums[high:, wide:] - sums[:-high, wide:] - sums[high:, :-wide] + sums[:-high, :-wide]
    chosen = []
    for _ in range(count):
        row, column = np.unravel_index(int(np.argmax(windows)), windows.shape)
        top, left = min(int(row) * GRID, grey.shape[0] - side), min(int(column) * GRID, grey.shape[1] - side)
        chosen.append((max(top, 0), max(left, 0)))
        windows[max(row - span // 2, 0) : row + span // 2 + 1, max(column - span // 2, 0) : column + span // 2 + 1] = -1
    return chosen
