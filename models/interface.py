"""The two interfaces everything else is written against: ``Reader`` (predict) and ``Pipeline`` (predict and train).

``Reader`` needs no torch: the ONNX Runtime reader of the light install is one. ``Pipeline`` lives in
:mod:`ocr.models.trainable`, because it is a torch module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ocr.document import Line, Page

Image = NDArray[np.uint8]
"""A page or line in RGB, shape (H, W, 3)."""


class Reader(Protocol):
    """Turns page images into page trees."""

    def predict(self, images: Sequence[Image]) -> list[Page]:
        """One :class:`~ocr.document.Page` (number 1) for each image (H, W, 3) RGB uint8, in the same order.

        A blank image gives a page without blocks. The result does not depend on how images are batched.
        """
        ...


class LineReader(Reader, Protocol):
    """A reader that can also be given images of single lines."""

    def read_lines(self, images: Sequence[Image]) -> list[Line]:
        """One line for each image (H, W, 3) RGB uint8, its polygon in pixels of that image; empty text if none."""
        ...


@runtime_checkable
class LineAligner(Protocol):
    """What a reader may offer besides: to place a text that is known already."""

    def align_lines(self, images: Sequence[Image], texts: Sequence[str]) -> list[tuple[Line, Line]]:
        """For each image (H, W, 3) RGB uint8 with its text (NFC, single spaces) the line as ``read_lines`` gives it,
        and the text put in its place.

        The characters of the second line are those of the text, where they most likely stand; a character's confidence
        is the probability given to it there. It has no words if the text does not fit in.
        """
        ...


@runtime_checkable
class DoubtingReader(LineReader, Protocol):
    """A reader that can tell besides what else the doubtful places of its lines may be."""

    @property
    def pipeline(self) -> str:
        """Which pipeline reads, as in :mod:`ocr.models.registry`: each has its own notion of confidence."""
        ...

    def with_alternatives(self) -> DoubtingReader:
        """The same reader, but its lines carry ``doubts``."""
        ...
