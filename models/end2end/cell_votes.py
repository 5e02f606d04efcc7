"""What the cells that speak of one character say together: the mean of their features, by which it is named.

Each cell sees the character from its own place, so their errors differ in part; averaging them is an ensemble that
costs no further look at the page.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ocr.models.end2end.neighbours import Indices, local_distance, near_pairs
from ocr.models.end2end.reading_config import SpotConfig
from ocr.models.end2end.spots import Spots
from ocr.models.end2end.spotter_config import CELL

ALONG, ACROSS = 0.25, 0.3
"""How far from the character's centre that of a cell with a vote may lie, in widths along and line heights across."""

SIZE = 1.5
"""Largest ratio of the widths that both name: a cell that sees two letters as one has no vote."""

PRESENCE = 0.6
"""Least presence of a cell with a vote, as a share of the character's own."""


SETTLED = 0.97
"""Probability of its class from which a character needs no votes: it is named, and naming takes time."""


def voters(spots: Spots, kept: Indices, config: SpotConfig) -> tuple[Indices, Indices]:
    """Pairs (K,), (K,) of a place in ``kept`` and one of all spots (M,) that speaks of that character, itself too."""
    which, other = near_pairs(spots.centres[kept], spots.centres, 4 * CELL)
    own = kept[which]
    forward, aside = local_distance(spots.centres[own], spots.along[own], spots.centres[other])
    ratio = spots.widths[other] / spots.widths[own]
    counts = (np.abs(forward) <= ALONG * spots.widths[own]) & (np.abs(aside) <= ACROSS * spots.heights[own])
    counts &= (ratio <= SIZE) & (ratio >= 1 / SIZE)
    counts &= spots.presence[other] >= np.maximum(config.presence, PRESENCE * spots.presence[own])
    counts &= spots.certainty[own] < SETTLED
    counts |= own == other
    return which[counts], other[counts]


def voted_features(spots: Spots, kept: Indices, config: SpotConfig) -> NDArray[np.float32]:
    """Features (len(kept), F): the means over the cells that speak of each, weighted by their presence."""
    which, other = voters(spots, kept, config)
    told = np.bincount(which, minlength=len(kept)) > 1  # of a single cell the mean is its own
    features = spots.features[kept]
    some = told[which]
    which, other = which[some], other[some]
    order = np.argsort(which, kind="stable")
    which, other = which[order], other[order]
    if len(which) == 0:
        return features
    weights = spots.presence[other].astype(np.float32)
    weights /= np.bincount(which, weights, minlength=len(kept)).astype(np.float32)[which]
    starts = np.searchsorted(which, np.flatnonzero(told))
    features[told] = np.add.reduceat(spots.features[other] * weights[:, None], starts, axis=0)
    return features
