"""Looking at a page: how often, at which sizes and in which directions the network sees it.

A page whose text stands upright takes one look, at the scale that a small part of it asks for
(:mod:`ocr.models.end2end.scale`); if much of the text turns out to be of another size, it takes a second one. The
network reads text at any angle, but has learnt most of text that stands upright; so where much of a page is tilted
further than that, the page is turned that way (:mod:`ocr.models.end2end.directions`) and looked at again, once for each
direction.
"""

from __future__ import annotations

import numpy as np

from ocr.models.end2end.directions import (
    axis_groups,
    densest_window,
    difference,
    group_of,
    nearest_label,
    neighbour_axes,
)
from ocr.models.end2end.one_look import Grey, spot_scaled, spot_turned
from ocr.models.end2end.reading_config import LookConfig, SpotConfig
from ocr.models.end2end.scale import closer_scale, first_scale
from ocr.models.end2end.spots import Spots, joined
from ocr.models.end2end.spotter_decode import Network


def spot_page(grey: Grey, network: Network, look: LookConfig, spot: SpotConfig) -> Spots:
    """All characters of a page (H, W), in its pixels."""
    scale = first_scale(grey, network, look, spot)
    first = spot_scaled(grey, scale, network, look, spot)
    if len(first) == 0:
        return first
    axes = neighbour_axes(first)
    groups = axis_groups(axes, look) or [0.0]
    upright = all(abs(axis) <= look.tilt for axis in groups)
    closer = closer_scale(scale, first.heights, look, look.again if upright else look.closer)
    labels = group_of(first, axes, groups)
    least = 1 if len(groups) == 1 else look.group_size
    found = []
    for number, axis in enumerate(groups):
        part = first.take(labels == number)
        if len(part) < least:
            continue
        angle = reading_angle(grey, closer, axis, part, network, look, spot)
        if angle == 0 and closer == scale:
            found.append(part)
            continue
        seen = spot_turned(grey, closer, angle, network, look, spot, around=part)
        seen = seen.take(nearest_label(seen.centres, first.centres, labels, grey.shape) == number)
        found.append(seen)
    return joined(found) if found else first


def reading_angle(
    grey: Grey, scale: float, axis: float, part: Spots, network: Network, look: LookConfig, spot: SpotConfig
) -> float:
    """The angle in degrees at which text along an axis is to be read: 0 if it stands nearly upright.

    Which way it runs is plain where most characters of an upright page say so; else a window of it is read both ways.
    """
    upright = abs(axis) <= look.tilt
    if len(part) == 0 or (upright and np.mean(np.abs(difference(part.angles, axis)) < look.group) >= look.plain):
        return 0.0 if upright else axis
    left, top, right, bottom = densest_window(part.centres, look.window / scale)
    window = grey[max(top, 0) : bottom, max(left, 0) : right]
    ways = [axis, axis + 180.0]
    worth = []
    for way in ways:
        seen = spot_turned(window, scale, way, network, look, spot)
        worth.append(float(seen.confidence[np.abs(difference(seen.angles, way)) < look.group].sum()))
    way = ways[int(np.argmax(worth))]
    return 0.0 if abs(way) <= look.tilt else way
