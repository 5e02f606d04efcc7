"""A few pages at a time, used in turn: making a page takes longer than cutting a crop out of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np

Page = TypeVar("Page")


class PagePool(Generic[Page]):
    """The page that crop ``index`` of an endless series is cut from: the same for the same seed and index.

    Args:
        make: Makes a page from a generator of its own.
        seed: Start of the series.
        size: Pages kept in memory.
        crops_a_page: Crops for which a page stands by.
    """

    def __init__(self, make: Callable[[np.random.Generator], Page], seed: int, size: int, crops_a_page: int) -> None:
        self.make, self.seed, self.size, self.crops_a_page = make, seed, size, crops_a_page
        self.pages: dict[int, Page] = {}

    def page(self, index: int) -> Page:
        """Neighbouring crops come from different pages, those ``size`` apart from the same one."""
        number = index // (self.size * self.crops_a_page) * self.size + index % self.size
        if number not in self.pages:
            self.pages[number] = self.make(np.random.default_rng((self.seed, 1, number)))
            for old in [key for key in self.pages if abs(key - number) > self.size]:
                del self.pages[old]
        return self.pages[number]
