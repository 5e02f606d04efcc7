"""Boxes that hold two rows of text, as close ones of short words in tables do: where the ground between them lies."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.models.two_stage.rectify import ShrunkPage, line_image
from ocr.polygon import FloatArray

HEIGHT = 64
"""Pixels that a box is drawn high to look for it."""

TALL = 0.8
"""Least height of a box of two rows, in heights of most lines of the page: those of footnotes are small."""

STROKE = 31
"""Widest ink in pixels; what is wider is ground or a picture."""

CONTRAST = 30
"""How much darker than the ground ink is."""

MIDDLE = (0.25, 0.75)
"""Part of the height in which the ground between two rows lies."""

INK = 0.25
"""Most ink in it, for that of an average row of pixels above and below."""

GAIN = 0.15
"""How much surer than the whole one of the rows must be."""


def split_place(page: ShrunkPage, quad: FloatArray) -> float | None:
    """Where a box (4, 2) of a page has ground between two rows of text, as a fraction of its height; None if it has
    none."""
    dark = cv2.morphologyEx(line_image(page, quad, HEIGHT), cv2.MORPH_BLACKHAT, np.ones((1, STROKE), np.uint8))
    ink: NDArray[np.float64] = (dark > CONTRAST).mean(axis=1)
    first, last = (round(part * len(ink)) for part in MIDDLE)
    place = first + int(ink[first:last].argmin())
    if not ink.any() or ink[place] > INK * min(ink[:place].mean(), ink[place:].mean()):
        return None
    return place / len(ink)


def split_across(quad: FloatArray, place: float) -> tuple[FloatArray, FloatArray]:
    """The upper and the lower part of a box (4, 2), divided at a fraction of its height."""
    a, b, c, d = quad
    left, right = a + (d - a) * place, b + (c - b) * place
    return np.stack([a, b, right, left]), np.stack([left, right, c, d])
