"""The text detector: a grey page in, one logit for every 4 x 4 pixels out, positive on the core of text lines.

A light convolutional stem brings the page to stride 16; a plain vision transformer (blocks of timm) looks at it in
windows, as in ViTDet (arXiv 2203.16527); a light head joins its features with those of the stem and goes back up to
stride 4, where the probability map of differentiable binarisation (DBNet, arXiv 1911.08947) is read off.

Windows talk to each other through a depthwise convolution before each block, which also tells tokens their place
(conditional positional encoding, arXiv 2102.10882). So the network takes pages of any size, and its cost grows
linearly with the area.
"""

from __future__ import annotations

from typing import Any

import timm
import torch
import torch.nn.functional as F
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from ocr.errors import UsageError
from ocr.models.two_stage.detector_config import DetectorConfig

TOKEN_STRIDE = 16


class Detector(nn.Module):
    """Probability map of text line cores; see :mod:`ocr.models.two_stage.detector_decode` for what becomes of it."""

    mean: Tensor
    deviation: Tensor
    prior: Tensor

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.tensor(190.0))
        self.register_buffer("deviation", torch.tensor(64.0))
        half, quarter, eighth = config.stem
        self.stem_2 = convolution(1, half, stride=2)
        self.stem_4 = convolution(half, quarter, stride=2)
        self.stem_8 = convolution(quarter, eighth, stride=2)
        self.encoder = WindowedEncoder(eighth, config)
        self.from_16 = nn.Conv2d(self.encoder.width, config.head, 1)
        self.from_8 = nn.Conv2d(eighth, config.head, 1)
        self.merge_8 = convolution(config.head, config.head)
        self.down = nn.Conv2d(config.head, config.head // 2, 1)
        self.from_4 = nn.Conv2d(quarter, config.head // 2, 1)
        self.merge_4 = convolution(config.head // 2, config.head // 2)
        self.classify = nn.Conv2d(config.head // 2, 1, 1)
        self.register_buffer("prior", torch.tensor(-2.0))  # logit: about 1 cell in 8 lies on a line core

    def forward(self, images: Tensor) -> Tensor:
        """Logits of text line cores.

        Args:
            images: Grey pages (N, 1, H, W), float, 0 black to 255 white; H and W are multiples of 32.

        Returns:
            Logits (N, 1, H/4, W/4).
        """
        x = (images - self.mean) / self.deviation
        stride_4 = self.stem_4(self.stem_2(x))  # (N, 32, H/4, W/4)
        stride_8 = self.stem_8(stride_4)  # (N, 64, H/8, W/8)
        stride_16 = self.encoder(stride_8, x)  # (N, width, H/16, W/16)
        x = F.interpolate(self.from_16(stride_16), scale_factor=2.0, mode="nearest") + self.from_8(stride_8)
        x = self.down(self.merge_8(x))  # (N, head/2, H/8, W/8)
        x = F.interpolate(x, scale_factor=2.0, mode="nearest") + self.from_4(stride_4)
        return self.classify(self.merge_4(x)) + self.prior  # (N, 1, H/4, W/4)


class WindowedEncoder(nn.Module):
    """A vision transformer over stride-8 features (or, for a timm backbone, over the page itself) at stride 16."""

    def __init__(self, channels: int, config: DetectorConfig) -> None:
        super().__init__()
        self.window = config.window
        self.embed_page: nn.Module | None = None
        if config.backbone:
            backbone = load_backbone(config)
            self.width, self.embed_page = backbone.embed_dim, backbone.patch_embed.proj
            blocks = list(backbone.blocks)
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


def load_backbone(config: DetectorConfig) -> Any:
    """The timm vision transformer of that name.

    Raises:
        UsageError: The name is unknown to timm, or the model is no vision transformer with 16-pixel patches.
    """
    try:
        backbone = timm.create_model(config.backbone, pretrained=config.pretrained, num_classes=0)
    except RuntimeError as error:
        raise UsageError(
            f"backbone {config.backbone!r} cannot be made: {error}; see timm.list_models('vit_*')"
        ) from error
    patch = getattr(getattr(backbone, "patch_embed", None), "patch_size", None)
    if patch != (TOKEN_STRIDE, TOKEN_STRIDE) or not hasattr(backbone, "blocks"):
        raise UsageError(
            f"backbone {config.backbone!r} is no vision transformer with 16-pixel patches (its patch size: {patch}); "
            "choose one such as vit_small_patch16_224"
        )
    return backbone
