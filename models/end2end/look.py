"""Looking at a page: at which size, in which direction and in which tiles the network sees it; NumPy and OpenCV.

A page whose text has the size that the network reads best takes one look, any other a second one, larger or smaller.
The network reads text at any angle, but has learnt most of text that stands upright; so where much of a page is tilted
further than that, the page is turned that way (:mod:`ocr.models.end2end.directions`) and looked at again, once for each
direction.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.models.end2end.directions import (
    axis_groups,
    densest_window,
    difference,
    group_of,
    nearest_label,
    neighbour_axes,
)
from ocr.models.end2end.reading_config import LookConfig, SpotConfig
from ocr.models.end2end.spots import Spots, joined
from ocr.models.end2end.spotter_config import CELL
from ocr.models.end2end.spotter_decode import Network, decode_spots
from ocr.models.page_tiles import INPUT_MULTIPLE, tiles
from ocr.polygon import FloatArray, transform

Grey = NDArray[np.uint8]

MARGIN = 4.0
"""Ground around the characters of a turned page that is looked at as well, in heights of the largest."""


def spot_page(grey: Grey, network: Network, look: LookConfig, spot: SpotConfig) -> Spots:
    """All characters of a page (H, W), in its pixels."""
    scale = min(look.enlarge, math.sqrt(look.pixels / grey.size))
    first = spot_scaled(grey, scale, network, look, spot)
    closer = closer_scale(scale, first.heights, look)
    axes = neighbour_axes(first)
    groups = axis_groups(axes, look) or [0.0]
    labels = group_of(first, axes, groups) if len(groups) > 1 else np.zeros(len(first), np.intp)
    found = []
    for number, axis in enumerate(groups):
        part = first.take(labels == number)
        angle = reading_angle(grey, closer, axis, part, network, look, spot)
        if angle == 0 and closer == scale:
            found.append(part)
            continue
        seen = spot_turned(grey, closer, angle, network, look, spot, around=part)
        if len(groups) > 1:
            seen = seen.take(nearest_label(seen.centres, first.centres, labels, grey.shape) == number)
        found.append(seen)
    return joined(found)


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


def closer_scale(scale: float, heights: FloatArray, look: LookConfig) -> float:
    """The scale at which the smaller characters (heights in page pixels) are as tall as text should be; ``scale`` if
    they nearly are."""
    if len(heights) == 0:
        return scale
    small = float(np.quantile(heights, look.small_part)) * scale
    wanted = min(look.enlarge, scale * look.line_height / max(small, 1.0))
    return wanted if wanted > 1.1 * scale or small > look.tall else scale


def spot_turned(
    grey: Grey,
    scale: float,
    angle: float,
    network: Network,
    look: LookConfig,
    spot: SpotConfig,
    around: Spots | None = None,
) -> Spots:
    """The characters of a page that is turned so that text at this angle (degrees, clockwise) stands upright.

    Of the turned page only what lies around the given characters is looked at, since turning adds empty corners.
    """
    if angle == 0:
        return spot_scaled(grey, scale, network, look, spot)
    turn, size = turning(grey.shape, angle, around)
    shifted = turn.copy()  # OpenCV counts from the centres of pixels
    shifted[:, 2] += turn[:, :2] @ (0.5, 0.5) - 0.5
    ground = int(np.median(grey[:: max(1, grey.shape[0] // 64), :: max(1, grey.shape[1] // 64)]))
    turned = cv2.warpAffine(grey, shifted, size, flags=cv2.INTER_LINEAR, borderValue=ground)
    found = spot_scaled(np.asarray(turned, np.uint8), scale, network, look, spot)
    return found.moved(cv2.invertAffineTransform(turn))


def turning(shape: tuple[int, ...], angle: float, around: Spots | None) -> tuple[FloatArray, tuple[int, int]]:
    """The affine map (2, 3) that turns a page (height, width) back by ``angle``; (width, height) it comes to."""
    height, width = shape[:2]
    turn = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0))  # anticlockwise
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    low, high = (f(transform(corners, turn), axis=0) for f in (np.min, np.max))
    if around is not None and len(around):
        places, margin = transform(around.centres, turn), MARGIN * float(around.heights.max())
        low, high = np.maximum(low, places.min(axis=0) - margin), np.minimum(high, places.max(axis=0) + margin)
    turn[:, 2] -= low
    return turn, (math.ceil(high[0] - low[0]), math.ceil(high[1] - low[1]))


def spot_scaled(grey: Grey, scale: float, network: Network, look: LookConfig, spot: SpotConfig) -> Spots:
    """The characters of a page seen at a scale and, for what is too large there, at a smaller one; in its pixels."""
    near = spot_tiles(resized(grey, scale), network, look, spot)
    far = spot_tiles(resized(grey, scale / look.shrink), network, look, spot)
    near = near.take(np.flatnonzero(near.heights < look.large))
    far = far.take(np.flatnonzero(far.heights * look.shrink >= look.large))
    return joined(
        [
            spots.moved(np.array([[1 / zoom, 0, 0], [0, 1 / zoom, 0]]))
            for spots, zoom in ((near, scale), (far, scale / look.shrink))
        ]
    )


def resized(grey: Grey, scale: float) -> NDArray[np.float32]:
    """The network's input (1, 1, h, w): the lower and right edges are continued up to multiples of 32 pixels."""
    grey = resize(grey, scale)
    below, right = -grey.shape[0] % INPUT_MULTIPLE, -grey.shape[1] % INPUT_MULTIPLE
    grey = np.asarray(cv2.copyMakeBorder(grey, 0, below, 0, right, cv2.BORDER_REPLICATE), np.uint8)
    return grey[None, None].astype(np.float32)


def resize(grey: Grey, scale: float) -> Grey:
    """The image (H, W) enlarged by ``scale``."""
    if scale == 1:
        return grey
    width, height = (max(1, round(side * scale)) for side in (grey.shape[1], grey.shape[0]))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(grey, (width, height), interpolation=interpolation), np.uint8)


def spot_tiles(page: NDArray[np.float32], network: Network, look: LookConfig, spot: SpotConfig) -> Spots:
    """The characters of the network's input, which sees large pages in overlapping tiles; in pixels of the input."""
    cells, maps, probabilities = [], [], []
    for top, bottom, first_row, last_row in tiles(page.shape[2], look.tile, look.overlap):
        for left, right, first_column, last_column in tiles(page.shape[3], look.tile, look.overlap):
            found, found_maps, found_probabilities = network(page[:, :, top:bottom, left:right])
            found = found + np.array([top, left]) // CELL
            row, column = found.T * CELL
            kept = (row >= first_row) & (row < last_row) & (column >= first_column) & (column < last_column)
            cells.append(found[kept])
            maps.append(found_maps[kept])
            probabilities.append(found_probabilities[kept])
    answers = np.concatenate(cells), np.concatenate(maps), np.concatenate(probabilities)
    spots = decode_spots(answers, spot)
    inside = (spots.centres >= 0) & (spots.centres < page.shape[:1:-1])
    return spots.take(np.flatnonzero(inside.all(axis=1)))
