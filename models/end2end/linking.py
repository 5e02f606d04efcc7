"""From characters to lines: every character names the place of the next one; in NumPy, linear in their number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ocr.models.end2end.neighbours import local_distance, near_pairs
from ocr.models.end2end.reading_config import LinkConfig
from ocr.models.end2end.spots import Spots
from ocr.models.end2end.spotter_targets import LINK_END, LINK_NEXT, LINK_SPACE

Indices = NDArray[np.intp]

SHORT_OF = 0.7
"""Share of the foretold way under which another character than the foretold one was met."""


TOUCHING = 0.3
"""Ground in line heights that no space is needed for."""


def link_lines(spots: Spots, config: LinkConfig) -> list[Indices]:
    """The characters of each line in reading order; every character is in exactly one line."""
    following = rejoined(spots, successors(spots, config), config)
    begins = np.ones(len(spots), np.bool_)
    begins[following[following >= 0]] = False
    lines = []
    for start in np.flatnonzero(begins).tolist():
        line = [start]
        while (after := int(following[line[-1]])) >= 0:
            line.append(after)
        lines.append(np.array(line, np.intp))
    return lines


def successors(spots: Spots, config: LinkConfig) -> Indices:
    """Index (M,) of the character that follows each, -1 for none; no character follows two, and none itself."""
    following = np.full(len(spots), -1, np.intp)
    first, second = candidates(spots, config)
    cost = link_cost(spots, first, second, config)
    possible = np.isfinite(cost)
    first, second, cost = first[possible], second[possible], cost[possible]
    # the best successor of each, then the best predecessor of each
    order = np.argsort(-cost, kind="stable")  # the best is written last
    best = np.full(len(spots), -1, np.intp)
    best[first[order]] = order
    chosen = best[best >= 0]
    chosen = chosen[np.argsort(-cost[chosen], kind="stable")]
    before = np.full(len(spots), -1, np.intp)
    before[second[chosen]] = first[chosen]
    linked = before >= 0
    following[before[linked]] = np.flatnonzero(linked)
    return without_circles(following)


def rejoined(spots: Spots, following: Indices, config: LinkConfig) -> Indices:
    """Successors (M,), with those of lines that were taken to end before a space: where another line begins a little
    further on in the same row, the nearest first."""
    begins = np.ones(len(spots), np.bool_)
    begins[following[following >= 0]] = False
    last, first = np.flatnonzero(following < 0), np.flatnonzero(begins)
    reach = (2 + config.gap) * float(spots.heights.max(initial=1.0, where=following < 0))
    near, others = near_pairs(spots.centres[last], spots.centres[first], reach)
    last, first = last[near], first[others]
    gap = gap_between(spots, last, first, config)
    nearest = np.argsort(gap, kind="stable")[: int(np.isfinite(gap).sum())]
    following = following.copy()
    for end, start in zip(last[nearest].tolist(), first[nearest].tolist(), strict=True):
        if following[end] < 0 and begins[start]:
            following[end], begins[start] = start, False
    return without_circles(following)


def gap_between(spots: Spots, last: Indices, first: Indices, config: LinkConfig) -> NDArray[np.float64]:
    """Ground (K,) between characters that end and that begin a line, in line heights; infinite if they do not stand in
    one row and close enough, or either is in doubt: specks beside a line are none of it."""
    heights = spots.heights[last]
    forward, aside = local_distance(spots.centres[last], spots.along[last], spots.centres[first])
    gap = (forward - (spots.widths[last] + spots.widths[first]) / 2) / heights
    ratio = np.abs(np.log(spots.heights[first] / heights))
    turn = (spots.along[last] * spots.along[first]) @ (1.0, 1.0)
    possible = (forward > 0) & (gap > -config.aside) & (gap < config.gap) & (np.abs(aside) < config.aside * heights)
    possible &= (ratio < np.log(config.even)) & (turn > np.cos(np.radians(config.bend / 2))) & (last != first)
    possible &= np.minimum(spots.confidence[last], spots.confidence[first]) >= config.certain
    possible &= (spots.links[last, LINK_SPACE] > spots.links[last, LINK_NEXT]) | (gap < TOUCHING)
    return np.where(possible, gap, np.inf)


def candidates(spots: Spots, config: LinkConfig) -> tuple[Indices, Indices]:
    """Pairs (K,), (K,) of characters that go on and characters about half way to where they say the next one stands.

    Characters of one octave of sizes at a time, so that a few large ones do not make every small one look far.
    """
    goes_on = np.flatnonzero(spots.links.argmax(axis=1) != LINK_END)
    octaves = np.floor(np.log2(spots.heights[goes_on]))
    firsts, seconds = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
    for octave in np.unique(octaves):
        some = goes_on[octaves == octave]
        reach = np.hypot(*spots.way[some].T) / 2 + config.tolerance * spots.heights[some]
        near, others = near_pairs(spots.centres[some] + spots.way[some] / 2, spots.centres, float(reach.max()))
        firsts.append(some[near])
        seconds.append(others)
    return np.concatenate(firsts), np.concatenate(seconds)


def link_cost(spots: Spots, first: Indices, second: Indices, config: LinkConfig) -> NDArray[np.float64]:
    """How far (K,) the second stands ahead of the first, in line heights; infinite if it cannot be its successor.

    The nearest character on the way to the named place is the next one: the place itself is named less exactly than the
    direction, and may skip a full stop.
    """
    heights = spots.heights[first]
    lengths = np.hypot(*spots.way.T)
    length = lengths[first]
    ahead = (spots.way / np.maximum(lengths, 1e-6)[:, None])[first]
    forward, aside = local_distance(spots.centres[first], ahead, spots.centres[second])
    aside = np.abs(aside)
    ratio = np.abs(np.log(spots.heights[second] / heights))
    turn = (spots.along[first] * spots.along[second]) @ (1.0, 1.0)
    possible = (forward > 0) & (forward < length + config.tolerance * heights) & (aside < config.aside * heights)
    possible &= (ratio < np.log(config.similar)) & (turn > np.cos(np.radians(config.bend))) & (first != second)
    return np.where(possible, forward / heights + aside / heights, np.inf)


def without_circles(following: Indices) -> Indices:
    """Links that would come back to where they began are cut; they can only arise where text runs round."""
    if not has_circles(following):
        return following
    state = np.zeros(len(following), np.int8)  # 1: on the way, 2: done
    for start in range(len(following)):
        path, here = [], start
        while here >= 0 and state[here] == 0:
            state[here] = 1
            path.append(here)
            here = int(following[here])
        if here >= 0 and state[here] == 1:
            following[path[-1]] = -1
        state[path] = 2
    return following


def has_circles(following: Indices) -> bool:
    """Whether any of them goes on for more steps than there are characters."""
    ahead = np.append(following, -1)  # who has come to an end stays there
    for _ in range(len(following).bit_length()):  # twice as many steps each time
        ahead = ahead[ahead]
    return bool((ahead >= 0).any())


def space_probability(spots: Spots, line: Indices) -> NDArray[np.float64]:
    """How likely a space comes after each character of a line but the last (K - 1,).

    A space that was foretold beyond a full stop which the character did not see coming is not one before it.
    """
    here, after = line[:-1], line[1:]
    links = spots.links[here]
    foretold = np.linalg.norm(spots.way[here], axis=1)
    gone = np.linalg.norm(spots.centres[after] - spots.centres[here], axis=1)
    probability = links[:, LINK_SPACE] / (links[:, LINK_SPACE] + links[:, LINK_NEXT] + 1e-9)
    return np.where(gone > SHORT_OF * foretold, probability, 0.0)
