"""Gradient checkpointing (arXiv 1604.06174): what a transformer block computes is thrown away and computed again when
its gradients are due, which costs a third more time and saves most of the memory that the blocks take."""

from __future__ import annotations

from functools import partial

from torch import nn
from torch.utils.checkpoint import checkpoint

BLOCKS = "blocks"
"""Name under which every encoder keeps its transformer blocks, its own or those of a pretrained backbone."""


def checkpoint_blocks(network: nn.Module) -> int:
    """Have all transformer blocks of a network throw away what they computed, in place; returns how many there are.

    Weights, their names and gradients stay as they are. Without gradients, as in reading, nothing changes.
    """
    found = [
        block
        for name, module in network.named_modules()
        if name.split(".")[-1] == BLOCKS
        for block in module.children()
    ]
    for block in found:
        block.forward = partial(checkpoint, block.forward, use_reentrant=False)  # type: ignore[method-assign]
    return len(found)
