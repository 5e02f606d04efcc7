"""Labelled images that went bad after the check of the set, or that are on a disk that fails: skipped, not fatal."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ocr.data.sample_mix import as_mix
from ocr.data.samples import Sample
from ocr.errors import InputError


class ReadableSamples:
    """Draws a labelled sample with its image; one that cannot be read is named once on stderr and drawn no more.

    Raises InputError if none is left.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples, self.bad = as_mix(samples), set[int]()

    def draw(self, rng: np.random.Generator) -> tuple[int, NDArray[np.uint8]]:
        """The number of a sample and its image (H, W, 3)."""
        while True:
            number = self.samples.draw(rng)
            image = self.load(number)
            if image is not None:
                return number, image

    def load(self, number: int) -> NDArray[np.uint8] | None:
        """The image of a sample, None if it cannot be read."""
        if number in self.bad:
            return None
        try:
            return self.samples[number].load()
        except InputError as error:
            self.bad.add(number)
            where = self.samples[number].source
            print(f"warning: {where}: skipped in training: {error}", file=sys.stderr, flush=True)  # noqa: T201
            if len(self.bad) == len(self.samples):
                raise
            return None
