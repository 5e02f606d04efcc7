"""A pretrained vision transformer over a line image of any width.

Its patches are resampled to be narrow (:mod:`ocr.models.backbone`), so that a column of them holds about a letter.
Attention sees the whole line. Learnt positions are spread over a fixed number of columns and repeated on longer lines;
a depthwise convolution before each block tells such places apart (conditional positional encoding, arXiv 2102.10882).
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ocr.errors import UsageError
from ocr.models.backbone import load_backbone
from ocr.models.backbones.rotary import place_blocks
from ocr.models.encoder import STRIDE

PATCH_WIDTHS = (4, 8)


class LineBackbone(nn.Module):
    """Grey line images (N, 1, height, W) in [-1, 1], W a multiple of 4, to tokens (N, W/4, width)."""

    embedding_layers: ClassVar[tuple[str, ...]] = ("embed", "window_positions")
    """Those of the backbone that lie below its blocks."""

    def __init__(
        self, backbone: str, pretrained: bool, height: int, patch: tuple[int, int], window: int, max_tokens: int
    ) -> None:
        """Settings as in :class:`ocr.models.two_stage.recognizer_config.RecognizerConfig`.

        Raises UsageError for patches that do not fit the line, and as :func:`load_backbone` does.
        """
        super().__init__()
        if height % patch[0] or patch[1] not in PATCH_WIDTHS:
            raise UsageError(
                f"patch={list(patch)} does not fit lines of {height} px: its height must divide theirs, "
                f"its width be one of {', '.join(map(str, PATCH_WIDTHS))}"
            )
        rows = height // patch[0]
        loaded = load_backbone(backbone, pretrained, patch, (rows, window))
        self.width, self.patch_width = loaded.width, patch[1]
        self.embed, self.window_positions = loaded.embed, loaded.positions
        self.blocks = nn.ModuleList(loaded.blocks)
        columns = max_tokens * STRIDE // patch[1]
        place_blocks(loaded.blocks, [(rows, columns)] * len(loaded.blocks), side=round(math.sqrt(rows * window)))
        self.positions = nn.ModuleList(
            nn.Conv2d(self.width, self.width, 5, padding=2, groups=self.width) for _ in self.blocks
        )
        for parameter in self.positions.parameters():
            nn.init.zeros_(parameter)  # each block starts as it was trained
        self.norm = loaded.norm
        self.gather = nn.Linear(rows * self.width, self.width * patch[1] // STRIDE)

    def forward(self, images: Tensor) -> Tensor:
        length = images.shape[3] // STRIDE
        images = F.pad(images, (0, -images.shape[3] % self.patch_width, 0, 0), mode="replicate")
        x = self.embed(images.expand(-1, 3, -1, -1))  # (N, D, rows, columns)
        batch, width, rows, columns = x.shape
        x = x + self.window_positions[..., torch.arange(columns, device=x.device) % self.window_positions.shape[3]]
        for position, block in zip(self.positions, self.blocks, strict=True):
            x = x + position(x)
            x = block(x.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(batch, width, rows, columns)
        x = self.norm(x.permute(0, 3, 2, 1))  # (N, columns, rows, D)
        return self.gather(x.flatten(2)).reshape(batch, -1, self.width)[:, :length]  # a column is one token or two
