"""How much the heads and hidden channels of a transformer matter to the loss: what pruning decides by.

The measure is a Taylor expansion of the loss around what a unit gives at each token (arXiv 1906.10771, for heads arXiv
1905.10650): the squared product of its deviation from its mean and the gradient there. The mean is what stays when a
unit is taken out, so a unit that always says the same costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ocr.models.trainable import Batch, Pipeline


@dataclass(frozen=True, slots=True)
class BlockImportance:
    """Of one block: ``heads`` (H,) and ``hidden`` (M,), larger matters more; means of what the units give, by channel,
    before the layer that sums them up: ``head_means`` (H * head width,), ``hidden_means`` (M,)."""

    heads: Tensor
    hidden: Tensor
    head_means: Tensor
    hidden_means: Tensor


class _Watched:
    """What a layer is given, summed over batches: the mean by channel, and the importance of groups of channels."""

    def __init__(self, layer: nn.Module, groups: int) -> None:
        self.groups, self.tokens = groups, 0
        self.total: Tensor | float = 0.0
        self.score: Tensor | float = 0.0
        self.handle = layer.register_forward_pre_hook(self.keep)

    def keep(self, layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        self.given: Tensor = inputs[0]
        self.given.retain_grad()

    def add(self) -> None:
        """Take the last batch in, after its backward pass."""
        assert self.given.grad is not None
        given, gradient = self.given.detach().flatten(0, -2), self.given.grad.flatten(0, -2)  # (tokens, C)
        change = (given - given.mean(0)) * gradient
        self.score = self.score + change.unflatten(1, (self.groups, -1)).sum(2).square().sum(0)  # (groups,)
        self.total, self.tokens = self.total + given.sum(0), self.tokens + len(given)

    @property
    def result(self) -> tuple[Tensor, Tensor]:
        """Importance (groups,) and means (C,)."""
        return torch.as_tensor(self.score), torch.as_tensor(self.total) / self.tokens


def block_importance(pipeline: Pipeline, part: str, batches: Sequence[Batch]) -> list[BlockImportance]:
    """Importance in every block of a part, by its loss over the batches. The pipeline is put in evaluation mode."""
    blocks: Any = pipeline.eval().get_submodule(f"{part}.encoder.blocks")
    watched = [(_Watched(b.attn.proj, b.attn.num_heads), _Watched(b.mlp.fc2, b.mlp.fc1.out_features)) for b in blocks]
    try:
        for batch in batches:
            pipeline.zero_grad(set_to_none=True)
            part_loss(pipeline, batch).backward()
            for pair in watched:
                for layer in pair:
                    layer.add()
    finally:
        for pair in watched:
            for layer in pair:
                layer.handle.remove()
        pipeline.zero_grad(set_to_none=True)
    found = [(heads.result, hidden.result) for heads, hidden in watched]
    return [BlockImportance(heads[0], hidden[0], heads[1], hidden[1]) for heads, hidden in found]


def part_loss(pipeline: Pipeline, batch: Batch) -> Tensor:
    """The sum of the named losses of a batch, a scalar."""
    return torch.stack(list(pipeline.loss(pipeline(batch), batch).values())).sum()


@torch.no_grad()
def mean_loss(pipeline: Pipeline, batches: Sequence[Batch]) -> float:
    """Mean over the batches, in evaluation mode."""
    pipeline.eval()
    return sum(float(part_loss(pipeline, batch)) for batch in batches) / len(batches)
