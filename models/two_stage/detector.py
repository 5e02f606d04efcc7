"""The text detector: a grey page in, one logit for every 4 x 4 pixels out, positive on the core of text lines.

A light convolutional stem brings the page to stride 8; a vision transformer looks at it in windows
(:mod:`ocr.models.page_encoder`); a light head joins its features with those of the stem and goes back up to stride 4,
where the probability map of differentiable binarisation (DBNet, arXiv 1911.08947) is read off.
"""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ocr.models.page_encoder import EncoderConfig, PageEncoder, convolution
from ocr.models.two_stage.detector_config import DetectorConfig


class Detector(nn.Module):
    """Probability map of text line cores; see :mod:`ocr.models.two_stage.detector_decode` for what becomes of it."""

    last_layers: ClassVar[tuple[str, ...]] = ("classify",)
    adapted_layers: ClassVar[tuple[str, ...]] = ()
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
        vision = EncoderConfig(
            config.width, config.depth, config.heads, config.mlp_ratio, config.window, config.backbone,
            config.pretrained, head_width=config.head_width,
        )  # fmt: skip
        self.encoder = PageEncoder(eighth, vision)
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
