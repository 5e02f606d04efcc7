"""One look at a page: at a given scale, turned by a given angle, in tiles; NumPy and OpenCV."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.models.end2end.ink import Grey, box_of, ink_squares, unread_squares
from ocr.models.end2end.reading_config import LookConfig, SpotConfig
from ocr.models.end2end.spots import Spots, joined
from ocr.models.end2end.spotter_config import CELL
from ocr.models.end2end.spotter_decode import Answers, Heights, Network, decode_spots, named, suppress
from ocr.models.page_tiles import INPUT_MULTIPLE, divided, grid
from ocr.polygon import FloatArray, transform

MARGIN = 4.0
"""Ground around the characters of a turned page that is looked at as well, in heights of the largest."""


def spot_turned(
    grey: Grey,
    scale: float,
    angle: float,
    network: Network,
    look: LookConfig,
    spot: SpotConfig,
    around: Spots | None = None,
    stretch: float = 1.0,
) -> Spots:
    """The characters of a page that is turned so that text at this angle (degrees, clockwise) stands upright.

    Of the turned page only what lies around the given characters is looked at, since turning adds empty corners.
    """
    if angle == 0:
        return spot_scaled(grey, scale, network, look, spot, stretch)
    turn, size = turning(grey.shape, angle, around)
    shifted = turn.copy()  # OpenCV counts from the centres of pixels
    shifted[:, 2] += turn[:, :2] @ (0.5, 0.5) - 0.5
    ground = int(np.median(grey[:: max(1, grey.shape[0] // 64), :: max(1, grey.shape[1] // 64)]))
    turned = cv2.warpAffine(grey, shifted, size, flags=cv2.INTER_LINEAR, borderValue=ground)
    found = spot_scaled(np.asarray(turned, np.uint8), scale, network, look, spot, stretch)
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


def spot_scaled(
    grey: Grey, scale: float, network: Network, look: LookConfig, spot: SpotConfig, stretch: float = 1.0
) -> Spots:
    """The characters of a page seen at a scale, made wider by ``stretch``, and, where something too large for it is
    left, at a smaller one; in its pixels. Margins beside the text are left out; what is above and below it is not, so
    that a page of few lines takes about as long as a full one."""
    ink = ink_squares(grey, scale)
    start, _, stop, _ = box_of(ink, scale, grey.shape) if ink.any() else (0, 0, grey.shape[1], 0)
    near = spot_tiles(
        resized(grey[:, start:stop], scale, stretch), network, look, spot, (0.0, look.large * look.beyond)
    )
    near = near.moved(np.array([[1 / stretch, 0, start * scale], [0, 1, 0]]))
    unread = unread_squares(ink, near, look.large)
    both = with_larger(near, unread, grey, scale, network, look, spot)
    return both.moved(np.array([[1 / scale, 0, 0], [0, 1 / scale, 0]]))


def with_larger(
    near: Spots, unread: NDArray[np.bool_], grey: Grey, scale: float, network: Network, look: LookConfig,
    spot: SpotConfig, least: float = 0.0,
) -> Spots:  # fmt: skip
    """Characters of a look at a scale, in its pixels, with those too large for it, of ``least`` confidence: what it has
    left unread is looked at from further away, and what that leaves from further still."""
    if not unread.any():
        return near
    left, top, right, bottom = box_of(unread, scale, grey.shape)
    part, away = grey[top:bottom, left:right], scale / look.shrink
    far = spot_tiles(resized(part, away), network, look, spot, (look.large / look.shrink, math.inf))
    far = far.take(np.flatnonzero(far.confidence >= least))
    still = unread_squares(ink_squares(part, away), far, look.large)
    far = with_larger(far, still, part, away, network, look, spot, look.further_confidence)
    far = far.moved(np.array([[look.shrink, 0, left * scale], [0, look.shrink, top * scale]]))
    # two looks do not agree on a height: a character about the limit may be in both
    return suppress(joined([near, far]), spot) if len(far) else near


def resized(grey: Grey, scale: float, stretch: float = 1.0) -> NDArray[np.float32]:
    """The network's input (1, 1, h, w): the lower and right edges are continued up to multiples of 32 pixels."""
    grey = resize(grey, scale, stretch)
    below, right = -grey.shape[0] % INPUT_MULTIPLE, -grey.shape[1] % INPUT_MULTIPLE
    grey = np.asarray(cv2.copyMakeBorder(grey, 0, below, 0, right, cv2.BORDER_REPLICATE), np.uint8)
    return grey[None, None].astype(np.float32)


def resize(grey: Grey, scale: float, stretch: float = 1.0) -> Grey:
    """The image (H, W) enlarged by ``scale``, its width by ``stretch`` besides."""
    if stretch != 1:  # by itself: no filter of OpenCV shrinks one side and enlarges the other
        size = max(1, round(grey.shape[1] * stretch)), grey.shape[0]
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    if scale == 1:
        return grey
    width, height = (max(1, round(side * scale)) for side in (grey.shape[1], grey.shape[0]))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(grey, (width, height), interpolation=interpolation), np.uint8)


def spot_tiles(
    page: NDArray[np.float32], network: Network, look: LookConfig, spot: SpotConfig, heights: Heights = (0.0, math.inf)
) -> Spots:
    """The characters of these line heights on the network's input, which sees large pages in overlapping tiles; in
    pixels of the input."""
    height, width = page.shape[2:]
    rows, columns = grid(height, width, look.tile, look.overlap)
    seen: list[Answers] = []
    for top, bottom, first_row, last_row in divided(height, rows, look.overlap):
        for left, right, first_column, last_column in divided(width, columns, look.overlap):
            inner = first_row - top, last_row - top, first_column - left, last_column - left
            told = answers_of_tile(page[:, :, top:bottom, left:right], inner, network, spot, heights)
            seen += [(cells + np.array([top, left]) // CELL, *others) for cells, *others in told]
    spots = decode_spots(seen, spot)
    inside = (spots.centres >= 0) & (spots.centres < page.shape[:1:-1])
    return spots.take(np.flatnonzero(inside.all(axis=1)))


def answers_of_tile(
    tile: NDArray[np.float32], inner: tuple[int, int, int, int], network: Network, spot: SpotConfig, heights: Heights
) -> list[Answers]:
    """What the network says of a tile (1, 1, h, w), of the rows and columns in pixels, from and to, ``inner``: see
    :func:`ocr.models.end2end.spotter_decode.named`."""
    cells, maps, name = network(tile)
    row, column = cells.T * CELL
    own = np.flatnonzero((row >= inner[0]) & (row < inner[1]) & (column >= inner[2]) & (column < inner[3]))
    return named(cells[own], maps[own], lambda which: name(own[which]), spot, heights)
