"""A pretrained timm vision transformer made fit for pages: its patches, positions and blocks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from timm.layers import resample_abs_pos_embed, resample_patch_embed
from torch import nn

from ocr.errors import UsageError

PATCH = 16
"""Side in px of the patches that a page is cut into, whatever the backbone was trained with."""


@dataclass(frozen=True, slots=True)
class Backbone:
    """``embed`` takes RGB pages (N, 3, H, W) to (N, D, H/16, W/16); ``positions`` (1, D, window, window) are those of
    one attention window, which looks to the blocks like the small image they were trained on."""

    width: int
    embed: nn.Conv2d
    positions: nn.Parameter
    blocks: list[nn.Module]


def load_backbone(name: str, pretrained: bool, window: int) -> Backbone:
    """The timm vision transformer of that name, or of a local folder (``config.json``, ``model.safetensors``).

    Patches of another size are resampled to 16 px (FlexiViT, arXiv 2212.08013), positions to the attention window.

    Raises:
        UsageError: timm does not know the name, its weights cannot be had, or it is no plain vision transformer.
    """
    model = create(name, pretrained)
    patches = getattr(getattr(model, "patch_embed", None), "proj", None)
    blocks, positions = getattr(model, "blocks", None), getattr(model, "pos_embed", None)
    if not isinstance(patches, nn.Conv2d) or blocks is None or not isinstance(positions, nn.Parameter):
        raise UsageError(
            f"backbone {name!r} is no plain vision transformer (patches, learnt positions, blocks); "
            "choose one such as vit_small_patch16_224"
        )
    weight, bias = patches.weight.detach(), patches.bias
    embed = nn.Conv2d(3, model.embed_dim, PATCH, stride=PATCH, bias=bias is not None)
    with torch.no_grad():
        embed.weight.copy_(resample_patch_embed(weight, [PATCH, PATCH]))
        if bias is not None and embed.bias is not None:
            embed.bias.copy_(bias)
    prefix = 0 if getattr(model, "no_embed_class", False) else model.num_prefix_tokens
    grid = resample_abs_pos_embed(positions.detach()[:, prefix:], [window, window], num_prefix_tokens=0)
    grid = grid.transpose(1, 2).reshape(1, -1, window, window)  # (1, window^2, D) -> (1, D, window, window)
    return Backbone(model.embed_dim, embed, nn.Parameter(grid), list(blocks))


def create(name: str, pretrained: bool) -> Any:
    """The timm model. Raises UsageError, with the way that needs no network where the network is what failed."""
    local = Path(name).is_dir()
    try:
        return timm.create_model(f"local-dir:{name}" if local else name, pretrained=pretrained, num_classes=0)
    except (OSError, RuntimeError, ValueError) as error:
        first = " ".join(str(error).split())[:200]
        if pretrained and not local and timm.is_model(name):
            raise UsageError(
                f"the weights of backbone {name!r} cannot be fetched ({first}); "
                "give a folder that holds its config.json and model.safetensors instead of the name"
            ) from error
        raise UsageError(f"backbone {name!r} cannot be made: {first}; see timm.list_models('vit_*')") from error
