"""Type built of rows with ground between them, as terminals and draft printers make it, joined before it is read.

Upright, such rows are finer than the strokes that the network has learnt, and it takes them for other characters.
"""

from __future__ import annotations

import cv2
import numpy as np

from ocr.models.end2end.one_look import Grey

EDGE = 40
"""Difference of neighbouring pixels that counts as an edge."""

RULE = 32
"""Edges longer than the page's side divided by this belong to rules, not to type."""

LEAST_RATIO = 1.9
"""Edges up and down for each from side to side from which type is built of rows. Other pages stay below 1.5, at
whatever angle their text stands (scripts/LOG.md)."""

LEAST_EDGES = 2000
"""Edges that a page must have: of a few characters nothing can be told."""

LONGEST_PERIOD = 24
REGULAR = 0.5
"""Share of the steps from row to row that must be the usual one, to a pixel."""

BLUR = 0.4
"""Standard deviation of the blur, for each pixel from row to row."""


def with_rows_joined(grey: Grey) -> Grey:
    """The page (H, W) as it is, or blurred if its type is built of rows."""
    if min(grey.shape) < 2:
        return grey
    below, beside = (cv2.absdiff(grey[1:], grey[:-1]), cv2.absdiff(grey[:, 1:], grey[:, :-1]))
    up_and_down = _edges(below, (1, max(9, grey.shape[1] // RULE | 1)))
    across = cv2.countNonZero(_edges(beside, (max(9, grey.shape[0] // RULE | 1), 1)))
    if cv2.countNonZero(up_and_down) < max(LEAST_EDGES, LEAST_RATIO * across):
        return grey
    period = _period(up_and_down & (grey[1:] < grey[:-1]))
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), BLUR * period), np.uint8) if period else grey


def _edges(differences: Grey, rule: tuple[int, int]) -> Grey:
    """1 where neighbours differ, but not along rules, which hold such a rectangle (odd height, width); else 0."""
    found = cv2.threshold(differences, EDGE, 1, cv2.THRESH_BINARY)[1]
    return np.asarray(found & ~cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones(rule, np.uint8)), np.uint8)


def _period(starts: Grey) -> float:
    """The usual step in px from where ink begins to where it begins again below; 0 if most steps are other ones."""
    columns, rows = np.nonzero(starts.T)
    steps = np.diff(rows)[np.diff(columns) == 0]
    steps = steps[steps <= LONGEST_PERIOD]
    usual = float(np.median(steps)) if steps.size else 0.0
    return usual if usual and (np.abs(steps - usual) <= 1).mean() > REGULAR else 0.0
