"""Blocks of text that stand on their heads beside others along the same axis; NumPy.

Where characters stand tells the axis along which their lines run, and a look at a small part both ways which way most
of it runs (:mod:`ocr.models.end2end.look`). A block that runs the other way gives itself away once it is read upside
down: of upright text hardly a character in a hundred says that it stands on its head, of text that does usually most.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ocr.models.end2end.directions import blocks_of, difference, nearest_label
from ocr.models.end2end.reading_config import LookConfig
from ocr.models.end2end.spots import Spots, joined
from ocr.polygon import FloatArray

Indices = NDArray[np.intp]


LookAt = Callable[[float, Spots], Spots]
"""Angle in degrees, clockwise, and characters to the characters about them that a look at text at this angle finds."""


def blocks_turned(seen: Spots, angle: float, shape: tuple[int, ...], look_at: LookAt, look: LookConfig) -> Spots:
    """Characters of a page (height, width) seen at an angle, those of blocks that are far better read upside down from
    another look that way."""
    against = np.abs(difference(seen.angles, angle)) > 180 - look.group
    if against.sum() < look.group_size:
        return seen
    blocks = blocks_of(seen, shape)
    sizes, speaking = np.bincount(blocks), np.bincount(blocks, against)
    doubtful = (speaking > 0) & (speaking >= look.against * sizes)
    if not (doubtful & (sizes >= look.group_size)).any():
        return seen
    other = float(difference(angle, 180.0))
    again = look_at(other, seen.take(doubtful[blocks]))
    blocks_again = nearest_label(again.centres, seen.centres, blocks, shape)
    worth = worth_of(seen, blocks, angle, len(sizes), look)
    surer = doubtful & (worth_of(again, blocks_again, other, len(sizes), look) >= look.clear * worth)
    return joined([seen.take(~surer[blocks]), again.take(surer[blocks_again])])


def worth_of(spots: Spots, blocks: Indices, angle: float, count: int, look: LookConfig) -> FloatArray:
    """How well each of ``count`` blocks is read: the confidence of its characters that say they run at this angle."""
    along = np.abs(difference(spots.angles, angle)) < look.group
    return np.asarray(np.bincount(blocks, spots.confidence * along, count), np.float64)
