"""From linked characters to the lines and words of a :class:`~ocr.document.Page`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ocr.document import Char, Line, Word
from ocr.models.codec import Alphabet
from ocr.models.end2end.alternatives import line_doubts
from ocr.models.end2end.characters import character_boxes, character_text
from ocr.models.end2end.letter_case import agreeing_case
from ocr.models.end2end.linking import space_probability
from ocr.models.end2end.reading_config import LinkConfig
from ocr.models.end2end.spots import Spots
from ocr.models.lookalike_doubts import with_lookalikes
from ocr.models.lookalikes import agreeing_kinds
from ocr.polygon import FloatArray, Polygon, as_polygons

Indices = NDArray[np.intp]


def assemble_line(
    spots: Spots, line: Indices, alphabet: Alphabet, size: tuple[int, int], config: LinkConfig, doubting: bool = False
) -> Line | None:
    """The line of these characters on a page of (width, height) px, with its ``doubts`` if asked for; None if none of
    them can be written. What has no base symbol is none: what was found twice, and specks."""
    line, texts = written(spots, line, alphabet)
    if not texts:
        return None
    centres, along = spots.centres[line], directions(spots, line)
    heights = np.full(len(line), float(np.median(spots.heights[line])))
    sure = spots.presence[line] * spots.certainty[line]
    boxes = character_boxes(centres, along, spots.widths[line], heights)  # (K, 4, 2)
    boxes = np.clip(boxes, 0, np.array(size, np.float64))
    spaces = space_probability(spots, line)
    ends = [*(np.flatnonzero(spaces > config.space) + 1).tolist(), len(line)]
    spans = list(pairwise([0, *ends]))
    outlines, letters = as_polygons(around(boxes, [(0, len(line)), *spans])), as_polygons(boxes)
    words = tuple(
        _word(texts[start:stop], outline, letters[start:stop], sure[start:stop].tolist())
        for (start, stop), outline in zip(spans, outlines[1:], strict=True)
    )
    found = Line(" ".join(word.text for word in words), outlines[0], float(sure.mean()), words)
    if not doubting:
        return found
    return replace(found, doubts=with_lookalikes(line_doubts(words, spots, line, spaces, alphabet), found.text))


def written(spots: Spots, line: Indices, alphabet: Alphabet) -> tuple[Indices, list[str]]:
    """Those of a line's characters that can be written, and what they are."""
    texts = [character_text(symbols, alphabet) for symbols in spots.symbols[line].tolist()]
    return line[[bool(text) for text in texts]], [text for text in texts if text]


def directions(spots: Spots, line: Indices) -> FloatArray:
    """Reading direction (K, 2) at each character: from its neighbour before to that after, which is more exact than
    what a single character says; a lone character's own."""
    if len(line) < 2:
        return spots.along[line]
    centres = spots.centres[line]
    reach = 3
    ahead = centres[np.minimum(np.arange(len(line)) + reach, len(line) - 1)]
    behind = centres[np.maximum(np.arange(len(line)) - reach, 0)]
    way = ahead - behind
    length = np.linalg.norm(way, axis=1)
    sure = length > 1.5 * spots.heights[line]
    return np.where(sure[:, None], way / np.maximum(length, 1e-6)[:, None], spots.along[line])


def around(boxes: FloatArray, spans: Sequence[tuple[int, int]]) -> FloatArray:
    """The boxes (N, 4, 2) of N stretches of a line's characters, each with a box of ``boxes`` (K, 4, 2)."""
    first, last = boxes[[start for start, _ in spans]], boxes[[stop - 1 for _, stop in spans]]
    return np.stack([first[:, 0], last[:, 1], last[:, 2], first[:, 3]], axis=1)


def _word(texts: list[str], outline: Polygon, letters: Sequence[Polygon], confidence: Sequence[float]) -> Word:
    agreed = agreeing_case(agreeing_kinds(texts))
    chars = tuple(map(Char, agreed, letters, confidence))
    # the probability that every character is right: what a word's reader wants to know
    return Word("".join(agreed), outline, math.prod(confidence), chars)
