"""``Pipeline``: what the training loop is written against. Importing this module imports torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from torch import Tensor, nn

from ocr.data.batch_stream import BatchStream
from ocr.data.config import DataConfig
from ocr.data.series import Share
from ocr.document import Page
from ocr.models.codec import Alphabet
from ocr.models.interface import Image, Reader

Batch = dict[str, dict[str, Tensor]]
"""Tensors by part name: ``{"recognizer": {"images": (N, 1, H, W), ...}}``. A part that is not trained is absent."""

Output = dict[str, Tensor]
"""Raw network output by part name."""


SymbolCounts = dict[str, tuple[int, int]]
"""How often a symbol was read right, and how often it occurs."""


@dataclass(frozen=True, slots=True)
class SampleReading:
    """A line or page of the validation data, the same at every evaluation, and what the model makes of it.

    ``name`` tells it from others: ``receipts 3``. ``label`` is empty where the text is not known as a whole; ``page``
    holds the boxes of what was found, None for an image of a line.
    """

    name: str
    image: Image
    label: str
    text: str
    page: Page | None = None


@dataclass(frozen=True)
class Scores:
    """What an evaluation found: ``objective`` is minimised when the best checkpoint is chosen; None: nothing to choose
    by. ``values`` by metric and set: ``cer/receipts``, ``right/stock``."""

    objective: float | None
    values: dict[str, float]
    readings: tuple[SampleReading, ...] = ()
    """A few samples with what was read in them, for the run's folder."""
    symbols: dict[str, SymbolCounts] = field(default_factory=dict)
    """How the symbols (NFD) of the labels of each set were read."""


class Validation(Protocol):
    """A fixed validation set; called with the pipeline whose weights are to be judged."""

    def __call__(self, pipeline: Pipeline) -> Scores: ...


class Pipeline(nn.Module, ABC):
    """A trainable reader: a set of named parts (sub-modules), each with its network output and its losses."""

    parts: ClassVar[tuple[str, ...]]
    """Names of the sub-modules that can be trained."""
    config: Any
    alphabet: Alphabet

    @abstractmethod
    def forward(self, batch: Batch) -> Output:
        """Tensors only: the output of every part that has an entry in the batch."""

    @abstractmethod
    def loss(self, output: Output, batch: Batch) -> dict[str, Tensor]:
        """Named scalar losses; their sum is minimised."""

    @abstractmethod
    def batches(self, parts: Sequence[str], data: DataConfig, seed: int, share: Share | None = None) -> BatchStream:
        """Endless training batches with an entry for each of the parts: all of the series, or a process's share."""

    @abstractmethod
    def validation(self, parts: Sequence[str], data: DataConfig) -> Validation:
        """The validation of these parts on the sets of ``data``."""

    @abstractmethod
    def grow_alphabet(self, alphabet: Alphabet) -> None:
        """Take an alphabet that goes on where the present one ends, and make room for its classes."""

    @abstractmethod
    def reader(self) -> Reader:
        """A reader over the current weights."""

    @abstractmethod
    def predict(self, images: Sequence[Image]) -> list[Page]:
        """See :class:`ocr.models.interface.Reader`."""
