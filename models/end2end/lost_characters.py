"""Characters that the look along lines takes for nothing although they have room of their own; in NumPy.

It has learnt that what is found twice, and specks, are none; so it drops characters that are hard to read as well
(``Discout``, ``22032018``). But what was found twice has no room between its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ocr.models.end2end.spots import Spots

Indices = NDArray[np.intp]

ROOM = 0.5
"""Least gap between the ink of both neighbours, in widths of the character."""

PRESENCE = 0.4
"""Least presence of a character that is kept."""

WIDEST = 1.6
"""Largest gap, in line heights: in a wider one words end, where specks may stand."""


def with_room(spots: Spots, lines: Sequence[Indices], nothing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the characters (M,) that are said to be ``nothing`` (M,) stand in a gap of their size between two that
    are not."""
    found = np.zeros(len(spots), np.bool_)
    for line in lines:
        if not nothing[line].any():
            continue
        real = np.flatnonzero(~nothing[line])
        inner = np.flatnonzero(nothing[line])
        behind = np.searchsorted(real, inner)
        inner, behind = (part[(behind > 0) & (behind < len(real))] for part in (inner, behind))
        alone = real[behind] - real[behind - 1] == 2  # two in one gap have hardly room
        own, last, next_ = line[inner[alone]], line[real[behind[alone] - 1]], line[real[behind[alone]]]
        gap = np.hypot(*(spots.centres[next_] - spots.centres[last]).T) - (spots.widths[last] + spots.widths[next_]) / 2
        fits = (gap >= ROOM * spots.widths[own]) & (gap <= WIDEST * spots.heights[own])
        found[own[fits & (spots.presence[own] >= PRESENCE)]] = True
    return found
