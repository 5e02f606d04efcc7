"""From decoded characters and line boxes to the lines and words of a :class:`~ocr.document.Page`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ocr.document import Char, Line, Word
from ocr.models.two_stage.recognise import TOKEN
from ocr.models.two_stage.recognizer_decode import DecodedChar, text_of
from ocr.polygon import FloatArray, as_polygon, slice_quad


def confidence_of(characters: Sequence[DecodedChar]) -> float:
    """Mean confidence of the characters that are not spaces; 0 without any."""
    values = [c.confidence for c in characters if c.text != " "]
    return float(np.mean(values)) if values else 0.0


def assemble_line(characters: Sequence[DecodedChar], quad: FloatArray, width: int) -> Line:
    """The line inside ``quad`` (4, 2; page pixels), read from a line image ``width`` px wide."""
    edges = _edges(characters) * TOKEN / width  # tokens -> share of the line's width
    edges = np.clip(edges, 0.0, 1.0)
    words = [_word(characters, edges, quad, start, stop) for start, stop in _word_spans(characters)]
    return Line(text_of(list(characters)), as_polygon(quad), confidence_of(characters), tuple(words))


def _edges(characters: Sequence[DecodedChar]) -> NDArray[np.float64]:
    """Left and right edge of each character in tokens, shape (N, 2): half way between neighbouring peaks.

    CTC marks where a character is certain, not where it begins; at the line's ends the neighbour's distance counts.
    """
    middles = np.array([(c.start + c.stop) / 2 for c in characters])
    if len(middles) == 0:
        return np.empty((0, 2))
    pitch = float(np.median(np.diff(middles))) if len(middles) > 1 else 3.0
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


def _word(
    characters: Sequence[DecodedChar], edges: NDArray[np.float64], quad: FloatArray, start: int, stop: int
) -> Word:
    chars = tuple(
        Char(c.text, as_polygon(slice_quad(quad, *edge)), c.confidence)
        for c, edge in zip(characters[start:stop], edges[start:stop], strict=True)
    )
    outline = slice_quad(quad, edges[start, 0], edges[stop - 1, 1])
    # the probability that every character is right: what a word's reader wants to know
    certainty = float(np.prod([c.confidence for c in characters[start:stop]]))
    return Word("".join(c.text for c in chars), as_polygon(outline), certainty, chars)
