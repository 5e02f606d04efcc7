"""Rotary positions in two dimensions (arXiv 2104.09864) for attention windows of a known height.

Attention sees only distances between tokens, so what counts is how far a step of one token turns; where counting
starts does not.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class RotaryBlock(nn.Module):
    """A transformer block whose attention is told where tokens stand. Call :meth:`place` before the first use.

    Subclasses implement ``frequencies`` and ``forward``, in which :meth:`rotation` gives cosines and sines.
    """

    cosine: Tensor
    sine: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("cosine", torch.empty(0), persistent=False)
        self.register_buffer("sine", torch.empty(0), persistent=False)

    def frequencies(self, side: int) -> Tensor:
        """Angles (head width / 4,) that one token's step turns by, if the image is ``side`` tokens high and wide."""
        raise NotImplementedError

    def place(self, rows: int, columns: int, side: int) -> None:
        """Windows have so many rows and at most so many columns, counted in tokens, row by row.

        ``side``: Tokens along each side of the square image that the model takes the window for a part of.
        """
        step = self.frequencies(side).to(self.cosine.device)
        down = torch.arange(rows, device=step.device)[:, None, None] * step  # (rows, 1, F)
        right = torch.arange(columns, device=step.device)[None, :, None] * step  # (1, columns, F)
        shape = (rows, columns, len(step))
        angles = torch.cat([down.expand(shape), right.expand(shape)], dim=2).tile(2)  # (rows, columns, 4F)
        self.cosine, self.sine = angles.cos(), angles.sin()

    def rotation(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines (L, head width) for tokens (B, L, D) of whole rows."""
        columns = tokens.shape[1] // self.cosine.shape[0]
        return tuple(part[:, :columns].flatten(0, 1).to(tokens.dtype) for part in (self.cosine, self.sine))  # type: ignore[return-value]


def place_blocks(blocks: list[nn.Module], shapes: list[tuple[int, int]], side: int) -> None:
    """Tell rotary blocks the height and width of their windows; other blocks need not know."""
    for block, (rows, columns) in zip(blocks, shapes, strict=True):
        if isinstance(block, RotaryBlock):
            block.place(rows, columns, side)


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Queries or keys (B, heads, L, head width) turned by angles given as cosines and sines (L, head width)."""
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat([-second, first], dim=-1) * sine
