"""A pretrained vision encoder taken apart, whichever library it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class VisionEncoder:
    """The parts of a plain vision transformer; class, distillation and register tokens are left out.

    Attributes:
        patches: Weights of the patch embedding (D, 3, height, width).
        bias: Its bias (D,), or None.
        embed_norm: What normalises embedded patches (..., D) before the first block, or None.
        positions: Learnt positions (1, D, rows, columns), or None where the blocks turn their queries and keys instead
            (rotary positions: the blocks are then :class:`ocr.models.backbones.rotary.RotaryBlock`).
        blocks: Each takes tokens (B, L, D) to (B, L, D).
        norm: The norm behind the last block, or None.
    """

    patches: Tensor
    bias: Tensor | None
    embed_norm: nn.Module | None
    positions: Tensor | None
    blocks: list[nn.Module]
    norm: nn.Module | None
