"""A labelled line cut out straight, with room around it, and the way back to the page."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.polygon import FloatArray, side_lengths, transform

Image = NDArray[np.uint8]

HEIGHTS = (40, 96)
"""Lowest and highest line in pixels of the strip; lines between them are neither enlarged nor reduced."""

ROOM = (0.5, 0.5)
"""Room kept at both ends of the line and above and below it, in line heights."""

CROP_ROOM = (0.3, 0.1)
"""The same for the part of the strip that a reader is given."""


@dataclass(frozen=True, slots=True)
class LineStrip:
    """A line in a straight image (H, W, 3); ``matrix`` (3, 3) takes its pixels to those of the page.

    The line itself lies between the rows of ``core``.
    """

    image: Image
    matrix: FloatArray
    core: tuple[float, float]

    @property
    def line_height(self) -> float:
        return self.core[1] - self.core[0]

    @property
    def crop(self) -> Image:
        """What a reader of lines is given; its first column is :attr:`crop_left`."""
        room = round(CROP_ROOM[1] * self.line_height)
        rows = slice(round(self.core[0]) - room, round(self.core[1]) + room)
        return np.ascontiguousarray(self.image[rows, self.crop_left : self.image.shape[1] - self.crop_left])

    @property
    def crop_left(self) -> int:
        return round((ROOM[0] - CROP_ROOM[0]) * self.line_height)

    def to_page(self, points: FloatArray) -> FloatArray:
        """Points (N, 2) of the strip in pixels of the page."""
        return transform(points, self.matrix)


def cut_strip(image: Image, quad: FloatArray) -> LineStrip:
    """The line inside ``quad`` (4, 2; page pixels, clockwise from the top left of the text) with room around it."""
    width, height = side_lengths(quad)
    core = int(np.clip(round(height), *HEIGHTS))
    side, above = round(ROOM[0] * core), round(ROOM[1] * core)
    length = max(1, round(width * core / max(height, 1.0)))
    left, top, right, bottom = side, above, side + length, above + core
    inner = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    matrix = np.asarray(cv2.getPerspectiveTransform(inner, quad.astype(np.float32)), np.float64)
    size = right + side, bottom + above
    strip = cv2.warpPerspective(
        image, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return LineStrip(np.asarray(strip, np.uint8), matrix, (float(top), float(bottom)))
