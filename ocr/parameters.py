"""What the tensors of a weights file are: which are parameters, of which kind of layer, in a block or not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ocr.models.safetensors_header import StoredTensor

BUFFERS = {"running_mean", "running_var", "num_batches_tracked", "mean", "deviation", "prior"}
"""Last names of tensors that are stored with the weights and never trained: statistics of batch normalisation, and the
constants of our networks."""

BLOCK = re.compile(r"(?:^|\.)(?:blocks|layers?|h)\.\d+\.")
"""Names within a transformer block: ``blocks.0.`` (timm), ``layer.0.`` or ``layers.0.`` (transformers), ``h.0.``."""

EMBEDDING = re.compile(r"embed(?:ding)?s?(?:_tokens|_positions|$|\.)|(?:^|\.)(?:wte|wpe)$")

LINEAR, CONVOLUTION, NORMALISATION, EMBEDDINGS, OTHER = (
    "linear", "convolution", "normalisation", "embedding", "tokens and scales"
)  # fmt: skip
"""Kinds of layers. The last holds what is no layer: class tokens, positions, layer scales."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: ``shape`` is that of its weight, outputs first; ``parameters`` counts weight and bias."""

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    in_block: bool

    @property
    def adaptable(self) -> bool:
        """Whether LoRA adapts it and 4-bit quantization takes it: a linear layer of a transformer block."""
        return self.kind == LINEAR and self.in_block

    @property
    def weight_size(self) -> int:
        """Numbers of the weight of a linear layer."""
        return self.shape[0] * self.shape[1]


def is_parameter(tensor: StoredTensor) -> bool:
    """Whether training would change the tensor: floating point and no buffer."""
    return tensor.is_floating_point and tensor.name.rsplit(".", 1)[-1] not in BUFFERS


def layers_of(tensors: Sequence[StoredTensor]) -> tuple[Layer, ...]:
    """The layers that the parameters among the tensors make up, in their order."""
    groups: dict[str, list[StoredTensor]] = {}
    for tensor in filter(is_parameter, tensors):
        owner, _, last = tensor.name.rpartition(".")
        groups.setdefault(owner if last in ("weight", "bias") else tensor.name, []).append(tensor)
    return tuple(_layer(name, members) for name, members in groups.items())


def _layer(name: str, members: Sequence[StoredTensor]) -> Layer:
    main = max(members, key=lambda tensor: (len(tensor.shape), tensor.name))  # the weight, not the bias
    in_block = BLOCK.search(main.name) is not None
    return Layer(name, _kind(name, main, in_block), main.shape, sum(t.size for t in members), in_block)


def _kind(name: str, main: StoredTensor, in_block: bool) -> str:
    if not main.name.endswith((".weight", ".bias")):
        return OTHER
    if len(main.shape) == 2:
        return EMBEDDINGS if not in_block and EMBEDDING.search(name) else LINEAR
    return CONVOLUTION if len(main.shape) > 2 else NORMALISATION
