"""Cutting heads, hidden channels and blocks out of a transformer: smaller tensors and the configuration they fit.

All blocks keep equally many heads and channels, so the configuration still says it all. What units gave on average goes
into the bias of the layer that summed them up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ocr.errors import UsageError
from ocr.models.importance import BlockImportance

State = dict[str, Tensor]

MULTIPLE = 8
"""Hidden channels are kept in multiples of this: processors compute them in such groups."""


def without_block(state: Mapping[str, Tensor], config: Any, part: str, block: int) -> tuple[State, Any]:
    """Tensors and configuration of the pipeline without one block of a part; later blocks move up."""
    pattern = re.compile(rf"({re.escape(part)}\.encoder\.(?:blocks|positions)\.)(\d+)(\..*)")
    shorter = {}
    for name, tensor in state.items():
        found = pattern.fullmatch(name)
        number = int(found[2]) if found else -1
        if number != block:
            shorter[f"{found[1]}{number - (number > block)}{found[3]}" if found else name] = tensor
    section = getattr(config, part)
    return shorter, replace(config, **{part: replace(section, depth=section.depth - 1)})


def narrowed(
    state: Mapping[str, Tensor], config: Any, part: str, importance: Sequence[BlockImportance], heads: int, hidden: int
) -> tuple[State, Any]:
    """Tensors and configuration with the so many most important heads and hidden channels of each block."""
    narrow = dict(state)
    section = getattr(config, part)
    for number, block in enumerate(importance):
        prefix = f"{part}.encoder.blocks.{number}"
        width = len(block.head_means) // len(block.heads)
        units = torch.arange(len(block.head_means)).view(-1, width)  # (heads, head width)
        channels = units[largest(block.heads, heads)].flatten()
        _cut_inputs(narrow, f"{prefix}.attn.proj", channels, block.head_means)
        thrice = torch.cat([channels + start * len(block.head_means) for start in range(3)])  # queries, keys, values
        _cut_outputs(narrow, f"{prefix}.attn.qkv", thrice)
        kept = largest(block.hidden, hidden)
        _cut_inputs(narrow, f"{prefix}.mlp.fc2", kept, block.hidden_means)
        _cut_outputs(narrow, f"{prefix}.mlp.fc1", kept)
        head_width = width
    ratio = math.ceil(hidden / section.width * 1e6) / 1e6  # rounded up: width * ratio is cut to a whole number
    changed = replace(section, heads=heads, mlp_ratio=ratio, head_width=head_width)
    return narrow, replace(config, **{part: changed})


def largest(scores: Tensor, count: int) -> Tensor:
    """Places of the largest scores, in rising order."""
    return scores.topk(count).indices.sort().values


def kept_heads(heads: int, share: float) -> int:
    """How many heads stay when this share goes, at least one."""
    return max(1, heads - round(heads * share))


def kept_hidden(hidden: int, share: float) -> int:
    """How many hidden channels stay when this share goes, a multiple of eight where there are as many."""
    return min(hidden, max(MULTIPLE, MULTIPLE * round(hidden * (1 - share) / MULTIPLE)))


def check_prunable(config: Any, part: str, blocks: int) -> None:
    """Raises UsageError for a part on a pretrained backbone, whose sizes are its own, and for too many blocks."""
    section = getattr(config, part)
    if section.backbone:
        raise UsageError(f"{part}: the sizes of the backbone {section.backbone} are its own; distil a smaller model")
    if not 0 <= blocks < section.depth:
        raise UsageError(f"--blocks {blocks}: the {part} has {section.depth}; leave at least one")


def check_factorable(config: Any, part: str, rank: float) -> None:
    """Raises UsageError where convolutions are to be factored that have no such form, or have it already."""
    section = getattr(config, part)
    if rank == 1:
        return
    if not hasattr(section, "rank"):
        raise UsageError(f"--rank {rank:g}: the {part} has no convolutions that could be factored")
    plain = min(section.rank, section.stem_rank)
    if plain < 1:
        raise UsageError(
            f"--rank {rank:g}: the {part} is factored already (rank {plain:g}); start from what it was made of"
        )


def _cut_outputs(state: State, layer: str, kept: Tensor) -> None:
    state[f"{layer}.weight"], state[f"{layer}.bias"] = state[f"{layer}.weight"][kept], state[f"{layer}.bias"][kept]


def _cut_inputs(state: State, layer: str, kept: Tensor, means: Tensor) -> None:
    weight, gone = state[f"{layer}.weight"], torch.ones(len(means), dtype=torch.bool)
    gone[kept] = False
    state[f"{layer}.bias"] = state[f"{layer}.bias"] + weight[:, gone] @ means[gone].to(weight)
    state[f"{layer}.weight"] = weight[:, kept]
