"""Looking at a page: how often, at which sizes and in which directions the network sees it.

A page whose text stands upright takes one look, at the scale that a small part of it asks for
(:mod:`ocr.models.end2end.scale`); if much of the text turns out to be of another size, it takes a second one. The
network reads text at any angle, but has learnt most of text that stands upright; so where much of a page is tilted
further than that, the page is turned that way (:mod:`ocr.models.end2end.directions`) and looked at again, once for each
direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ocr.models.end2end.directions import Groups, densest_window, difference, text_groups
from ocr.models.end2end.faint_signs import apart
from ocr.models.end2end.one_look import Grey, spot_scaled, spot_turned
from ocr.models.end2end.reading_config import LookConfig, SpotConfig
from ocr.models.end2end.scale import closer_scale, first_look, stands_upright, stretch_of
from ocr.models.end2end.spots import Spots, joined
from ocr.models.end2end.spotter_decode import Network
from ocr.models.end2end.upside_down import blocks_turned


def spot_page(grey: Grey, network: Network, leads: frozenset[int], look: LookConfig, spot: SpotConfig) -> Spots:
    """All characters of a page (H, W), in its pixels; ``leads`` are the classes that syllables begin with. Faint ones
    have no say in how the page is looked at."""
    plain = replace(spot, faint=spot.presence)
    scale, known = first_look(grey, network, leads, look, plain)
    stretch = 1.0 if known is None else stretch_of(known, leads, look)
    stretched = stretch if known is not None and stands_upright(known, look) else 1.0
    first, faint = apart(spot_scaled(grey, scale, network, look, spot, stretched), spot.presence)
    if len(first) == 0:
        return first
    groups = text_groups(first, grey.shape, look)
    upright = all(abs(axis) <= look.tilt for axis in groups.axes)
    closer = closer_scale(scale, first, leads, look, look.again if upright else look.closer)
    angles = [reading_angle(grey, closer, groups, number, network, look, plain) for number in range(len(groups.axes))]
    found = []
    for angle in dict.fromkeys(angles):
        alike = [number for number, other in enumerate(angles) if other == angle]
        part = groups.part(alike)
        if len(part) < (1 if len(groups.axes) == 1 else look.group_size):
            continue

        def look_at(way: float, around: Spots, alike: Sequence[int] = alike) -> Spots:
            return groups.own(spot_turned(grey, closer, way, network, look, spot, around, stretch), alike)

        as_seen = angle == 0 and closer == scale and stretched == stretch
        seen = joined([part, groups.own(faint, alike)]) if as_seen else look_at(angle, part)
        found.append(blocks_turned(seen, angle, grey.shape, look_at, look))
    return joined(found) if found else first


def reading_angle(
    grey: Grey, scale: float, groups: Groups, number: int, network: Network, look: LookConfig, spot: SpotConfig
) -> float:
    """The angle in degrees at which the text of a group is to be read: 0 if it stands nearly upright.

    Which way it runs is plain where most characters of an upright page say so and are sure of themselves; else a window
    of it is read both ways. What most of them say stands unless the window is far better read another way: on its own
    it may be read upside down with hardly a doubt. Where no way is clearly better, a larger window decides. Where the
    lines of a page stand as close as its letters, neighbours above each other make a group of their own: so the text of
    each group is also tried the way the other groups run.
    """
    part, axis = groups.part([number]), groups.axes[number]
    upright = abs(axis) <= look.tilt
    agreed = agreement(part, axis, look) if upright and len(part) else 0.0
    if len(part) == 0 or (agreed >= look.plain and float(part.confidence.mean()) >= look.plain_confidence):
        return 0.0 if upright else axis
    axes = axis, *(other for other in groups.axes if other != axis)
    ways = [axis + turn for axis in axes for turn in (0.0, 180.0)]
    for side in (look.window, 2 * look.window):
        left, top, right, bottom = densest_window(part.centres, side / scale)
        left, top = max(left, 0), max(top, 0)
        window, back = grey[top:bottom, left:right], np.array([[1.0, 0, left], [0, 1, top]])
        looks = (spot_turned(window, scale, way, network, look, spot).moved(back) for way in ways)
        seen = [groups.own(spots, [number]) for spots in looks]
        worth = [worth_of(spots, way, look) for spots, way in zip(seen, ways, strict=True)]
        if agreed > 0.5:  # then a window may seem to stand on its head even as it is read
            worth[0] = look.settled * float(seen[0].confidence.sum())
        best, second = sorted(worth, reverse=True)[:2]
        if best >= look.clear * second:
            break
    way = ways[int(np.argmax(worth))]
    return way if abs(way) > look.tilt else 0.0


def worth_of(spots: Spots, way: float, look: LookConfig) -> float:
    """How well text at this angle is read: the confidence of the characters whose own direction it is."""
    return float(spots.confidence[np.abs(difference(spots.angles, way)) < look.group].sum())


def agreement(part: Spots, axis: float, look: LookConfig) -> float:
    """The share of characters, counted by their confidence, whose own direction is this one."""
    near = np.abs(difference(part.angles, axis)) < look.group
    return float(part.confidence[near].sum() / max(float(part.confidence.sum()), 1e-6))
