"""The samples of several sets as one sequence, drawn by the size of the sets or by given weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import overload

import numpy as np
from numpy.typing import NDArray

from ocr.data.samples import Sample
from ocr.data.stored_samples import Change, StoredSamples
from ocr.errors import UsageError


class SampleMix(Sequence[Sample]):
    """Several sets, one behind the other.

    Args:
        sets: Lists, or sets that stay in their files.
        weights: How often the sets are drawn from, in proportion; none: every sample is drawn equally often.

    Raises:
        UsageError: The weights are not one a set, none is above 0, or one is below.
    """

    def __init__(self, sets: Sequence[Sequence[Sample]], weights: Sequence[float] = ()) -> None:
        self.sets, self.weights = tuple(sets), tuple(weights)
        self.ends = np.cumsum([len(samples) for samples in self.sets], dtype=np.int64)
        check_weights(self.weights, len(self.sets))

    def __len__(self) -> int:
        return int(self.ends[-1]) if self.sets else 0

    @overload
    def __getitem__(self, position: int) -> Sample: ...
    @overload
    def __getitem__(self, position: slice) -> list[Sample]: ...
    def __getitem__(self, position: int | slice) -> Sample | list[Sample]:
        if isinstance(position, slice):
            return [self[number] for number in range(*position.indices(len(self)))]
        if not -len(self) <= position < len(self):
            raise IndexError(position)
        position %= len(self)
        number = int(np.searchsorted(self.ends, position, side="right"))
        return self.sets[number][position - self._start(number)]

    def __iter__(self) -> Iterator[Sample]:
        return chain.from_iterable(self.sets)

    def chosen(self, positions: Sequence[int] | NDArray[np.int64], change: Change | None = None) -> SampleMix:
        """The samples at these positions, which rise, each changed."""
        wanted = np.asarray(positions, np.int64)
        bounds = np.searchsorted(wanted, [0, *self.ends.tolist()])
        parts = [
            chosen(samples, wanted[bounds[number] : bounds[number + 1]] - self._start(number), change)
            for number, samples in enumerate(self.sets)
        ]
        return SampleMix(parts, self.weights)

    def keep(self, condition: Callable[[Sample], bool]) -> SampleMix:
        """The samples that meet a condition."""
        return self.chosen([position for position, sample in enumerate(self) if condition(sample)])

    def draw(self, rng: np.random.Generator) -> int:
        """The position of a sample, which must not be empty."""
        if not self.weights:
            return int(rng.integers(len(self)))
        number = draw_weighted([w if s else 0.0 for w, s in zip(self.weights, self.sets, strict=True)], rng)
        return self._start(number) + int(rng.integers(len(self.sets[number])))

    def _start(self, number: int) -> int:
        return int(self.ends[number - 1]) if number else 0


def as_mix(samples: Sequence[Sample]) -> SampleMix:
    """A list as a mix of one set."""
    return samples if isinstance(samples, SampleMix) else SampleMix([samples])


def chosen(
    samples: Sequence[Sample], positions: Sequence[int] | NDArray[np.int64], change: Change | None = None
) -> Sequence[Sample]:
    """The samples at these positions, which rise, each changed: a list of a list, others stay in their files."""
    if isinstance(samples, (SampleMix, StoredSamples)):
        return samples.chosen(positions, change)
    picked = [samples[position] for position in positions]
    return [change(sample) for sample in picked] if change else picked


def draw_weighted(weights: Sequence[float], rng: np.random.Generator) -> int:
    """A place among the weights, each as often as it says. Raises UsageError if all are 0."""
    total = sum(weights)
    if not total:
        raise UsageError("data.weights: no set with a weight above 0 holds a sample that this part is trained on")
    return int(np.searchsorted(np.cumsum(weights), rng.random() * total, side="right"))


def check_weights(weights: Sequence[float], sets: int) -> None:
    """Raises UsageError if there are weights, but not one a set, or not of use."""
    if not weights:
        return
    if len(weights) != sets:
        raise UsageError(f"data.weights={list(weights)} has {len(weights)} weights for {sets} sets in data.train")
    if not all(0 <= weight < float("inf") for weight in weights) or not sum(weights):
        raise UsageError(f"data.weights={list(weights)}: weights are numbers from 0, at least one above it")
