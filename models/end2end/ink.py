"""What a look at a page has left unread: squares with ink and no character that was read; NumPy and OpenCV."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.models.end2end.spots import Spots

Grey = NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""

SQUARE = 16.0
"""Side of a square in pixels of the resized page."""

CONTRAST = 8
"""Difference from the mean around it from which a pixel is on an edge: less than the faintest print has; noise may
count as ink, but not ink as ground."""

LEAST = 3
"""So many pixels in a square make it one with ink."""

AROUND = 24.0
"""Ground beside them that is looked at as well, in pixels of the resized page."""


def ink_squares(grey: Grey, scale: float) -> NDArray[np.bool_]:
    """The squares of a page (H, W), to be resized by ``scale``, that have ink (rows, columns); the last are cut off."""
    edges = cv2.threshold(cv2.absdiff(grey, cv2.blur(grey, (9, 9))), CONTRAST, 1, cv2.THRESH_BINARY)[1]
    side = SQUARE / scale
    rows, columns = (max(1, math.ceil(length / side)) for length in grey.shape)
    sums = cv2.integral(edges)
    below, right = (
        np.minimum(np.round(np.arange(count + 1) * side).astype(int), length)
        for count, length in zip((rows, columns), grey.shape, strict=True)
    )
    corners = sums[np.ix_(below, right)]
    return np.asarray(corners[1:, 1:] - corners[:-1, 1:] - corners[1:, :-1] + corners[:-1, :-1] >= LEAST)


def box_of(squares: NDArray[np.bool_], scale: float, shape: tuple[int, ...]) -> Box:
    """What of a page (H, W) holds these squares, of which there is one at least, and some ground around them."""
    rows, columns = np.flatnonzero(squares.any(axis=1)), np.flatnonzero(squares.any(axis=0))
    side, around = SQUARE / scale, AROUND / scale
    low = (max(0, math.floor(part[0] * side - around)) for part in (columns, rows))
    high = (
        min(length, math.ceil((part[-1] + 1) * side + around))
        for part, length in ((columns, shape[1]), (rows, shape[0]))
    )
    return (*low, *high)


def unread_squares(squares: NDArray[np.bool_], spots: Spots, large: float) -> NDArray[np.bool_]:
    """Those that have ink but none of the characters read, where they hang together over ``large`` px or more.

    ``spots`` and ``large`` are in pixels of the resized page.
    """
    read = np.zeros(squares.shape, np.uint8)
    reach = np.ceil(np.maximum(spots.heights, spots.widths) / 2 / SQUARE).astype(int)
    columns, rows = (np.floor(spots.centres[:, axis] / SQUARE).astype(int) for axis in (0, 1))
    height, width = squares.shape
    here = (columns >= 0) & (rows >= 0) & (columns < width) & (rows < height)
    for radius in np.unique(reach[here]).tolist():  # of few sizes
        centres = np.zeros(squares.shape, np.uint8)
        own = here & (reach == radius)
        centres[rows[own], columns[own]] = 1
        read |= cv2.dilate(centres, np.ones((2 * radius + 1, 2 * radius + 1), np.uint8))
    left = (squares & (read == 0)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(left, connectivity=8)
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) * SQUARE
    sides[0] = 0  # the ground
    return np.asarray((sides >= large)[labels])
