"""Comparing a reading with its label: edit distance, alignment, CER, WER, exact lines, eojeol accuracy, confusions."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeVar

Symbol = TypeVar("Symbol", bound=Hashable)

LONGEST_CONFUSION = 3
"""A run of wrong symbols longer than this (on either side) is a lost passage, not a confusion of letters."""


def normalise(text: str, *, fold_case: bool = False) -> str:
    """The form in which texts are compared: NFC, runs of whitespace as one space, none at the ends."""
    collapsed = " ".join(unicodedata.normalize("NFC", text).split())
    return unicodedata.normalize("NFC", collapsed.casefold()) if fold_case else collapsed


def has_hangul(text: str) -> bool:
    """Whether the NFC text holds a Hangul syllable or a compatibility jamo."""
    return any("\uac00" <= character <= "\ud7a3" or "\u3131" <= character <= "\u318e" for character in text)


def is_upper_case_only(texts: Iterable[str]) -> bool:
    """Whether the labels hold cased letters and none of them is lower case, so case carries no information."""
    joined = "".join(texts)
    return joined == joined.upper() and joined != joined.lower()


def edit_distance(reference: Sequence[Hashable], prediction: Sequence[Hashable]) -> int:
    """Fewest insertions, deletions and substitutions that turn one sequence into the other (Levenshtein).

    Whole pages take milliseconds: one step of big-integer arithmetic for each symbol of the prediction
    (Myers 1999, in the form of Hyyrö 2003).
    """
    if not reference or not prediction:
        return max(len(reference), len(prediction))
    columns = _difference_columns(reference, prediction)
    positive, negative = columns[-1]
    return len(prediction) + bin(positive).count("1") - bin(negative).count("1")


def align(reference: Sequence[Symbol], prediction: Sequence[Symbol]) -> list[tuple[Symbol | None, Symbol | None]]:
    """One cheapest alignment as pairs (reference, prediction); None marks an insertion or a deletion."""
    columns = _difference_columns(reference, prediction)
    row, column = len(reference), len(prediction)
    pairs: list[tuple[Symbol | None, Symbol | None]] = []
    while row and column:
        bit = 1 << (row - 1)
        if columns[column - 1][0] & bit:
            row -= 1
            pairs.append((reference[row], None))
        elif column > 1 and columns[column - 2][1] & bit:
            column -= 1
            pairs.append((None, prediction[column]))
        else:
            row, column = row - 1, column - 1
            pairs.append((reference[row], prediction[column]))
    pairs += [(reference[index], None) for index in range(row - 1, -1, -1)]
    pairs += [(None, prediction[index]) for index in range(column - 1, -1, -1)]
    return pairs[::-1]


def _difference_columns(reference: Sequence[Hashable], prediction: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The columns of the edit-distance matrix, one for each symbol of the prediction, as vertical differences.

    Bit i of the first (second) integer tells that the distance grows (falls) by one from row i to row i + 1.
    """
    everywhere = (1 << len(reference)) - 1
    occurrences: dict[Hashable, int] = {}
    for index, symbol in enumerate(reference):
        occurrences[symbol] = occurrences.get(symbol, 0) | (1 << index)
    positive, negative = everywhere, 0
    columns: list[tuple[int, int]] = []
    for symbol in prediction:
        equal = occurrences.get(symbol, 0)
        diagonal = (((equal & positive) + positive) ^ positive) | equal | negative  # bits where it costs nothing
        across_up = negative | (everywhere & ~(diagonal | positive))
        across_down = diagonal & positive
        across_up, across_down = ((across_up << 1) | 1) & everywhere, (across_down << 1) & everywhere
        positive, negative = across_down | (everywhere & ~(diagonal | across_up)), across_up & diagonal & everywhere
        columns.append((positive, negative))
    return columns


def confusions(reference: str, prediction: str) -> Counter[tuple[str, str]]:
    """What was read as what: runs of neighbouring wrong characters (label, reading), such as ("rn", "m")."""
    counts: Counter[tuple[str, str]] = Counter()
    for wrong, run in groupby(align(reference, prediction), key=lambda pair: pair[0] != pair[1]):
        if wrong:
            pairs = list(run)
            label = "".join(expected for expected, _ in pairs if expected is not None)
            reading = "".join(found for _, found in pairs if found is not None)
            if max(len(label), len(reading)) <= LONGEST_CONFUSION:
                counts[label, reading] += 1
    return counts


@dataclass
class Ratio:
    """A fraction whose numerator and denominator are summed over a set (micro average)."""

    count: int = 0
    total: int = 0

    def add(self, count: int, total: int) -> None:
        self.count += count
        self.total += total

    @property
    def value(self) -> float | None:
        """Numerator over denominator; None when there was nothing to count. Error rates can exceed 1."""
        return self.count / self.total if self.total else None


@dataclass
class TextTally:
    """Sums of the text metrics over a set; texts are given in the form of :func:`normalise`.

    Attributes:
        characters: edits over label characters: the CER.
        letters: the same with all spaces taken out first (Korean word spacing is often a matter of taste).
        words: edits over label words: the WER.
        lines: lines read without any error over lines.
        eojeol: label words with Hangul that were read without error (aligned by words) over all of these.
    """

    characters: Ratio = field(default_factory=Ratio)
    letters: Ratio = field(default_factory=Ratio)
    words: Ratio = field(default_factory=Ratio)
    lines: Ratio = field(default_factory=Ratio)
    eojeol: Ratio = field(default_factory=Ratio)

    def add(self, reference: str, prediction: str) -> None:
        """Count one line (or the whole text of a page)."""
        self.characters.add(edit_distance(reference, prediction), len(reference))
        bare_reference, bare_prediction = reference.replace(" ", ""), prediction.replace(" ", "")
        self.letters.add(edit_distance(bare_reference, bare_prediction), len(bare_reference))
        expected, found = reference.split(), prediction.split()
        pairs = align(expected, found)
        self.words.add(sum(a != b for a, b in pairs), len(expected))
        self.lines.add(int(reference == prediction), 1)
        hangul = [(a, b) for a, b in pairs if a is not None and has_hangul(a)]
        self.eojeol.add(sum(a == b for a, b in hangul), len(hangul))

    def add_insertion(self, word: str) -> None:
        """Count a predicted word that stands on no labelled line."""
        self.characters.add(len(word), 0)
        self.letters.add(len(word), 0)
        self.words.add(1, 0)
