"""The line recognizer's network: a small ViT over one line, a class for every 4 px of width (CTC)."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from ocr.models.encoder import LineEncoder
from ocr.models.line_backbone import LineBackbone
from ocr.models.two_stage.recognizer_config import RecognizerConfig


class Recognizer(nn.Module):
    """Grey line images (N, 1, height, W) with values 0 to 255, W a multiple of 4, to logits (N, W/4, classes).

    Class 0 is the CTC blank. Normalisation is part of the network, so weights cannot be used with the wrong one.
    """

    last_layers: ClassVar[tuple[str, ...]] = ("head",)
    adapted_layers: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: RecognizerConfig, classes: int) -> None:
        super().__init__()
        self.config = config
        self.encoder = line_encoder(config)
        self.head = nn.Linear(self.encoder.width, classes)
        nn.init.trunc_normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.encoder(images / 127.5 - 1.0))


def line_encoder(config: RecognizerConfig) -> LineEncoder | LineBackbone:
    """The small encoder, or the pretrained one that replaces it."""
    if config.backbone:
        return LineBackbone(
            config.backbone, config.pretrained, config.height, config.patch, config.window, config.max_tokens
        )
    return LineEncoder(
        config.height, config.stem, config.width, config.depth, config.heads, config.mlp_ratio,
        config.dropout, config.drop_path, config.max_tokens, config.head_width,
    )  # fmt: skip
