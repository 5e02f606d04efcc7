"""From decoded characters and line boxes to the lines and words of a :class:`~ocr.document.Page`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ocr.document import Char, Line, Word
from ocr.models.two_stage.recognise import TOKEN
from ocr.models.two_stage.recognizer_decode import DecodedChar, text_of
from ocr.polygon import FloatArray, Polygon, as_polygons, slice_quads


def confidence_of(characters: Sequence[DecodedChar]) -> float:
    """Mean confidence of the characters that are not spaces; 0 without any."""
    values = [c.confidence for c in characters if c.text != " "]
    return sum(values) / len(values) if values else 0.0


def assemble_line(
    characters: Sequence[DecodedChar], quad: FloatArray, width: int, page: tuple[int, int] | None = None
) -> Line:
    """The line inside ``quad`` (4, 2; page pixels), read from a line image ``width`` px wide.

    Polygons are cut off at the edge of the ``page``, its width and height, if that is given: the margins of a line
    reach beyond text that touches it.
    """
    edges = np.clip(_edges(characters) * TOKEN / width, 0.0, 1.0)  # tokens -> share of the line's width
    spans = _word_spans(characters)
    outlines = [(edges[start, 0], edges[stop - 1, 1]) for start, stop in spans]
    parts = slice_quads(quad, np.concatenate([[(0.0, 1.0)], np.reshape(outlines, (-1, 2)), edges]))
    parts[0] = quad
    limits = (np.inf, np.inf) if page is None else page
    lowest = -np.inf if page is None else 0.0
    whole, *polygons = as_polygons(np.clip(parts, lowest, limits))  # of the line, its words, all characters
    letters = [Char(c.text, p, c.confidence) for c, p in zip(characters, polygons[len(spans) :], strict=True)]
    words = tuple(_word(letters[start:stop], outline) for (start, stop), outline in zip(spans, polygons, strict=False))
    return Line(text_of(characters), whole, confidence_of(characters), words)


def _edges(characters: Sequence[DecodedChar]) -> NDArray[np.float64]:
    """Left and right edge of each character in tokens, shape (N, 2): half way between neighbouring peaks.

    CTC marks where a character is certain, not where it begins; at the line's ends the neighbour's distance counts.
    """
    middles = np.array([(c.start + c.stop) / 2 for c in characters])
    if len(middles) == 0:
        return np.empty((0, 2))
    gaps = sorted(np.diff(middles).tolist()) or [3.0]
    half = len(gaps) // 2
    pitch = (gaps[half] + gaps[-1 - half]) / 2  # the median; NumPy's takes ten times as long
    between = (middles[1:] + middles[:-1]) / 2
    limits = np.concatenate([[middles[0] - pitch * 0.6], between, [middles[-1] + pitch * 0.6]])
    return np.stack([limits[:-1], limits[1:]], axis=1)


def _word_spans(characters: Sequence[DecodedChar]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    start = 0
    for i, text in enumerate([*(c.text for c in characters), " "]):
        if text == " ":
            if i > start:
                spans.append((start, i))
            start = i + 1
    return spans


def _word(letters: Sequence[Char], outline: Polygon) -> Word:
    # the probability that every character is right: what a word's reader wants to know
    certainty = math.prod(letter.confidence for letter in letters)
    return Word("".join(letter.text for letter in letters), outline, certainty, tuple(letters))
