"""From characters to lines: every character names the place of the next one; in NumPy, linear in their number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ocr.models.end2end.reading_config import LinkConfig
from ocr.models.end2end.spots import Spots
from ocr.models.end2end.spotter_decode import local_distance, near_pairs
from ocr.models.end2end.spotter_targets import LINK_END, LINK_NEXT, LINK_SPACE

Indices = NDArray[np.intp]


def link_lines(spots: Spots, config: LinkConfig) -> list[Indices]:
    """The characters of each line in reading order; every character is in exactly one line."""
    following = successors(spots, config)
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
    goes_on = np.flatnonzero(spots.links.argmax(axis=1) != LINK_END)
    if len(goes_on) == 0:
        return following
    reach = config.tolerance * float(np.quantile(spots.heights, 0.9)) + 1
    first, second = near_pairs(spots.centres[goes_on] + spots.way[goes_on], spots.centres, reach)
    first = goes_on[first]
    cost = link_cost(spots, first, second, config)
    possible = np.isfinite(cost)
    first, second, cost = first[possible], second[possible], cost[possible]
    # the best successor of each, then the best predecessor of each; links lead forward, so they cannot run in a circle
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


def link_cost(spots: Spots, first: Indices, second: Indices, config: LinkConfig) -> NDArray[np.float64]:
    """How far (K,) the second stands from where the first names its successor, in line heights; infinite if too far."""
    heights = spots.heights[first]
    named = spots.centres[first] + spots.way[first]
    miss = np.linalg.norm(spots.centres[second] - named, axis=1) / heights
    forward, _ = local_distance(spots, first, spots.centres[second])
    ratio = np.abs(np.log(spots.heights[second] / heights))
    turn = (spots.along[first] * spots.along[second]).sum(axis=1)
    possible = (miss < config.tolerance) & (forward > 0) & (first != second)
    possible &= (ratio < np.log(config.similar)) & (turn > np.cos(np.radians(config.bend)))
    return np.where(possible, miss + 0.5 * ratio, np.inf)


def without_circles(following: Indices) -> Indices:
    """Links that would come back to where they began are cut; they can only arise where text runs round."""
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


def is_spaced(spots: Spots, line: Indices) -> NDArray[np.bool_]:
    """Whether a space comes after each character of a line but the last (K - 1,)."""
    links = spots.links[line[:-1]]
    return np.asarray(links[:, LINK_SPACE] > links[:, LINK_NEXT])
