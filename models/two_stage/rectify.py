"""Cutting detected lines out of a page: straight, grey, of the recognizer's height. NumPy and OpenCV only."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.polygon import FloatArray, all_side_lengths, side_lengths

GreyImage = NDArray[np.uint8]

MINIMUM_WIDTH = 8
"""Narrowest line image in pixels."""


class ShrunkPage:
    """A grey page with halved copies of itself, so that large print is averaged and not sampled."""

    def __init__(self, grey: GreyImage) -> None:
        self._levels = [grey]

    def level(self, shrink: float) -> tuple[GreyImage, float]:
        """The copy halved most often that is not smaller than ``1/shrink`` of the page, and its scale."""
        number = max(0, int(np.floor(np.log2(max(shrink, 1.0)))))
        while len(self._levels) <= number and min(self._levels[-1].shape) >= 4:
            last = self._levels[-1]
            size = max(1, last.shape[1] // 2), max(1, last.shape[0] // 2)
            self._levels.append(cv2.resize(last, size, interpolation=cv2.INTER_AREA))
        number = min(number, len(self._levels) - 1)
        return self._levels[number], self._levels[number].shape[1] / self._levels[0].shape[1]


def widen(quad: FloatArray, margin: float, side_margin: float) -> FloatArray:
    """The quadrilateral (4, 2) grown by ``margin`` of its height across the text and ``side_margin`` of it along."""
    grown: FloatArray = widen_all(quad[None], margin, side_margin)[0]
    return grown


def widen_all(quads: FloatArray, margin: float, side_margin: float) -> FloatArray:
    """Quadrilaterals (N, 4, 2), see :func:`widen`."""
    widths, heights = all_side_lengths(quads)
    a, b, c, d = np.moveaxis(quads, 1, 0)  # (N, 2) each
    along = (b - a + c - d) / 2
    across = (d - a + c - b) / 2
    along = along / np.maximum(widths, 1e-6)[:, None] * heights[:, None] * side_margin
    across = across * margin
    return np.stack([a - along - across, b + along - across, c + along + across, d - along + across], axis=1)


def line_image(page: ShrunkPage, quad: FloatArray, height: int) -> GreyImage:
    """The text inside ``quad`` (4, 2; page pixels, clockwise from the top left of the text) as an image (height, W)."""
    text_height, width = side_lengths(quad)[1], line_width(quad, height)
    source, scale = page.level(text_height / height)
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform((quad * scale).astype(np.float32), corners)
    flags = cv2.INTER_CUBIC if text_height < height else cv2.INTER_LINEAR  # small print is drawn larger without blur
    return cv2.warpPerspective(source, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def line_width(quad: FloatArray, height: int) -> int:
    """Width in pixels of the image that :func:`line_image` makes."""
    text_width, text_height = side_lengths(quad)
    return max(MINIMUM_WIDTH, round(text_width * height / max(text_height, 1.0)))


def to_height(grey: GreyImage, height: int) -> GreyImage:
    """A line crop (h, w) resized to (height, W), its aspect kept."""
    width = max(MINIMUM_WIDTH, round(grey.shape[1] * height / grey.shape[0]))
    interpolation = cv2.INTER_AREA if grey.shape[0] > height else cv2.INTER_LINEAR
    return cv2.resize(grey, (width, height), interpolation=interpolation)


def turned(quad: FloatArray) -> FloatArray:
    """The same box for text that stands on its head."""
    return np.roll(quad, 2, axis=0)


def upside_down(image: GreyImage) -> GreyImage:
    """The line image turned by half a turn, as :func:`turned` does to its box."""
    return np.ascontiguousarray(image[::-1, ::-1])


def same_way(quads: list[FloatArray]) -> list[FloatArray]:
    """The boxes (4, 2) with parallel ones running the same way as the longest of them.

    On a page that lies on its side, lines a little to either side of 90 degrees would otherwise run against each other.
    """
    if not quads:
        return []
    return [turned(quad) if cosine < -0.7 else quad for quad, cosine in zip(quads, along_longest(quads), strict=True)]


def along_longest(quads: Sequence[FloatArray]) -> FloatArray:
    """Of boxes (4, 2), at least one, the cosines (N,) of the angles between their text and that of the longest."""
    ways = np.array([(quad[1] - quad[0]) + (quad[2] - quad[3]) for quad in quads])  # (N, 2) along the text
    lengths = np.linalg.norm(ways, axis=1)
    return np.asarray(ways @ ways[int(lengths.argmax())] / np.maximum(lengths * lengths.max(), 1e-9), np.float64)
