"""A timm ViT over a line image: convolutional stem, one token every 4 px, transformer blocks.

An early convolutional stem instead of one patch projection makes small ViTs train faster and better (Xiao et al.,
arXiv 2106.14881); a depth-wise convolution over the tokens gives relative position at any length (CPVT, arXiv
2102.10882).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ocr.models.transformer_block import transformer_block

STRIDE = 4
"""Pixels of line width a token stands for."""


def conv_norm_act(inputs: int, outputs: int, stride: tuple[int, int]) -> nn.Sequential:
    """3x3 convolution, batch norm, ReLU."""
    conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class LineStem(nn.Module):
    """Grey line image (N, 1, H, W) in [-1, 1] to tokens (N, W/4, D)."""

    def __init__(self, height: int, channels: tuple[int, int, int], width: int) -> None:
        super().__init__()
        first, second, third = channels
        self.down = nn.Sequential(conv_norm_act(1, first, (2, 2)), conv_norm_act(first, second, (2, 2)))
        self.local = conv_norm_act(second, second, (1, 1))
        self.flatten_rows = nn.Sequential(conv_norm_act(second, third, (2, 1)))
        self.project = nn.Conv2d(third, width, (height // 8, 1))

    def forward(self, images: Tensor) -> Tensor:
        features = self.down(images)  # (N, 1, H, W) -> (N, C2, H/4, W/4)
        features = features + self.local(features)
        features = self.flatten_rows(features)  # -> (N, C3, H/8, W/4)
        return self.project(features).squeeze(2).transpose(1, 2)  # -> (N, W/4, D)


class LineEncoder(nn.Module):
    """Stem, positions and ``depth`` timm blocks; returns normalised tokens (N, W/4, D).

    Positions are fixed sines from a random start in training, so that the model learns distances, not places, and
    reads lines longer than those it was trained on.
    """

    positions: Tensor

    def __init__(
        self, height: int, stem: tuple[int, int, int], width: int, depth: int, heads: int, mlp_ratio: float,
        dropout: float, drop_path: float, max_tokens: int, head_width: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.width = width
        self.stem = LineStem(height, stem, width)
        self.local_position = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.register_buffer("positions", sine_positions(max_tokens, width), persistent=False)
        rates = [drop_path * i / max(depth - 1, 1) for i in range(depth)]
        self.blocks = nn.Sequential(
            *(transformer_block(width, heads, mlp_ratio, head_width, dropout, rate) for rate in rates)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.stem(images)  # (N, 1, H, W) -> (N, W/4, D)
        tokens = tokens + self.local_position(tokens.transpose(1, 2)).transpose(1, 2)
        length = tokens.shape[1]
        start = 0
        if self.training:
            start = int(torch.randint(max(self.positions.shape[0] - length, 0) + 1, ()))
        tokens = tokens + self.positions[start : start + length]
        return self.norm(self.blocks(tokens))


def sine_positions(count: int, width: int) -> Tensor:
    """Sine and cosine positions (count, width) as in arXiv 1706.03762, scaled to the size of normalised features."""
    frequencies = torch.exp(torch.arange(0, width, 2) * (-math.log(2000.0) / width))
    angles = torch.arange(count)[:, None] * frequencies[None]  # (count, width / 2)
    return 0.5 * torch.cat([angles.sin(), angles.cos()], dim=1)
