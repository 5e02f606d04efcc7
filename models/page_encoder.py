"""A timm ViT over a whole page of any size: features at stride 8 in, tokens at stride 16 out.

The blocks look at the page in windows, as in ViTDet (arXiv 2203.16527). Windows talk to each other through a depthwise
convolution before each block, which also tells tokens their place (conditional positional encoding, arXiv 2102.10882).
So the encoder takes pages of any size, and its cost grows linearly with the area.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from ocr.models.backbone import load_backbone


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """Size of the transformer, or the name of a timm vision transformer (``backbone``) that replaces it."""

    width: int
    depth: int
    heads: int
    mlp_ratio: float
    window: int
    backbone: str = ""
    pretrained: bool = False


class PageEncoder(nn.Module):
    """A vision transformer over stride-8 features (or, for a timm backbone, over the page itself) at stride 16."""

    def __init__(self, channels: int, config: EncoderConfig) -> None:
        super().__init__()
        self.window = config.window
        self.embed_page: nn.Module | None = None
        if config.backbone:
            backbone = load_backbone(config.backbone, config.pretrained, config.window)
            self.width, self.embed_page, blocks = backbone.width, backbone.embed, backbone.blocks
            self.window_positions = backbone.positions
        else:
            self.width = config.width
            blocks = [Block(config.width, config.heads, config.mlp_ratio, qkv_bias=True) for _ in range(config.depth)]
        self.blocks = nn.ModuleList(blocks)
        self.embed = convolution(channels, self.width, stride=2)
        self.positions = nn.ModuleList(
            nn.Conv2d(self.width, self.width, 5, padding=2, groups=self.width) for _ in self.blocks
        )
        for parameter in self.positions.parameters():
            nn.init.zeros_(parameter)  # each block starts as timm's own
        self.norm = nn.LayerNorm(self.width)

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
        for position, block in zip(self.positions, self.blocks, strict=True):
            x = x + position(x)
            rows, columns = x.shape[2] // self.window, x.shape[3] // self.window
            x = from_windows(block(to_windows(x, rows, columns, self.window)), rows, columns, self.window)
        x = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return x[:, :, :height, :width]


def to_windows(x: Tensor, rows: int, columns: int, size: int) -> Tensor:
    """(N, C, rows*size, columns*size) -> (N*rows*columns, size*size, C)."""
    batch, channels = x.shape[:2]
    x = x.reshape(batch, channels, rows, size, columns, size).permute(0, 2, 4, 3, 5, 1)
    return x.reshape(batch * rows * columns, size * size, channels)


def from_windows(x: Tensor, rows: int, columns: int, size: int) -> Tensor:
    """(N*rows*columns, size*size, C) -> (N, C, rows*size, columns*size)."""
    channels = x.shape[2]
    x = x.reshape(-1, rows, columns, size, size, channels).permute(0, 5, 1, 3, 2, 4)
    return x.reshape(-1, channels, rows * size, columns * size)


def convolution(channels: int, features: int, stride: int = 1) -> nn.Sequential:
    """A 3 x 3 convolution with batch normalisation, which ONNX Runtime folds into the convolution's weights."""
    return nn.Sequential(
        nn.Conv2d(channels, features, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(features), nn.ReLU()
    )
