"""From the recognizer's logits to text with places and confidences; NumPy only, shared by torch and ONNX Runtime."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocr.models.codec import BLANK, Alphabet, compose


@dataclass(frozen=True, slots=True)
class DecodedChar:
    """One character (NFC): ``start`` and ``stop`` count tokens of 4 px of line width, ``confidence`` is in [0, 1]."""

    text: str
    start: float
    stop: float
    confidence: float


def decode_line(logits: NDArray[np.floating], alphabet: Alphabet) -> list[DecodedChar]:
    """Best path of one line's logits (T, classes): repeats and blanks removed, jamo and marks composed.

    A character's confidence is the geometric mean of the peak probabilities of its symbols.
    """
    best = logits.argmax(axis=1)  # (T, classes) -> (T,)
    if not best.any():
        return []
    top = logits.max(axis=1)
    probabilities = 1.0 / np.exp(logits - top[:, None]).sum(axis=1)
    starts = np.flatnonzero((best != BLANK) & (best != np.concatenate([[BLANK], best[:-1]])))
    stops = [_run_end(best, int(start)) for start in starts]
    peaks = [float(probabilities[start:stop].max()) for start, stop in zip(starts, stops, strict=True)]
    characters: list[DecodedChar] = []
    i = 0
    for text, size in compose([alphabet.symbol(int(best[start])) for start in starts]):
        if text:
            confidence = float(np.exp(np.mean(np.log(np.maximum(peaks[i : i + size], 1e-9)))))
            characters.append(DecodedChar(text, float(starts[i]), float(stops[i + size - 1]), confidence))
        i += size
    return characters


def _run_end(best: NDArray[np.int_], start: int) -> int:
    stop = start + 1
    while stop < len(best) and best[stop] == best[start]:
        stop += 1
    return stop


def text_of(characters: list[DecodedChar]) -> str:
    """The line's text with single spaces and none at its ends."""
    return " ".join("".join(character.text for character in characters).split())
