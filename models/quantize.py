"""Frozen backbones in 4 or 8 bits for QLoRA (arXiv 2305.14314), by bitsandbytes; call before peft adds its adapters."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import nn

from ocr.errors import UsageError

BITS = (4, 8)

BLOCKS = frozenset({"blocks", "layers"})
"""What the list of transformer blocks is called: in our networks and timm's, in language models of transformers."""


def quantize_backbone(module: nn.Module, bits: int, compute_dtype: torch.dtype) -> list[str]:
    """Replace the frozen linear layers of transformer blocks in place, on the device where they are.

    Args:
        module: A pipeline or a part of it, whose transformer blocks stand in one of ``BLOCKS``.
        bits: 4 (NF4 with double quantization) or 8 (LLM.int8, arXiv 2208.07339).
        compute_dtype: Type that 4-bit weights are unpacked to for multiplying.

    Returns:
        Names of the layers that were replaced.

    Raises:
        UsageError: Another number of bits, nothing is frozen, or bitsandbytes cannot do it on this device.
    """
    if bits not in BITS:
        raise UsageError(f"quantization to {bits} bits is unknown; known are {', '.join(map(str, BITS))}")
    layers = frozen_linears(module)
    if not layers:
        raise UsageError("no frozen linear layer stands in a transformer block; freeze the backbone before quantizing")
    for name, layer in layers.items():
        parent, _, last = name.rpartition(".")
        setattr(module.get_submodule(parent), last, quantized(layer, bits, compute_dtype))
    return list(layers)


def frozen_linears(module: nn.Module) -> dict[str, nn.Linear]:
    """Linear layers of transformer blocks whose weights are not trained, by name."""
    return {
        name: layer
        for name, layer in module.named_modules()
        if type(layer) is nn.Linear and in_block(name) and not layer.weight.requires_grad
    }


def in_block(name: str) -> bool:
    """Whether a layer of this full name stands in a transformer block."""
    return not BLOCKS.isdisjoint(name.split("."))


def quantized(layer: nn.Linear, bits: int, compute_dtype: torch.dtype) -> nn.Module:
    """The layer with a weight of so many bits, tried once. Raises UsageError if this device cannot do it."""
    import bitsandbytes as bnb

    device, bias = layer.weight.device, layer.bias is not None
    weight = layer.weight.detach().clone()
    new: Any
    try:
        if bits == 4:
            new = bnb.nn.Linear4bit(
                layer.in_features, layer.out_features, bias=bias, compute_dtype=compute_dtype, quant_type="nf4"
            )
            # on processors with bf16 it would pack weights anew once it evaluates: for some sizes alone, in bf16, and
            # training cannot go on with them
            new.support_avx512bf16_for_cpu = False
            new.weight = bnb.nn.Params4bit(
                weight.cpu(), requires_grad=False, quant_type="nf4", compress_statistics=True
            )
        else:
            new = bnb.nn.Linear8bitLt(layer.in_features, layer.out_features, bias=bias, has_fp16_weights=False)
            new.weight = bnb.nn.Int8Params(weight.cpu(), requires_grad=False, has_fp16_weights=False)
        if bias:
            new.bias = nn.Parameter(layer.bias.detach().clone(), requires_grad=False)
        new = new.to(device)
        with torch.no_grad():
            new(torch.zeros(1, layer.in_features, device=device, dtype=compute_dtype))
    except (RuntimeError, NotImplementedError, AttributeError, ValueError) as error:
        raise UsageError(
            f"bitsandbytes {bnb.__version__} cannot compute with {bits}-bit weights on {device.type} "
            f"({' '.join(str(error).split())[:120]}); train on CUDA, or without quantization"
        ) from error
    return new


def optimizer_class(device: torch.device) -> type[torch.optim.AdamW]:
    """AdamW for QLoRA: on CUDA its states in 8 bits, paged out when memory runs short; elsewhere torch's own."""
    if device.type != "cuda":
        return torch.optim.AdamW
    import bitsandbytes as bnb

    paged: Any = bnb.optim.PagedAdamW8bit
    return cast(type[torch.optim.AdamW], paged)  # it takes what AdamW takes
