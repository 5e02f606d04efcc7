"""Training that knows of 8 bits (arXiv 1712.05877): layers compute with weights and inputs rounded as ``ocr export
--int8`` rounds them, while gradients pass as if they were not, so that the weights settle where rounding costs little.

Weights keep their names and their precision in the state; only the forward pass changes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ocr.models.onnx_int8 import STAY, stays

LEVELS = 64
"""Steps of a weight on either side of nought: 7 of the 8 bits, as :func:`ocr.models.onnx_int8.write_int8` says why."""

FADING = 0.99
"""What a bound of the inputs keeps of itself where a batch does not reach it."""


def round_layers(network: nn.Module, parts: Sequence[str]) -> int:
    """Have the layers of these parts that ``ocr export --int8`` brings to 8 bits compute with rounded numbers.

    It is done in place; returns how many there are. Linear layers that are in 4 or 8 bits already are none of them.
    """
    count = 0
    for part in parts:
        for name, layer in network.get_submodule(part).named_modules():
            plain = isinstance(layer, (nn.Conv2d, nn.Linear)) and type(layer) in (nn.Conv2d, nn.Linear)
            if plain and not stays(onnx_name(name, layer), STAY.get(part, ())):
                layer.forward = Rounded(layer)
                count += 1
    return count


def onnx_name(name: str, layer: nn.Module) -> str:
    """The name of a layer (``stem_4.0.0``) as patterns of ``--exclude`` are written: ``/stem_4/0/0/Conv``."""
    return f"/{name.replace('.', '/')}/{'Conv' if isinstance(layer, nn.Conv2d) else 'MatMul'}"


class Rounded:
    """The forward pass of a convolution or linear layer whose weights and inputs take 8 bits."""

    def __init__(self, layer: nn.Conv2d | nn.Linear) -> None:
        self.layer, self.low, self.high = layer, 0.0, 0.0

    def __call__(self, inputs: Tensor) -> Tensor:
        layer, weight = self.layer, rounded_weight(self.layer.weight)
        inputs = self.rounded(inputs)
        if isinstance(layer, nn.Conv2d):
            return layer._conv_forward(inputs, weight, layer.bias)
        return F.linear(inputs, weight, layer.bias)

    def rounded(self, inputs: Tensor) -> Tensor:
        """The inputs in 256 steps from the lowest to the highest that batches of late had; nought stays nought."""
        if not inputs.numel():  # a page without characters has none to name
            return inputs
        low, high = (float(bound) for bound in torch.aminmax(inputs.detach()))
        self.low, self.high = min(low, FADING * self.low), max(high, FADING * self.high)
        step = (self.high - self.low) / 255
        if not 0 < step < float("inf"):
            return inputs
        rounded = torch.fake_quantize_per_tensor_affine(inputs.float(), step, round(-self.low / step), 0, 255)
        return rounded.to(inputs.dtype)


def rounded_weight(weight: Tensor) -> Tensor:
    """The weights (O, ...) in 7 bits, each output channel with a step of its own."""
    steps = weight.detach().flatten(1).abs().amax(dim=1).clamp(min=1e-12) / LEVELS
    zeros = torch.zeros_like(steps, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight, steps, zeros, 0, -LEVELS, LEVELS)
