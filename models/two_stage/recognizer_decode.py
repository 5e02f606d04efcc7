"""From the recognizer's logits to text with places and confidences; NumPy only, shared by torch and ONNX Runtime."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ocr.models.codec import BLANK, Alphabet, compose
from ocr.models.lookalikes import agreeing_kinds


@dataclass(frozen=True, slots=True)
class DecodedChar:
    """One character (NFC): ``start`` and ``stop`` count tokens of 4 px of line width, ``confidence`` is in [0, 1]."""

    text: str
    start: float
    stop: float
    confidence: float


def decode_line(logits: NDArray[np.floating], alphabet: Alphabet) -> list[DecodedChar]:
    """Best path of one line's logits (T, classes): repeats and blanks removed, jamo and marks composed, digits and
    letters of one shape as the rest of their word says.

    A character's confidence is the geometric mean of the peak probabilities of its symbols.
    """
    best = logits.argmax(axis=1)  # (T, classes) -> (T,)
    tokens = np.flatnonzero(best != BLANK)
    if not len(tokens):
        return []
    symbols = best[tokens]
    begins = np.append(True, (symbols[1:] != symbols[:-1]) | (np.diff(tokens) > 1))
    first = np.flatnonzero(begins)  # of each run, in tokens
    written = logits[tokens]  # a copy; the probabilities of blanks are not asked for
    written -= written[np.arange(len(tokens)), symbols][:, None]
    probabilities = 1.0 / np.exp(written, out=written).sum(axis=1)
    peaks = np.maximum.reduceat(probabilities, first).astype(np.float64)
    starts = tokens[first].astype(np.float64).tolist()
    stops = (tokens[np.append(first[1:], len(tokens)) - 1] + 1.0).tolist()
    logs = np.log(np.maximum(peaks, 1e-9)).tolist()
    characters: list[DecodedChar] = []
    i = 0
    for text, size in compose([alphabet.symbol(symbol) for symbol in symbols[first].tolist()]):
        last = i + size
        if text:
            confidence = math.exp(sum(logs[i:last]) / size)
            characters.append(DecodedChar(text, starts[i], stops[last - 1], confidence))
        i = last
    kinds = agreeing_kinds([character.text for character in characters])
    return [c if c.text == text else replace(c, text=text) for c, text in zip(characters, kinds, strict=True)]


def text_of(characters: Sequence[DecodedChar]) -> str:
    """The line's text with single spaces and none at its ends."""
    return " ".join("".join(character.text for character in characters).split())
