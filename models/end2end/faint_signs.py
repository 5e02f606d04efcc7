"""Points and commas between digits, of which the network sees little: 7.00, not 700.

Where a narrow character is faintly seen in a gap between two others, it is kept until its line is known, and written if
it is a point or comma between digits: nothing else makes such a gap between the digits of a number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ocr.models.codec import Alphabet
from ocr.models.end2end.neighbours import local_distance, near_pairs
from ocr.models.end2end.spots import Spots, joined
from ocr.models.end2end.spotter_targets import LINK_NEXT, LINK_SPACE

Indices = NDArray[np.intp]

NARROW = 0.4
"""Largest width of a faint sign, in line heights."""

CERTAIN = 0.3
"""Least probability of its class."""

NEAR = 1.1
"""How far the characters on both sides may stand, in line heights,"""

ASIDE = 0.35
"""and how far beside its own row."""

ROOM = 0.8
"""Least gap between the ink of both, in widths of the sign."""

PRESENCE = 0.5
"""What a sign that is written counts as, once two digits and their gap speak for it as well."""

DECIMALS = 2
"""Digits behind a sign that was faint."""

SIGNS, DIGITS = ".,", "0123456789"


def is_narrow(spots: Spots) -> NDArray[np.bool_]:
    """Which characters (M,) may be faint signs at all."""
    return (spots.widths < NARROW * spots.heights) & (spots.certainty >= CERTAIN)


def in_gaps(faint: Spots, sure: Spots) -> NDArray[np.bool_]:
    """Which faint characters (M,) stand in a gap between two sure ones of their row."""
    left, right = sides(faint, sure)
    return (left >= 0) & (right >= 0)


def sides(faint: Spots, sure: Spots) -> tuple[Indices, Indices]:
    """The sure characters before and behind each faint one (M,), (M,) in its row; -1: none, or no room between them."""
    before, behind = np.full(len(faint), -1, np.intp), np.full(len(faint), -1, np.intp)
    if len(faint) == 0 or len(sure) == 0:
        return before, behind
    which, other = near_pairs(faint.centres, sure.centres, NEAR * float(faint.heights.max()))
    forward, aside = local_distance(faint.centres[which], faint.along[which], sure.centres[other])
    reach = NEAR * faint.heights[which]
    beside = np.flatnonzero((np.abs(aside) < ASIDE * faint.heights[which]) & (np.abs(forward) < reach))
    ink = np.zeros((2, len(faint)))  # where that of the one before ends and that of the one behind begins
    order = beside[np.argsort(-np.abs(forward[beside]), kind="stable")]  # the nearest is written last
    for nearest, edge, way in ((before, ink[0], -1), (behind, ink[1], 1)):
        side = order[forward[order] * way > 0]
        nearest[which[side]] = other[side]
        edge[which[side]] = forward[side] - way * sure.widths[other[side]] / 2
    tight = ink[1] - ink[0] < ROOM * faint.widths
    before[tight] = -1
    return before, behind


def apart(spots: Spots, presence: float) -> tuple[Spots, Spots]:
    """Those that are sure and those that are faint."""
    sure = spots.presence >= presence
    return spots.take(sure), spots.take(~sure)


def with_signs(spots: Spots, faint: Spots, lines: Sequence[Indices], alphabet: Alphabet) -> tuple[Spots, list[Indices]]:
    """Characters, and lines with the faint points and commas between two digits of a number; they come last."""
    sign = np.isin(faint.symbols[:, 0], list(alphabet.known(SIGNS)))
    faint = faint.take(sign)
    if len(faint) == 0:
        return spots, list(lines)
    digit = np.isin(spots.symbols[:, 0], list(alphabet.known(DIGITS)))
    closed = spots.links[:, LINK_SPACE] < spots.links[:, LINK_NEXT]
    before, behind = sides(faint, spots)
    between = (before >= 0) & (behind >= 0) & digit[before] & closed[before] & digit[behind]
    signs = {
        (int(before[i]), int(behind[i])): len(spots) + int(i)
        for i in np.flatnonzero(between)[np.argsort(faint.presence[between], kind="stable")]
    }
    links = np.eye(3)[np.full(len(faint), LINK_NEXT)]
    found = joined([spots, replace(faint, presence=np.maximum(faint.presence, PRESENCE), links=links)])
    inside = [np.append(digit[line[:-1]] & closed[line[:-1]] & digit[line[1:]], False) for line in lines]
    return found, [_inserted(line, signs, goes_on) for line, goes_on in zip(lines, inside, strict=True)]


def with_names_of_signs(told: Spots, spots: Spots, known: int) -> Spots:
    """The characters as their lines tell them, and those from number ``known`` on, faint signs, as they were seen: the
    context has learnt that what is so faint is none."""
    if known == len(spots):
        return told
    symbols, certainty, links = told.symbols.copy(), told.certainty.copy(), told.links.copy()
    options, scores = told.options.copy(), told.option_scores.copy()
    symbols[known:], certainty[known:], links[known:] = (
        getattr(spots, name)[known:] for name in ("symbols", "certainty", "links")
    )
    options[known:], scores[known:] = spots.symbols[known:, None], np.log(spots.certainty[known:])[:, None]
    return replace(told, symbols=symbols, certainty=certainty, links=links, options=options, option_scores=scores)


def _inserted(line: Indices, signs: dict[tuple[int, int], int], goes_on: NDArray[np.bool_]) -> Indices:
    """The line with its signs. A number has one of them at most, before its last two digits: specks between the digits
    of a telephone number are none. ``goes_on`` (T,): between which character and the next one a number goes on."""
    numbers = line.tolist()
    places = [k for k, pair in enumerate(pairwise(numbers), 1) if pair in signs]
    ends = np.flatnonzero(~goes_on)  # the last character of each number, and every other one
    last = {k: int(ends[np.searchsorted(ends, k)]) for k in places}
    shared = Counter(last.values())
    kept = [k for k in places if shared[last[k]] == 1 and last[k] - k + 1 == DECIMALS]
    return np.insert(line, kept, [signs[numbers[k - 1], numbers[k]] for k in kept]) if kept else line
