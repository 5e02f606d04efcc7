"""Looking at a page: at which size, in which direction and in which tiles the network sees it; NumPy and OpenCV.

Most pages take one look. Text too small for the network gets a second one, larger. The network reads text at any angle,
but learns most about text that stands upright; so where much of a page is tilted further than it has seen most often,
the page is turned that way and looked at again. What was found in other directions stays as it is.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.models.end2end.reading_config import LookConfig, SpotConfig
from ocr.models.end2end.spots import Spots, joined
from ocr.models.end2end.spotter_config import CELL
from ocr.models.end2end.spotter_decode import Network, decode_spots
from ocr.models.page_tiles import INPUT_MULTIPLE, tiles
from ocr.polygon import FloatArray

Grey = NDArray[np.uint8]


def spot_page(grey: Grey, network: Network, look: LookConfig, spot: SpotConfig) -> Spots:
    """All characters of a page (H, W), in its pixels."""
    scale = min(look.enlarge, math.sqrt(look.pixels / grey.size))
    first = spot_scaled(grey, scale, network, look, spot)
    closer = closer_scale(scale, first.heights, look)
    groups = direction_groups(first, look)
    if closer == scale and groups == [0.0]:
        return first
    found = []
    for angle in groups:
        seen = first if closer == scale and angle == 0 else spot_turned(grey, closer, angle, network, look, spot)
        found.append(seen.take(np.flatnonzero(nearest_group(seen.angles, groups) == groups.index(angle))))
    return joined(found)


def closer_scale(scale: float, heights: FloatArray, look: LookConfig) -> float:
    """The scale at which the smaller characters (heights in page pixels) are tall enough; ``scale`` if they are."""
    if len(heights) == 0:
        return scale
    small = float(np.quantile(heights, look.small_part)) * scale
    wanted = min(look.enlarge, scale * look.line_height / max(small, 1.0))
    return wanted if wanted > 1.1 * scale else scale


def direction_groups(spots: Spots, look: LookConfig) -> list[float]:
    """Directions in degrees that the page should be seen in, 0 for as it stands; never empty.

    The commonest direction first; then that of what is left, as long as there is enough of it.
    """
    angles, weights = spots.angles, spots.heights * spots.confidence
    left = np.ones(len(spots), np.bool_)
    groups: list[float] = []
    while True:
        part = left.sum() / max(len(spots), 1)
        if left.sum() < look.group_size or part < look.group_part:
            return groups or [0.0]
        histogram, _ = np.histogram(angles[left], bins=72, range=(-180, 180), weights=weights[left])
        smooth = histogram + np.roll(histogram, 1) + np.roll(histogram, -1)
        peak = -177.5 + 5 * int(smooth.argmax())
        near = left & (np.abs(difference(angles, peak)) < look.group)
        if near.sum() < look.group_size or near.sum() / len(spots) < look.group_part:
            return groups or [0.0]
        angle = peak + float(np.median(difference(angles[near], peak)))
        groups.append(0.0 if abs(difference(angle, 0.0)) <= look.tilt else float(angle))
        left &= ~near


def nearest_group(angles: FloatArray, groups: list[float]) -> NDArray[np.intp]:
    """Which of the directions is nearest to each angle."""
    return np.asarray(np.abs(difference(angles[:, None], np.array(groups))).argmin(axis=1))


def difference(angles: FloatArray | float, other: FloatArray | float) -> FloatArray:
    """Angles in degrees minus others, from -180 to 180."""
    return np.asarray((np.asarray(angles) - other + 180) % 360 - 180)


def spot_turned(grey: Grey, scale: float, angle: float, network: Network, look: LookConfig, spot: SpotConfig) -> Spots:
    """The characters of a page that is turned so that text at this angle (degrees, clockwise) stands upright."""
    if angle == 0:
        return spot_scaled(grey, scale, network, look, spot)
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)  # anticlockwise
    cosine, sine = abs(turn[0, 0]), abs(turn[0, 1])
    size = math.ceil(width * cosine + height * sine), math.ceil(width * sine + height * cosine)
    turn[:, 2] += np.array(size) / 2 - (width / 2, height / 2)
    shifted = turn.copy()  # OpenCV counts from the centres of pixels
    shifted[:, 2] += turn[:, :2] @ (0.5, 0.5) - 0.5
    ground = int(np.median(grey[:: max(1, height // 64), :: max(1, width // 64)]))
    turned = cv2.warpAffine(grey, shifted, size, flags=cv2.INTER_LINEAR, borderValue=ground)
    found = spot_scaled(np.asarray(turned, np.uint8), scale, network, look, spot)
    return found.moved(cv2.invertAffineTransform(turn))


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
