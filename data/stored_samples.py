"""Sets too large for memory: their labels stay in their files and are read again whenever a sample is asked for.

As an object a labelled line takes half a kilobyte, a page a hundred times that; here either takes some 30 bytes. Small
sets are plain lists.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ocr.data.samples import Sample, label_texts

LARGE_BYTES = 16_000_000
"""Bytes of labels from which a set stays in its files."""

LARGE_COUNT = 50_000
"""Samples from which a set is checked by drawing from it, and its images are decoded only when they are drawn."""

WAITING_TEXTS = 1000

Change = Callable[[Sample], Sample]


@dataclass(slots=True)
class Summary:
    """What is noted of the samples when they are first read, so that nobody has to read them all again."""

    languages: list[str | None] = field(default_factory=list)
    codes: array[int] = field(default_factory=lambda: array("H"))
    """Place in ``languages`` of the language of each sample."""
    characters: list[Counter[str]] = field(default_factory=list)
    """Characters of the labels in each language."""
    waiting: dict[int, list[str]] = field(default_factory=dict)
    """Texts in each language that are still to be counted: many at once are faster."""

    def add(self, sample: Sample) -> None:
        self.note(sample.lang, label_texts(sample))

    def note(self, language: str | None, label: Iterable[str]) -> None:
        """Add a sample in this language with these texts."""
        if language not in self.languages:
            self.languages.append(language)
            self.characters.append(Counter())
        code = self.languages.index(language)
        self.codes.append(code)
        texts = self.waiting.setdefault(code, [])
        texts += label
        if len(texts) >= WAITING_TEXTS:
            self.characters[code].update("".join(self.waiting.pop(code)))

    def finish(self) -> None:
        """Count the texts that wait; after the last sample."""
        for code, texts in self.waiting.items():
            self.characters[code].update("".join(texts))
        self.waiting.clear()


class StoredSamples(Sequence[Sample]):
    """Samples that are read when they are asked for: ``read`` takes a number and gives the sample of that number.

    Args:
        read: Reads a sample by its number; picklable, for worker processes.
        summary: What was noted of all that can be read.
        numbers: Which ones, in this order (N,); None: all of them.
        changes: Done to each sample that was read, in this order.
    """

    def __init__(
        self,
        read: Callable[[int], Sample],
        summary: Summary,
        numbers: NDArray[np.int64] | None = None,
        changes: tuple[Change, ...] = (),
    ) -> None:
        self.read, self.summary, self.changes = read, summary, changes
        self.numbers = np.arange(len(summary.codes)) if numbers is None else numbers

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, position: int) -> Sample: ...
    @overload
    def __getitem__(self, position: slice) -> StoredSamples: ...
    def __getitem__(self, position: int | slice) -> Sample | StoredSamples:
        if isinstance(position, slice):
            return self._of(self.numbers[position])
        sample = self.read(int(self.numbers[position]))
        for change in self.changes:
            sample = change(sample)
        return sample

    def __iter__(self) -> Iterator[Sample]:
        return (self[position] for position in range(len(self)))

    def chosen(self, positions: Sequence[int] | NDArray[np.int64], change: Change | None = None) -> StoredSamples:
        """Those at these positions, to be changed as well."""
        return self._of(self.numbers[np.asarray(positions, np.int64)], (change,) if change else ())

    def in_languages(self, languages: Collection[str]) -> StoredSamples:
        """Those in these languages and those that are marked with none."""
        wanted = [language is None or language in languages for language in self.summary.languages]
        return self._of(self.numbers[np.array(wanted, bool)[self._codes()]])

    @property
    def characters(self) -> Counter[str]:
        """The characters of the labels, of all that were read in the languages of these samples."""
        codes = np.unique(self._codes()).tolist()
        return sum((self.summary.characters[code] for code in codes), Counter())

    def _codes(self) -> NDArray[np.uint16]:
        return np.frombuffer(self.summary.codes, np.uint16)[self.numbers]

    def _of(self, numbers: NDArray[np.int64], changes: tuple[Change, ...] = ()) -> StoredSamples:
        return StoredSamples(self.read, self.summary, numbers, (*self.changes, *changes))
