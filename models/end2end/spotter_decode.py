"""From the network's answers to characters, in NumPy; linear in the number of characters.

Neighbouring cells speak of the same character; each says where its centre is. A cell gives way to a surer one that
names the same place (non-maximum suppression on centres, narrow along the line, where neighbours stand close), and has
a vote on what character it is (:mod:`ocr.models.end2end.cell_votes`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr.models.end2end.alternatives import LEAST, likeliest
from ocr.models.end2end.cell_votes import voted_features, voters
from ocr.models.end2end.characters import SLOTS
from ocr.models.end2end.faint_signs import in_gaps, is_narrow
from ocr.models.end2end.neighbours import Indices, local_distance, near_pairs
from ocr.models.end2end.reading_config import SpotConfig
from ocr.models.end2end.spots import Spots, joined
from ocr.models.end2end.spotter_config import CELL
from ocr.models.end2end.spotter_targets import LINK_NEXT, REFERENCE
from ocr.polygon import FloatArray

FloatMap = NDArray[np.float32]
Answers = tuple[NDArray[np.int64], FloatMap, FloatMap, FloatMap]
"""Cells that may stand for characters: row and column (M, 2), maps (M, 12), class probabilities (M, 3, C), features
(M, F)."""

Heights = tuple[float, float]

Name = Callable[[Indices], tuple[FloatMap, FloatMap]]
"""Indices (P,) of cells to their class probabilities (P, 3, C) and features (P, F)."""

Network = Callable[[FloatMap], tuple[NDArray[np.int64], FloatMap, Name]]
"""Grey page (1, 1, H, W) float32, 0 to 255, to the cells (M, 2) that may stand for characters, their maps (M, 12), and
what names those that are asked for: it takes time."""

AT_ONCE = 256
"""Cells that are named in one go: what is computed for so many stays in the processor's cache."""

CERTAIN = 0.9
"""Probability of its class from which a cell is certain what it sees."""


def decode_spots(tiles: Sequence[Answers], config: SpotConfig) -> Spots:
    """The characters that the answers about a page's tiles speak of, each once; in pixels of the network's input.

    Those of less than ``config.presence`` are narrow ones in gaps: :mod:`ocr.models.end2end.faint_signs`.
    """
    spots = joined([raw_spots(answers) for answers in tiles])  # not the answers: they are large
    kept = distinct(spots, config)
    found = replace(spots.take(kept), features=voted_features(spots, kept, config))
    if not config.alternatives:
        return found
    probabilities = np.concatenate([answers[2] for answers in tiles])
    options, scores = likeliest(probabilities[kept])  # of what is left alone: it takes time
    return replace(found, options=options, option_scores=scores)


def distinct(spots: Spots, config: SpotConfig) -> Indices:
    """Which of them (M,) are characters, each once."""
    spots = replace(spots, features=spots.features[:, :0])  # they have no say, and to take some of them takes time
    some = np.flatnonzero((spots.presence >= config.presence) | ((spots.presence >= config.faint) & is_narrow(spots)))
    kept = some[survivors(spots.take(some), config)]
    sure = spots.presence[kept] >= config.presence
    sure[~sure] = in_gaps(spots.take(kept[~sure]), spots.take(kept[sure]))
    return kept[sure]


def named(cells: NDArray[np.int64], maps: FloatMap, name: Name, config: SpotConfig, heights: Heights) -> list[Answers]:
    """Answers at those of M cells that may be characters of line heights from the first to below the second, in pixels
    of the network's input, and at those with a vote on them. What names tell of two that stand close shows only later.
    """

    def told(which: Indices) -> Iterator[Answers]:
        for some in np.array_split(which, max(1, math.ceil(len(which) / AT_ONCE))):
            yield cells[some], maps[some], *name(some)

    spots = unnamed_spots(cells, maps)
    kept = distinct(spots, replace(config, along=config.apart, twin=0.0))
    kept = kept[(spots.heights[kept] >= heights[0]) & (spots.heights[kept] < heights[1])]
    answers = list(told(kept))
    spots.certainty[kept] = np.concatenate(
        [probabilities.max(axis=2).prod(axis=1) for _, _, probabilities, _ in answers]
    )
    return answers + list(told(np.setdiff1d(voters(spots, kept, config)[1], kept)))


