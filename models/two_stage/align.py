"""Where the characters of a known text stand in a line: forced alignment to the recognizer's output.

The best path through the CTC trellis that spells the text (Viterbi; Graves et al. 2006, Kürzinger et al. 2020,
arXiv 2007.09127). NumPy only, shared by torch and ONNX Runtime.
"""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ocr.models.codec import BLANK, LOOKALIKES, Alphabet
from ocr.models.two_stage.recognizer_decode import DecodedChar

ANY = -1
"""Stands for a symbol that the alphabet lacks: it takes whatever the recognizer sees there."""

FloatArray = NDArray[np.float64]


def place_text(logits: NDArray[np.floating], text: str, alphabet: Alphabet) -> list[DecodedChar] | None:
    """The characters of ``text`` (NFC) at their places in one line's logits (T, classes); None if they do not fit in.

    A character's confidence is the geometric mean of the greatest probabilities of its symbols at their places.
    """
    symbols = [_symbol_ids(character, alphabet) for character in text]
    ids = [i for group in symbols for i in group]
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))  # (T, classes)
    spans = force_align(log_probabilities, ids)
    if spans is None:
        return None
    emissions = symbol_emissions(log_probabilities, ids)  # (T, L)
    peaks = [float(emissions[start:stop, i].max()) for i, (start, stop) in enumerate(spans.tolist())]
    characters, first = [], 0
    for character, group in zip(text, symbols, strict=True):
        last = first + len(group)
        confidence = float(np.exp(np.mean(peaks[first:last])))
        characters.append(DecodedChar(character, float(spans[first, 0]), float(spans[last - 1, 1]), confidence))
        first = last
    return characters


def force_align(log_probabilities: NDArray[np.floating], ids: list[int]) -> NDArray[np.int_] | None:
    """First token and one past the last one of every symbol, (L, 2), on the likeliest path that spells ``ids``.

    ``log_probabilities`` are (T, classes); an id of :data:`ANY` matches every symbol. None if the text has no symbols
    or needs more than T tokens.
    """
    tokens, length = len(log_probabilities), len(ids)
    if not length or tokens < length + sum(a == b for a, b in pairwise(ids)):
        return None
    emissions = np.empty((tokens, 2 * length + 1))  # blank, symbol, blank, symbol, ..., blank
    emissions[:, ::2] = log_probabilities[:, [BLANK]]
    emissions[:, 1::2] = symbol_emissions(log_probabilities, ids)
    may_skip = np.zeros(2 * length + 1, bool)
    may_skip[3::2] = np.array(ids[1:]) != np.array(ids[:-1])
    path = _best_path(emissions, may_skip)
    states = np.arange(1, 2 * length, 2)
    return np.stack([np.searchsorted(path, states), np.searchsorted(path, states, side="right")], axis=1)


def symbol_emissions(log_probabilities: NDArray[np.floating], ids: list[int]) -> FloatArray:
    """Log probability (T, L) of every symbol at every token."""
    emissions = np.asarray(log_probabilities[:, ids], np.float64)
    unknown = [i for i, symbol in enumerate(ids) if symbol == ANY]
    emissions[:, unknown] = log_probabilities[:, BLANK + 1 :].max(axis=1, keepdims=True)
    return emissions


def _best_path(emissions: FloatArray, may_skip: NDArray[np.bool_]) -> NDArray[np.int_]:
    """The state (T,) at every token: from one to the next it stays, moves on by one, or by two over a blank."""
    tokens, states = emissions.shape
    scores = np.full(states, -np.inf)
    scores[:2] = emissions[0, :2]
    moves = np.zeros((tokens, states), np.int8)
    candidates = np.full((3, states), -np.inf)  # stay, move by one, move by two
    for token in range(1, tokens):
        candidates[0] = scores
        candidates[1, 1:] = scores[:-1]
        candidates[2, 2:] = np.where(may_skip[2:], scores[:-2], -np.inf)
        moves[token] = candidates.argmax(axis=0)
        scores = candidates.max(axis=0) + emissions[token]
    path = np.empty(tokens, np.int_)
    path[-1] = states - 1 if scores[-1] > scores[-2] else states - 2
    for token in range(tokens - 1, 0, -1):
        path[token - 1] = path[token] - moves[token, path[token]]
    return path


def _symbol_ids(character: str, alphabet: Alphabet) -> list[int]:
    """Classes of one character's NFD symbols."""
    ids = []
    for symbol in unicodedata.normalize("NFD", character.translate(LOOKALIKES)):
        try:
            ids += alphabet.encode(symbol)
        except KeyError:
            ids.append(ANY)
    return ids
