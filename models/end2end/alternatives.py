"""What else the doubtful characters of a line may be, from the spotter's own class probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ocr.document import Doubt, Word
from ocr.models.codec import Alphabet
from ocr.models.end2end.characters import character_text
from ocr.models.end2end.spots import Spots
from ocr.polygon import FloatArray

Symbols = NDArray[np.int64]

COUNT = 6
"""Readings kept of a character."""

SURE = 0.97
"""Probability from which a character is taken as it is."""

LEAST = 1e-6
"""What a probability counts at least."""

WIDTHS = (4, 3, 2)
"""How many of the likeliest classes of each slot are combined."""


def likeliest(probabilities: NDArray[np.float32]) -> tuple[Symbols, FloatArray]:
    """Of class probabilities (M, SLOTS, C) the likeliest characters (M, COUNT, SLOTS) and their log-probabilities
    (M, COUNT), likeliest first; the slots are taken as independent, as in training."""
    rows = np.arange(len(probabilities))[:, None]
    values, classes = [], []
    for slot, width in enumerate(WIDTHS):
        scores = probabilities[:, slot]  # (M, C)
        width = min(width, scores.shape[1])
        best = np.argpartition(-scores, width - 1, axis=1)[:, :width]
        classes.append(best)
        values.append(np.log(np.maximum(scores[rows, best], LEAST).astype(np.float64)))
    numbers = np.stack(np.meshgrid(*(np.arange(part.shape[1]) for part in classes), indexing="ij"), -1).reshape(-1, 3)
    totals = sum(part[:, numbers[:, slot]] for slot, part in enumerate(values))  # (M, combinations)
    kept = np.argsort(-np.asarray(totals), axis=1, kind="stable")[:, :COUNT]  # (M, COUNT)
    symbols = np.stack([part[rows, numbers[kept, slot]] for slot, part in enumerate(classes)], axis=-1)
    return symbols.astype(np.int64), np.take_along_axis(np.asarray(totals), kept, axis=1)


def line_doubts(
    words: Sequence[Word], spots: Spots, line: NDArray[np.intp], spaces: FloatArray, alphabet: Alphabet
) -> tuple[Doubt, ...]:
    """The doubtful characters and spaces of a line, in their order.

    ``line`` are the numbers of the words' characters among the spots, ``spaces`` (K - 1,) the probability of a space
    after each but the last. That no character is there is a reading too, as likely as the look along lines has it; the
    spotter's presence is sure of less than it could be, and with it a language model dropped far too many letters.
    """
    doubts: list[Doubt] = []
    place = number = 0
    gaps, sure = [0.0, *spaces.tolist()], (spots.certainty[line] >= SURE).tolist()
    for word in words:
        for position, char in enumerate(word.chars):
            first = number > 0 and position == 0  # behind a space
            if (gaps[number] if first else 1 - gaps[number]) < SURE:
                doubts.append(space_doubt(place, first, gaps[number]))
            place += first
            if not sure[number]:
                doubts.append(character_doubt(place, char.text, spots, int(line[number]), alphabet))
            place += len(char.text)
            number += 1
    return tuple(doubts)


def space_doubt(place: int, written: bool, probability: float) -> Doubt:
    """Whether a space stands at this place of a line's text, where that is in doubt."""
    readings = {" ": probability, "": 1 - probability}
    read, other = (" ", "") if written else ("", " ")
    values = tuple((text, math.log(max(LEAST, readings[text]))) for text in (read, other))
    return Doubt(place, place + len(read), values)


def character_doubt(place: int, text: str, spots: Spots, number: int, alphabet: Alphabet) -> Doubt:
    """What else the character ``text`` at this place may be, where that is in doubt."""
    readings = {text: math.log(max(LEAST, float(spots.certainty[number])))}
    for symbols, value in zip(spots.options[number].tolist(), spots.option_scores[number].tolist(), strict=True):
        other = character_text(symbols, alphabet)
        nothing = not any(symbols)
        if (other or nothing) and other.lower() != text.lower():  # the case was settled by the word
            readings.setdefault(other, value)
    return Doubt(place, place + len(text), tuple(readings.items()))
