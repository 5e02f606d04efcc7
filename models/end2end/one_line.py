"""The characters of a line crop as one line: what is known of a crop, and of no page, is that its text runs from left
to right in one row.

So nothing is left to links, which break where a character is missed, nor to the directions that single characters name:
capitals and digits can be taken for others on their heads.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr.models.end2end.spots import Spots
from ocr.models.end2end.spotter_targets import LINK_END, LINK_NEXT, LINK_SPACE
from ocr.polygon import FloatArray

OFF_ROW = 0.45
"""How far beside the middle of the row a character may stand, in heights of the row."""

WIDE = 0.3
"""Ink-free gap from which characters that do not say it themselves have a space between them, in heights of the row."""

FORWARD = 0.5
"""Cosine of the largest angle to the row at which a character is believed what comes after it."""


def one_line(spots: Spots) -> Spots:
    """The characters of the row that most of the ink stands in, from left to right, each linked to the next."""
    if len(spots) == 0:
        return spots
    row = weighted_median(spots.centres[:, 1], spots.confidence * spots.heights)
    height = spots.height_quantile(0.5)
    spots = spots.take(np.abs(spots.centres[:, 1] - row) < OFF_ROW * height)
    spots = spots.take(np.argsort(spots.centres[:, 0], kind="stable"))
    ahead = np.diff(spots.centres, axis=0, append=spots.centres[-1:] + np.array([[height, 0.0]]))
    flat = np.tile([1.0, 0.0], (len(spots), 1))
    return replace(spots, along=flat, way=ahead, links=row_links(spots, height))


def row_links(spots: Spots, height: float) -> FloatArray:
    """What follows each character of a row (M, 3): as it says itself, or as the gap behind it does."""
    right = spots.centres[:, 0] + spots.widths / 2
    gaps = (spots.centres[1:, 0] - spots.widths[1:] / 2 - right[:-1]) / height
    measured = np.zeros((len(spots), 3))
    measured[:-1, LINK_SPACE] = gaps > WIDE
    measured[:-1, LINK_NEXT] = 1 - measured[:-1, LINK_SPACE]
    measured[-1, LINK_END] = 1
    told = (spots.along[:, 0] > FORWARD) & (spots.links.argmax(axis=1) != LINK_END)
    told[-1] = False
    return np.where(told[:, None], spots.links, measured)


def weighted_median(values: FloatArray, weights: NDArray[np.float64]) -> float:
    """The value at which half of the weight is reached."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])
