"""A ViT over a whole page of any size: features at stride 8 in, tokens at stride 16 out.

The blocks look at the page in windows, as in ViTDet (arXiv 2203.16527). Windows talk to each other through a depthwise
convolution before each block, which also tells tokens their place (conditional positional encoding, arXiv 2102.10882).
So the encoder takes pages of any size, and its cost grows linearly with the area.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from ocr.models.backbone import load_backbone
from ocr.models.backbones.rotary import place_blocks
from ocr.models.transformer_block import transformer_block

PATCH = 16
"""Side in px of the patches that a page is cut into, whatever the backbone was trained with."""


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """Size of the transformer, or the name or folder of a vision transformer (``backbone``) that replaces it.

    ``window`` is the side of an attention window in tokens. If ``strip`` is set, every second block looks at the page
    in strips of that length and half a window's width instead, lying and standing by turns: they see more of a line
    of text, and windows overlap from block to block (CSWin, arXiv 2107.00652). ``head_width``: channels of a head;
    0: ``width / heads``.
    """

    width: int
    depth: int
    heads: int
    mlp_ratio: float
    window: int
    backbone: str = ""
    pretrained: bool = False
    strip: int = 0
    head_width: int = 0


class PageEncoder(nn.Module):
    """A vision transformer over stride-8 features (and, with a backbone, over the page itself) at stride 16."""

    embedding_layers: ClassVar[tuple[str, ...]] = ("embed_page", "window_positions")
    """Those of a backbone that lie below its blocks."""

    def __init__(self, channels: int, config: EncoderConfig) -> None:
        super().__init__()
        self.window = config.window
        self.embed_page: nn.Module | None = None
        if config.backbone:
            backbone = load_backbone(config.backbone, config.pretrained, (PATCH, PATCH), (config.window, config.window))
            self.width, self.embed_page, blocks = backbone.width, backbone.embed, backbone.blocks
            self.window_positions, norm = backbone.positions, backbone.norm
        else:
            self.width = config.width
            size = config.width, config.heads, config.mlp_ratio, config.head_width
            blocks = [transformer_block(*size) for _ in range(config.depth)]
            norm = nn.LayerNorm(config.width)
        self.blocks = nn.ModuleList(blocks)
        self.shapes = window_shapes(len(blocks), config.window, config.strip)
        place_blocks(blocks, self.shapes, config.window)
        self.embed = convolution(channels, self.width, stride=2)
        self.positions = nn.ModuleList(
            nn.Conv2d(self.width, self.width, 5, padding=2, groups=self.width) for _ in self.blocks
        )
        for parameter in self.positions.parameters():
            nn.init.zeros_(parameter)  # each block starts as it was trained
        self.norm = norm

    def forward(self, features: Tensor, page: Tensor) -> Tensor:
        """Features (N, C, H/8, W/8) and the normalised page (N, 1, H, W) to tokens (N, width, H/16, W/16)."""
        x = self.embed(features)
        if self.embed_page is not None:
            x = x + self.embed_page(page.expand(-1, 3, -1, -1))
        height, width = x.shape[2:]
        # Whole windows: the page grows by empty tokens at its right and lower edge, which are cut off again.
        x = F.pad(x, (0, -width % self.window, 0, -height % self.window))
        if self.embed_page is not None:
            x = x + self.window_positions.repeat(1, 1, x.shape[2] // self.window, x.shape[3] // self.window)
        for position, block, shape in zip(self.positions, self.blocks, self.shapes, strict=True):
            x = in_windows(block, x + position(x), shape)
        x = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return x[:, :, :height, :width]


def window_shapes(depth: int, window: int, strip: int) -> list[tuple[int, int]]:
    """Height and width in tokens of the attention windows of each block."""
    if not strip:
        return [(window, window)] * depth
    turns = [(window, window), (window // 2, strip), (window, window), (strip, window // 2)]
    return [turns[number % len(turns)] for number in range(depth)]


def in_windows(block: nn.Module, x: Tensor, shape: tuple[int, int]) -> Tensor:
    """A block over x (N, C, H, W), each window of this shape by itself; the page is padded to whole ones."""
    height, width = x.shape[2:]
    x = F.pad(x, (0, -width % shape[1], 0, -height % shape[0]))
    rows, columns = x.shape[2] // shape[0], x.shape[3] // shape[1]
    return from_windows(block(to_windows(x, rows, columns, shape)), rows, columns, shape)[:, :, :height, :width]


def to_windows(x: Tensor, rows: int, columns: int, shape: tuple[int, int]) -> Tensor:
    """(N, C, rows*h, columns*w) -> (N*rows*columns, h*w, C).

    Channels go last first: ONNX Runtime moves all axes at once nine times as slowly as it does these two steps.
    """
    batch, channels = x.shape[:2]
    x = x.permute(0, 2, 3, 1).reshape(batch, rows, shape[0], columns, shape[1], channels).permute(0, 1, 3, 2, 4, 5)
    return x.reshape(batch * rows * columns, shape[0] * shape[1], channels)


def from_windows(x: Tensor, rows: int, columns: int, shape: tuple[int, int]) -> Tensor:
    """(N*rows*columns, h*w, C) -> (N, C, rows*h, columns*w), in the same two steps."""
    channels = x.shape[2]
    x = x.reshape(-1, rows, columns, *shape, channels).permute(0, 1, 3, 2, 4, 5)
    return x.reshape(-1, rows * shape[0], columns * shape[1], channels).permute(0, 3, 1, 2).contiguous()


def convolution(channels: int, features: int, stride: int = 1, rank: float = 1.0) -> nn.Sequential:
    """A 3 x 3 convolution with batch normalisation, which ONNX Runtime folds into the convolution's weights.

    With a ``rank`` below 1 that share of the channels goes through it, between two 1 x 1 convolutions with nothing but
    sums in them (Tucker-2 factors, arXiv 1511.06530; :mod:`ocr.models.factor` makes them of a trained one).
    """
    last = (nn.BatchNorm2d(features), nn.ReLU())
    if rank >= 1:
        return nn.Sequential(nn.Conv2d(channels, features, 3, stride=stride, padding=1, bias=False), *last)
    narrow, fewer = max(1, round(channels * rank)), max(1, round(features * rank))
    return nn.Sequential(
        nn.Conv2d(channels, narrow, 1, bias=False),
        nn.Conv2d(narrow, fewer, 3, stride=stride, padding=1, bias=False),
        nn.Conv2d(fewer, features, 1, bias=False),
        *last,
    )
