"""The labelled set that ships with the package, ``ocr/stock``: what a model that is adapted should still read.

Rendered lines and small pages of many kinds: ``train``, in training fonts, is mixed into training; ``val``, in fonts
and of text that are never trained on, is scored before and after. Drawn by ``scripts/make_stock.py``. Needs no fonts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.data.samples import Sample, load_samples
from ocr.document import Page
from ocr.errors import InputError
from ocr.polygon import bounds

GreyImage = NDArray[np.uint8]

STOCK = "stock"
"""Name of the set in scores: ``cer/stock``."""


def stock_folder() -> Path:
    """``ocr/stock``, which holds the native sets ``lines`` (sheets of line crops) and ``pages``."""
    return Path(str(files("ocr"))) / "stock"


def stock_lines(split: str) -> Iterator[tuple[GreyImage, str]]:
    """Line crops (32, W) of ``train`` or ``val`` with their text (NFC), cut as loosely as a detector cuts them."""
    for sample in _samples("lines", split):
        sheet = cv2.cvtColor(sample.load(), cv2.COLOR_RGB2GRAY)
        for line in sample.page.lines if sample.page else ():
            left, top, right, bottom = (round(value) for value in bounds(line.polygon))
            yield np.ascontiguousarray(sheet[top:bottom, left:right], dtype=np.uint8), line.text


def stock_pages(split: str) -> Sequence[Sample]:
    """Pages of ``train`` or ``val`` with their lines, words and characters."""
    return _samples("pages", split)


class StockPages:
    """Draws pages of the stock set with their labels; takes the place of a renderer where there is no corpus."""

    def __init__(self, split: str) -> None:
        self.samples = stock_pages(split)

    def __call__(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Page]:
        sample = self.samples[int(rng.integers(len(self.samples)))]
        assert sample.page is not None
        return sample.load(), sample.page


def _samples(kind: str, split: str) -> Sequence[Sample]:
    folder = stock_folder() / kind
    if not folder.is_dir():
        raise InputError("not_found", f"{folder}: the stock set is missing here; install vitocr again")
    return load_samples(folder, split=split)
