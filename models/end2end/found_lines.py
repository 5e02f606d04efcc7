"""Lines as the spotter itself finds them in training, and what each of their characters should have been.

The look along lines (:mod:`ocr.models.end2end.line_context`) is given found characters when pages are read: some were
found twice, some are specks, and links go astray. Taught on labelled characters alone it never meets these. So it is
also shown what decoding makes of the batch, and learns to say "no character" of what stands for none (scheduled
sampling's remedy for the same gap, arXiv 1506.03099). In NumPy; nothing here takes part in the gradient.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr.models.end2end.characters import SLOTS, UNKNOWN
from ocr.models.end2end.linking import link_lines
from ocr.models.end2end.neighbours import local_distance, near_pairs
from ocr.models.end2end.reading_config import LinkConfig, SpotConfig
from ocr.models.end2end.spots import Spots
from ocr.models.end2end.spotter_config import CELL
from ocr.models.end2end.spotter_decode import Answers, raw_spots, survivors
from ocr.models.end2end.spotter_targets import LINK_NEXT, LINK_SPACE, LINK_UNKNOWN, REFERENCE, padded
from ocr.polygon import FloatArray

Indices = NDArray[np.int64]

ALONG = 0.5
"""A found character stands for a labelled one if the centres are closer than this many of its widths along its line,"""

LEAST_ALONG = 0.15
"""or this many line heights, whichever is more,"""

ACROSS = 0.35
"""and this many line heights across it."""


TARGETS = ("chains", "cells", "geometry", "symbols", "links", "weights")
"""Of the arrays of :func:`ocr.models.end2end.spotter_targets.spotter_batch` those that are asked for."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """The labelled characters of one page crop, in the order of their chains."""

    centres: FloatArray  # (K, 2) in px
    heights: FloatArray  # (K,)
    widths: FloatArray  # (K,)
    along: FloatArray  # (K, 2)
    symbols: Indices  # (K, 3)
    links: Indices  # (K,)
    chain: Indices  # (K,) number of the chain each belongs to


@dataclass(frozen=True, slots=True)
class FoundLines:
    """Lines found on one page crop: ``kept`` (Q,) of the answers are characters, ``lines`` hold their numbers among the
    Q; ``symbols`` (Q, 3) and ``links`` (Q,) are what they should say: a base of 0 where no character stands."""

    kept: Indices
    lines: list[NDArray[np.intp]]
    symbols: Indices
    links: Indices


def found_batch(
    answers: tuple[NDArray[Any], ...], targets: dict[str, NDArray[Any]], spot: SpotConfig, link: LinkConfig
) -> dict[str, NDArray[np.int64]]:
    """The lines found on all pages of a batch.

    Args:
        answers: Those of the network; cells are (M, 3): page, row, column, in the order of pages.
        targets: The arrays named ``TARGETS``.

    Returns:
        ``found`` (Q, 3) page, row and column of the characters; ``found_chains`` (L, T) their numbers in reading order
        of the lines, -1 behind a line's last; ``found_symbols`` (Q, 3) and ``found_links`` (Q,) what they should say.
    """
    cells, maps, probabilities, features = answers
    weights = targets["weights"][:, 0]
    edges = np.searchsorted(cells[:, 0], np.arange(len(weights) + 1)).tolist()
    pages, chains, count = [], [], 0
    for number, (start, stop) in enumerate(pairwise(edges)):
        here = cells[start:stop, 1:], maps[start:stop], probabilities[start:stop], features[start:stop]
        page = found_lines(here, labelled_characters(targets, number), weights[number], spot, link)
        chains += [count + line for line in page.lines]
        count += len(page.kept)
        pages.append(replace(page, kept=start + page.kept))
    return {
        "found": cells[np.concatenate([page.kept for page in pages])],
        "found_chains": padded(chains),
        "found_symbols": np.concatenate([page.symbols for page in pages]),
        "found_links": np.concatenate([page.links for page in pages]),
    }


def labelled_characters(targets: dict[str, NDArray[Any]], page: int) -> Labelled:
    """Those of a page of the arrays of :func:`ocr.models.end2end.spotter_targets.spotter_batch`."""
    chains, cells = targets["chains"], targets["cells"]
    number, place = np.nonzero(chains >= 0)
    chosen = chains[number, place]
    mine = cells[chosen, 0] == page
    number, chosen = number[mine], chosen[mine]
    geometry = targets["geometry"][chosen].astype(np.float64)
    centres = (cells[chosen][:, [2, 1]] + 0.5 + geometry[:, :2]) * CELL
    sizes = np.exp(geometry[:, 2:4]) * REFERENCE
    symbols, links = targets["symbols"][chosen], targets["links"][chosen]
    return Labelled(centres, sizes[:, 0], sizes[:, 1], geometry[:, 4:6], symbols, links, number)


def found_lines(
    answers: Answers, labelled: Labelled, weights: NDArray[np.float32], spot: SpotConfig, link: LinkConfig
) -> FoundLines:
    """What decoding makes of the answers for one page crop, and what it should have been.

    ``weights`` (H/4, W/4) are 0 on text that is neither wanted nor punished: what is found there teaches nothing.
    """
    spots = raw_spots(answers)
    kept = np.flatnonzero(survivors(spots, spot))
    spots = spots.take(kept)
    lines = link_lines(spots, link)
    owner = owners(spots, labelled)
    symbols = np.zeros((len(spots), SLOTS), np.int64)
    symbols[owner >= 0] = labelled.symbols[owner[owner >= 0]]
    row, column = answers[0][kept].T
    symbols[(owner < 0) & (weights[row, column] == 0)] = UNKNOWN
    return FoundLines(kept, lines, symbols, links_between(lines, owner, labelled))


def owners(spots: Spots, labelled: Labelled) -> Indices:
    """The labelled character that each found one (M,) stands for, -1 if none; a labelled one has its surest only."""
    owner = np.full(len(spots), -1, np.int64)
    if len(spots) == 0 or len(labelled.centres) == 0:
        return owner
    reach = float(max((ALONG * labelled.widths).max(), (ACROSS * labelled.heights).max()))
    which, found = near_pairs(labelled.centres, spots.centres, reach)
    forward, aside = local_distance(labelled.centres[which], labelled.along[which], spots.centres[found])
    along = np.maximum(ALONG * labelled.widths, LEAST_ALONG * labelled.heights)[which]
    near = (np.abs(forward) < along) & (np.abs(aside) < ACROSS * labelled.heights[which])
    which, found, distance = which[near], found[near], np.abs(forward[near])
    nearest = np.lexsort((-distance, found))  # of each found one the nearest is last
    owner[found[nearest]] = which[nearest]
    order = np.argsort(spots.presence, kind="stable")  # of each labelled one the surest is last
    order = order[owner[order] >= 0]
    surest = np.full(len(labelled.centres), -1, np.int64)
    surest[owner[order]] = order
    mine = np.zeros(len(spots), np.bool_)
    mine[surest[surest >= 0]] = True
    return np.where(mine, owner, -1)


def links_between(lines: list[NDArray[np.intp]], owner: Indices, labelled: Labelled) -> Indices:
    """Whether a space stands between each found character (M,) and the next that stands for one; where they are not of
    one labelled line, or nobody knows, nothing is taught."""
    links = np.full(len(owner), LINK_UNKNOWN, np.int64)
    spaces = np.concatenate([[0], np.cumsum(labelled.links == LINK_SPACE)])
    gaps = np.concatenate([[0], np.cumsum(labelled.links == LINK_UNKNOWN)])
    for line in lines:
        real = line[owner[line] >= 0]
        here, after = owner[real[:-1]], owner[real[1:]]
        taught = (labelled.chain[here] == labelled.chain[after]) & (after > here) & (gaps[after] == gaps[here])
        told = np.where(spaces[after] > spaces[here], LINK_SPACE, LINK_NEXT)
        links[real[:-1]] = np.where(taught, told, LINK_UNKNOWN)
    return links
