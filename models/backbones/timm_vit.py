"""Vision transformers of timm: by name, or from a folder that timm wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import timm
from torch import nn

from ocr.errors import UsageError
from ocr.models.backbones.encoder import VisionEncoder
from ocr.models.backbones.hub import fetch


def timm_encoder(name: str, pretrained: bool) -> VisionEncoder:
    """The model of that name, or of a local folder. Raises UsageError if it is no plain vision transformer."""
    model = create(name, pretrained)
    patches = getattr(getattr(model, "patch_embed", None), "proj", None)
    blocks, positions = getattr(model, "blocks", None), getattr(model, "pos_embed", None)
    if not isinstance(patches, nn.Conv2d) or blocks is None or not isinstance(positions, nn.Parameter):
        raise UsageError(
            f"backbone {name!r} is no plain vision transformer (patches, learnt positions, blocks); "
            "choose one such as vit_small_patch16_224"
        )
    prefix = 0 if getattr(model, "no_embed_class", False) else model.num_prefix_tokens
    grid = positions.detach()[:, prefix:].unflatten(1, model.patch_embed.grid_size)  # (1, rows, columns, D)
    bias = None if patches.bias is None else patches.bias.detach()
    norm = getattr(model, "norm", None)
    last = None if isinstance(norm, nn.Identity) else norm
    before = model.norm_pre if not isinstance(getattr(model, "norm_pre", nn.Identity()), nn.Identity) else None
    if before is not None:
        raise UsageError(f"backbone {name!r} normalises its tokens before the first block; choose one that does not")
    return VisionEncoder(patches.weight.detach(), bias, None, grid.permute(0, 3, 1, 2), list(blocks), last)


def create(name: str, pretrained: bool) -> Any:
    """The timm model. Raises UsageError, with the way that needs no network where the network is what failed."""
    architecture = name.removeprefix("timm/")
    source = name
    if not Path(name).is_dir():
        if not timm.is_model(architecture):
            raise UsageError(
                f"backbone {name!r} is neither a folder here nor a model that timm knows nor an OWNER/NAME of the "
                "model hub; see timm.list_models('vit_*')"
            )
        source = architecture
        if pretrained:
            published = timm.get_pretrained_cfg(architecture)
            if published is None or not published.hf_hub_id:
                raise UsageError(f"backbone {name!r} has no published weights; set pretrained=false or take another")
            source = str(fetch(published.hf_hub_id, name, weights=True))
    local = Path(source).is_dir()
    try:
        return timm.create_model(f"local-dir:{source}" if local else source, pretrained=pretrained, num_classes=0)
    except (OSError, RuntimeError, ValueError) as error:
        first = " ".join(str(error).split())[:200]
        raise UsageError(f"backbone {name!r} cannot be made: {first}; see timm.list_models('vit_*')") from error
