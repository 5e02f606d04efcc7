"""Bytes that parameters take, stored and in training: by precision, with LoRA and with QLoRA. Formulas, no torch."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ocr.models.adapt_config import AdaptConfig
from ocr.parameters import CONVOLUTION, LINEAR, Layer

RANK = AdaptConfig().rank
"""Rank of the LoRA adapters that are counted."""

NF4_BLOCK, NF4_SECOND_BLOCK = 64, 256
"""Weights that share a block constant, and constants that share one of the second level: the values of bitsandbytes."""

LAST_LAYERS = {"recognizer": ("head",), "detector": ("classify",), "spotter": ("maps", "classify")}
"""Layers that are trained in full beside the adapters: new print changes which letters are likely."""

CLASS_HEAD = {"spotter": frozenset({"hidden", "classify", "context"})}
"""Layers, or modules of layers, that look at characters alone; what they keep is left out of the activations."""

SHARED_INPUT = re.compile(r"(?:^|[._])(?:k|v|key|value|k_proj|v_proj)$")
"""Layers that take the same input as the queries' layer, which is kept once."""


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """Bytes of all parameters by precision. In int8 and NF4 only the linear layers of transformer blocks are quantized,
    everything else stays in bf16."""

    fp32: int
    bf16: int
    int8: int
    nf4: int


@dataclass(frozen=True, slots=True)
class TrainingBytes:
    """Bytes that one way of training holds at once.

    Attributes:
        weights: All weights, frozen ones and adapters included.
        gradients: In fp32, of what is trained.
        moments: AdamW's two (arXiv 1711.05101), in fp32, of what is trained.
        average: The running average of what is trained, in fp32, which is what is evaluated and kept.
        activations: What the forward pass of one default batch keeps for the backward pass; an estimate.
    """

    weights: int
    gradients: int
    moments: int
    average: int
    activations: int

    @property
    def total(self) -> int:
        return self.weights + self.gradients + self.moments + self.average + self.activations


def stored_bytes(layers: Sequence[Layer]) -> StoredBytes:
    """Bytes of the parameters by precision.

    int8 as in LLM.int8 (arXiv 2208.07339): a byte a weight and an fp32 constant a row. NF4 with double quantization as
    in QLoRA (arXiv 2305.14314), see :func:`nf4_bytes`.
    """
    count = sum(layer.parameters for layer in layers)
    adaptable = [layer for layer in layers if layer.adaptable]
    rest = 2 * (count - sum(layer.weight_size for layer in adaptable))
    int8 = sum(layer.weight_size + 4 * layer.shape[0] for layer in adaptable)
    nf4 = sum(nf4_bytes(layer.weight_size) for layer in adaptable)
    return StoredBytes(4 * count, 2 * count, rest + int8, rest + nf4)


def nf4_bytes(weights: int) -> int:
    """Bytes of a weight matrix in NF4: 4 bits a weight, 8 bits a block of 64, 32 bits for 256 of those; together 4.127
    bits a weight. The code tables, about 1 kB a layer, are not counted."""
    blocks = math.ceil(weights / NF4_BLOCK)
    return math.ceil(weights / 2) + blocks + 4 * math.ceil(blocks / NF4_SECOND_BLOCK)


def lora_parameters(layers: Sequence[Layer], rank: int = RANK) -> int:
    """What LoRA (arXiv 2106.09685) trains: for each linear layer of a block a matrix (rank, inputs) and one (outputs,
    rank)."""
    return sum(rank * (layer.shape[0] + layer.shape[1]) for layer in layers if layer.adaptable)


def last_parameters(part: str, layers: Sequence[Layer]) -> int:
    """Parameters of the last layers of a part, which are trained together with LoRA."""
    last = {f"{part}.{name}" for name in LAST_LAYERS.get(part, ())}
    return sum(layer.parameters for layer in layers if layer.name in last)


def training_bytes(frozen: int, trained: int, activations: int) -> TrainingBytes:
    """``frozen``: bytes of weights that are not trained; ``trained``: parameters that are, in fp32."""
    return TrainingBytes(frozen + 4 * trained, 4 * trained, 8 * trained, 4 * trained, activations)


def activation_bytes(part: str, layers: Sequence[Layer], pixels: int, token: int) -> int:
    """Bytes in fp32 that a batch keeps for the backward pass, estimated; in bf16 about half.

    Each linear layer keeps its input and its output (the input of the norm, activation or attention behind it), each
    convolution its output twice, before and after batch normalisation. Attention is taken to be fused and to keep no
    matrix of tokens by tokens; padding to whole windows, the class head of the spotter and the losses are left out.

    Args:
        part: Name of the part, such as ``detector``.
        layers: Its layers.
        pixels: Pixels of all images of the batch.
        token: Pixels that one token of the transformer stands for.
    """
    numbers = 0.0
    for layer in layers:
        of_cells = not CLASS_HEAD.get(part, frozenset()).isdisjoint(layer.name.split("."))
        if of_cells or layer.kind not in (LINEAR, CONVOLUTION):
            continue
        inputs = layer.shape[1] if layer.kind == LINEAR else layer.shape[0]
        kept = layer.shape[0] + (0 if SHARED_INPUT.search(layer.name) else inputs)
        numbers += kept * pixels / output_area(layer.name, token)
    return round(4 * numbers)


def output_area(layer: str, token: int) -> int:
    """Pixels that one place in the output of a layer stands for; the names of our layers tell their stride."""
    if re.search(r"stem\.down\.0", layer):
        return 2 * 2
    if re.search(r"stem\.(?:down\.1|local)", layer):
        return 4 * 4
    if "stem.flatten_rows" in layer:
        return 8 * 4
    if found := re.search(r"(?:^|\.)(?:stem|merge|from)_(\d+)(?:\.|$)", layer):
        return int(found[1]) ** 2
    if re.search(r"(?:^|\.)down$", layer):
        return 8 * 8
    if re.search(r"^(?:detector\.classify|spotter\.maps)$", layer):
        return 4 * 4
    return token
