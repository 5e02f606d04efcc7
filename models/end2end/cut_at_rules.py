"""Lines of characters that were linked across a drawn rule, cut there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ocr.models.drawn_rules import SLANT, Rules, find_rules
from ocr.models.end2end.neighbours import Indices
from ocr.models.end2end.one_look import Grey
from ocr.models.end2end.spots import Spots

WORD_GAP = 0.7
"""Way from character to character, in heights of the first, from which a rule may stand between them."""


def cut_at_rules(grey: Grey, spots: Spots, lines: Sequence[Indices]) -> list[Indices]:
    """The lines of linked characters of a page (H, W), or their pieces if rules stand between their characters."""
    pieces = list(lines)
    for axis, page in enumerate((grey, grey.T)):
        chosen = [runs_along(spots, line, axis) for line in pieces]
        rules = find_rules(np.ascontiguousarray(page), float(np.median(spots.heights))) if any(chosen) else None
        if rules is not None:
            parted = [cuts(rules, spots, line, axis) if own else [] for line, own in zip(pieces, chosen, strict=True)]
            pieces = [piece for line, places in zip(pieces, parted, strict=True) for piece in np.split(line, places)]
    return pieces


def runs_along(spots: Spots, line: Indices, axis: int) -> bool:
    """Whether a line runs along the page's ``axis`` (0: x, 1: y)."""
    way = np.abs(spots.centres[line[-1]] - spots.centres[line[0]])
    return bool(way[1 - axis] <= 2 * SLANT * way[axis]) and len(line) > 1


def cuts(rules: Rules, spots: Spots, line: Indices, axis: int) -> list[int]:
    """Before which characters of such a line a rule stands."""
    centres, heights = spots.centres[line][:, :: -1 if axis else 1], spots.heights[line[:-1]]
    low, high = np.minimum(centres[1:], centres[:-1]), np.maximum(centres[1:], centres[:-1])  # (K - 1, 2)
    low[:, 1] -= heights / 2
    high[:, 1] += heights / 2
    size = np.array(rules.ink.shape[::-1])
    boxes = np.concatenate([low, high], axis=1).round().clip(0, np.tile(size, 2)).astype(int)
    wide = np.flatnonzero(boxes[:, 2] - boxes[:, 0] > WORD_GAP * heights)
    found = [i for i in wide.tolist() if rules.across(tuple(boxes[i].tolist()), float(heights[i]))]
    return [i + 1 for i in found]
