"""A pretrained vision transformer made fit for pages and lines: its patches, positions and blocks.

Where it comes from is told by its folder: timm (:mod:`ocr.models.backbones.timm_vit`), transformers
(:mod:`ocr.models.backbones.transformers_vit`) or MonkeyOCRv2 (:mod:`ocr.models.backbones.monkeyocr_vit`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from timm.layers import resample_abs_pos_embed, resample_patch_embed
from torch import Tensor, nn

from ocr.errors import UsageError
from ocr.models.backbones.encoder import VisionEncoder
from ocr.models.backbones.hub import fetch
from ocr.models.backbones.monkeyocr_vit import MODEL_TYPE, monkeyocr_encoder
from ocr.models.backbones.timm_vit import timm_encoder
from ocr.models.backbones.transformers_vit import transformers_encoder

CONFIG = "config.json"


@dataclass(frozen=True, slots=True)
class Backbone:
    """A transformer whose patches and positions have the sizes that were asked for.

    Attributes:
        width: Features D of a token.
        embed: RGB images (N, 3, H, W) to patches (N, D, H / patch height, W / patch width).
        positions: Learnt positions (1, D, rows, columns) of one window, which looks to the blocks like the small image
            they were trained on; zeros if the blocks have rotary positions.
        blocks: Each takes tokens (B, L, D) to (B, L, D), and knows its window if it is a
            :class:`ocr.models.backbones.rotary.RotaryBlock`.
        norm: The norm behind the last block.
    """

    width: int
    embed: nn.Module
    positions: nn.Parameter
    blocks: list[nn.Module]
    norm: nn.Module


def load_backbone(name: str, pretrained: bool, patch: tuple[int, int], window: tuple[int, int]) -> Backbone:
    """The vision transformer of a local folder (``config.json``, ``model.safetensors``), of a timm name, or of the hub.

    Patches of another size (height, width) in px are resampled (FlexiViT, arXiv 2212.08013), learnt positions to the
    window (rows, columns) in tokens.

    Raises:
        UsageError: Nothing of that name is known, its weights cannot be had, or it is no plain vision transformer.
    """
    encoder = read_encoder(name, pretrained)
    width = encoder.patches.shape[0]
    norm = encoder.norm or nn.LayerNorm(width)
    return Backbone(width, patch_embedding(encoder, patch), window_positions(encoder, window), encoder.blocks, norm)


def read_encoder(name: str, pretrained: bool) -> VisionEncoder:
    """The encoder as it was trained."""
    folder = Path(name)
    if not folder.is_dir():
        if "/" not in name or name.startswith("timm/"):
            return timm_encoder(name, pretrained)
        folder = fetch(name, name, weights=pretrained)
    config = read_config(folder, name)
    model_type = config.get("model_type")
    if "architecture" in config:
        return timm_encoder(str(folder), pretrained)
    if model_type == MODEL_TYPE:
        return monkeyocr_encoder(folder, name, config, pretrained)
    if model_type is None:
        raise UsageError(f"backbone {name!r}: its {CONFIG} names neither an architecture of timm nor a model_type")
    return transformers_encoder(folder, name, model_type, pretrained)


def read_config(folder: Path, name: str) -> dict[str, Any]:
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"backbone {name!r}: cannot read {folder / CONFIG} ({error}); it says what the model is"
        ) from error
    if not isinstance(config, dict):
        raise UsageError(f"backbone {name!r}: {folder / CONFIG} is no JSON object")
    return config


def patch_embedding(encoder: VisionEncoder, patch: tuple[int, int]) -> nn.Module:
    """A convolution with patches of this height and width, and the norm behind it where there is one."""
    convolution = nn.Conv2d(3, encoder.patches.shape[0], patch, stride=patch, bias=encoder.bias is not None)
    with torch.no_grad():
        convolution.weight.copy_(resample_patch_embed(encoder.patches, list(patch)))
        if encoder.bias is not None and convolution.bias is not None:
            convolution.bias.copy_(encoder.bias)
    return nn.Sequential(convolution, ChannelNorm(encoder.embed_norm)) if encoder.embed_norm else convolution


class ChannelNorm(nn.Module):
    """A norm of tokens (..., D) over the channels of a map (N, D, H, W)."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        normalised: Tensor = self.norm(x.permute(0, 2, 3, 1))
        return normalised.permute(0, 3, 1, 2)


def window_positions(encoder: VisionEncoder, window: tuple[int, int]) -> nn.Parameter:
    """Positions (1, D, rows, columns), resampled from the learnt ones; zeros where there are none."""
    if encoder.positions is None:
        return nn.Parameter(torch.zeros(1, encoder.patches.shape[0], *window))
    learnt = encoder.positions.flatten(2).transpose(1, 2)  # (1, D, rows, columns) -> (1, L, D)
    old = list(encoder.positions.shape[2:])
    grid = resample_abs_pos_embed(learnt, list(window), old_size=old, num_prefix_tokens=0)
    return nn.Parameter(grid.transpose(1, 2).unflatten(2, window).contiguous())
