"""All settings of the corrector's language model; what a model folder's config.yaml holds under ``model``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

PARTS = ("corrector",)


@dataclass(frozen=True, slots=True)
class LanguageConfig:
    """A Llama (arXiv 2302.13971) over the bytes of UTF-8.

    Attributes:
        width: Of the residual stream; heads are 32 wide.
        depth: Blocks.
        hidden: Of the gated feed-forward layers.
        context: Bytes that are looked back at, at most; also the length of a training row.
    """

    width: int = 128
    depth: int = 4
    hidden: int = 344
    context: int = 128


@dataclass(frozen=True, slots=True)
class RowsConfig:
    """Rows of a training batch: lines of text one after the other, each with an end mark.

    Attributes:
        rows: Rows a batch.
        shortest, longest: Characters of a line, about; a printed line of a column or page.
    preference: Of pairs, how much it counts that the right line is likelier than the one that was read, in nats a pair
        beside the nats a byte of the right one.
    """

    rows: int = 16
    shortest: int = 8
    longest: int = 90
    preference: float = 0.2


@dataclass(frozen=True)
class CorrectorConfig:
    """What the weights were trained with (``bound_to_weights``) and the batches they were trained on."""

    bound_to_weights: ClassVar[tuple[str, ...]] = ("language",)
    adjustable: ClassVar[tuple[str, ...]] = ()
    language: LanguageConfig = field(default_factory=LanguageConfig)
    batch: RowsConfig = field(default_factory=RowsConfig)
