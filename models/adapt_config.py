"""How a model is adapted to one's own documents: the only place for these defaults."""

from __future__ import annotations

from dataclasses import dataclass

from ocr.errors import UsageError
from ocr.models.schema import suggest

METHODS = ("none", "lora", "qlora")
ALSO = ("head", "norms")
BITS = (4, 8)


@dataclass(frozen=True, slots=True)
class AdaptConfig:
    """Low-rank adaptation (LoRA, arXiv 2106.09685): the weights stay as they are, and beside each targeted linear layer
    a product of two narrow matrices is trained.

    With these defaults the recognizer's adapter holds 147,456 numbers in 24 layers and 69,000 of its head: 0.4 MB in
    fp16; that of the spotter, with its larger head, 1.2 MB. Rank 32 still stays under 1.5 MB for the recognizer. The
    head is trained in full, because new print changes which letters are likely, and a low rank would cut off classes.

    Attributes:
        method: ``none`` trains the parts in full; ``lora``; ``qlora`` holds what is frozen in few bits (2305.14314).
        bits: 4 (NF4, double quantization) or 8, for ``qlora``.
        rank: Width of the narrow matrices.
        alpha: Their product counts ``alpha / rank`` times.
        dropout: Share of a targeted layer's inputs that its narrow matrices do not see in training.
        targets: Names of linear layers in the transformer blocks, such as ``qkv`` or ``mlp.fc1``; none: all of them,
            and of the spotter the layers that name characters.
        also: What else is trained, in full: ``head`` (the last layers), ``norms`` (all layer norms).

    Raises UsageError for a method, bits or an ``also`` that do not exist, and for a rank below 1.
    """

    method: str = "none"
    bits: int = 4
    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.0
    targets: tuple[str, ...] = ()
    also: tuple[str, ...] = ("head",)

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UsageError(f"adapt.method={self.method!r} is unknown: {suggest(self.method, list(METHODS))}")
        for name in self.also:
            if name not in ALSO:
                raise UsageError(f"adapt.also={list(self.also)}: {suggest(name, list(ALSO))}")
        if self.bits not in BITS:
            raise UsageError(f"adapt.bits={self.bits} must be 4 or 8")
        if self.rank < 1:
            raise UsageError(f"adapt.rank={self.rank} must be 1 or more; usual are 4 to 32")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"adapt.dropout={self.dropout:g} must be at least 0 and below 1; usual are 0 to 0.1")