def raw_spots(answers: Answers) -> Spots:
    """One character for each cell."""
    cells, maps, probabilities, features = answers
    symbols = probabilities.argmax(axis=2)
    certainty = np.take_along_axis(probabilities, symbols[:, :, None], axis=2)[..., 0].prod(axis=1).astype(np.float64)
    return replace(
        unnamed_spots(cells, maps), certainty=certainty, symbols=symbols, features=features,
        options=symbols[:, None], option_scores=np.log(np.maximum(certainty, LEAST))[:, None],
    )  # fmt: skip


def unnamed_spots(cells: NDArray[np.int64], maps: FloatMap) -> Spots:
    """The same before they are named: all of them the same character, for certain."""
    maps = np.asarray(maps, np.float64)
    centres: FloatArray = (cells[:, ::-1].astype(np.float64) + 0.5 + maps[:, 1:3]) * CELL
    heights, widths = (np.exp(np.clip(maps[:, i], -4, 4)) * REFERENCE for i in (3, 4))
    along = maps[:, 5:7] / np.maximum(np.hypot(maps[:, 5], maps[:, 6]), 1e-6)[:, None]
    links = np.exp(maps[:, 9:12] - maps[:, 9:12].max(axis=1, keepdims=True))
    count, none = len(cells), np.zeros((len(cells), SLOTS), np.int64)
    return Spots(
        centres, heights, widths, along, maps[:, 7:9] * heights[:, None], links / links.sum(axis=1, keepdims=True),
        1 / (1 + np.exp(-maps[:, 0])), np.ones(count), none, none[:, None], np.zeros((count, 1)),
        np.zeros((count, 0), np.float32),
    )  # fmt: skip


def suppress(spots: Spots, config: SpotConfig) -> Spots:
    """Without those that name the same centre as one of higher presence, or the same character within its ink."""
    return spots.take(survivors(spots, config))


def survivors(spots: Spots, config: SpotConfig) -> NDArray[np.bool_]:
    """Which of them (M,) :func:`suppress` leaves; one that gives way itself takes nobody with it."""
    if len(spots) == 0:
        return np.ones(0, np.bool_)
    first, second = near_pairs(spots.centres, spots.centres, 4 * CELL)
    surer = spots.presence[first] > spots.presence[second]
    surer |= (spots.presence[first] == spots.presence[second]) & (first < second)
    first, second = first[surer], second[surer]
    forward, aside = local_distance(spots.centres[first], spots.along[first], spots.centres[second])
    widths = np.maximum(spots.widths, config.pitch * np.hypot(*spots.way.T) * spots.links[:, LINK_NEXT])
    twins = (spots.symbols[first] == spots.symbols[second]).all(axis=1)
    certain = np.minimum(spots.certainty[first], spots.certainty[second]) >= CERTAIN
    along = np.where(certain & ~twins, config.apart, config.along)
    reach = np.maximum(along * widths[first], config.closest)
    breadth = np.maximum(config.across * spots.heights[first], config.closest)
    reach = np.where(twins, np.maximum(reach, config.twin * spots.widths[first]), reach)
    same = (np.abs(forward) < reach) & (np.abs(aside) < breadth)
    return left_standing(first[same], second[same], len(spots))


def left_standing(first: Indices, second: Indices, count: int) -> NDArray[np.bool_]:
    """Which of ``count`` are left where each ``second`` gives way to its ``first``, a surer one, if that one is left.

    The surest is settled by the first round, and one more of every chain by each round after it.
    """
    kept = np.ones(count, np.bool_)
    while True:
        before = kept
        kept = np.ones(count, np.bool_)
        kept[second[before[first]]] = False
        if (kept == before).all():
            return kept
