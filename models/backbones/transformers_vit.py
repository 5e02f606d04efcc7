"""Vision encoders of Hugging Face transformers: ViT, DeiT, DINOv2, DINOv3, SigLIP, alone or inside a larger model.

They are read from a folder with ``config.json`` and ``model.safetensors``. No code of the folder is run and nothing is
unpickled.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ocr.errors import UsageError
from ocr.models.backbones.encoder import VisionEncoder
from ocr.models.backbones.rotary import RotaryBlock

MODEL_TYPES = (
    "vit", "deit", "dinov2", "dinov2_with_registers", "dinov3_vit", "siglip_vision_model", "siglip",
    "vision-encoder-decoder",
)  # fmt: skip
"""``model_type`` of the configs that are understood; the last two are larger models that hold an encoder."""


class TransformersBlock(nn.Module):
    """A layer of transformers, called without mask."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, tokens: Tensor) -> Tensor:
        return first(self.layer(tokens, None))


class Dinov3Block(RotaryBlock):
    """A layer of DINOv3 (arXiv 2508.10104): its positions run from -1 to 1 over an image of any size."""

    def __init__(self, layer: nn.Module, config: Any) -> None:
        super().__init__()
        self.layer = layer
        self.theta = config.rope_theta
        self.head_width = config.hidden_size // config.num_attention_heads

    def frequencies(self, side: int) -> Tensor:
        return 4 * math.pi / side * self.theta ** -torch.arange(0, 1, 4 / self.head_width)

    def forward(self, tokens: Tensor) -> Tensor:
        return first(self.layer(tokens, position_embeddings=self.rotation(tokens)))


def transformers_encoder(folder: Path, name: str, model_type: str, pretrained: bool) -> VisionEncoder:
    """The vision encoder of a folder; ``name`` is what the user wrote.

    Raises UsageError if the kind of model is unknown here or its weights cannot be read.
    """
    if model_type not in MODEL_TYPES:
        hint = "; of SigLIP 2 take a variant of fixed resolution" if model_type.startswith("siglip2") else ""
        raise UsageError(
            f"backbone {name!r} is of type {model_type!r}, which holds no vision encoder known here: "
            f"{', '.join(MODEL_TYPES)}, monkeyocr_vit or a vision transformer of timm{hint}"
        )
    model = load_model(folder, name, model_type, pretrained)
    embeddings, config = model.embeddings, model.config
    blocks: list[nn.Module] = list(
        part(model, "layers", "encoder.layer", "encoder.layers", "model.layer", "layer") or ()
    )
    if model_type == "dinov3_vit":
        blocks = [Dinov3Block(layer, config) for layer in blocks]
    else:
        blocks = [TransformersBlock(layer) for layer in blocks]
    patches = part(embeddings, "patch_embeddings.projection", "patch_embedding", "patch_embeddings")
    bias = None if patches.bias is None else patches.bias.detach()
    norm = part(model, "layernorm", "post_layernorm", "norm")
    return VisionEncoder(patches.weight.detach(), bias, None, learnt_positions(embeddings, config), blocks, norm)


def load_model(folder: Path, name: str, model_type: str, pretrained: bool) -> Any:
    """The encoder in fp32 with its own configuration, taken out of the model that holds it."""
    import transformers

    kind: Any
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
        if model_type == "vision-encoder-decoder":
            kind, prefix = transformers.VisionEncoderDecoderModel, "encoder."
            known_encoder(name, config.encoder.model_type)
        elif model_type.startswith("siglip"):
            kind, prefix = transformers.SiglipVisionModel, ""
            config = getattr(config, "vision_config", config)
        else:
            kind, prefix = transformers.MODEL_MAPPING[type(config)], ""
        model = read_weights(kind, config, folder, name, prefix) if pretrained else kind(config)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UsageError(
            f"backbone {name!r} cannot be loaded: {reason}; its folder needs config.json and model.safetensors"
        ) from error
    model = model.encoder if prefix else model
    return getattr(model, "vision_model", model)


def read_weights(kind: Any, config: Any, folder: Path, name: str, prefix: str) -> Any:
    """The model with the folder's safetensors. Raises UsageError if tensors of its encoder (``prefix``) are missing."""
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # what is missing is told below; heads that nobody uses here may be
    try:
        model, report = kind.from_pretrained(
            folder, config=config, local_files_only=True, use_safetensors=True, output_loading_info=True
        )
    finally:
        logging.set_verbosity(verbosity)
    unused = (f"{prefix}pooler.", f"{prefix}head.", f"{prefix}vision_model.head.")
    missing = [key for key in report["missing_keys"] if key.startswith(prefix) and not key.startswith(unused)]
    if missing:
        raise UsageError(
            f"backbone {name!r}: {folder} lacks {missing[0]} and {len(missing) - 1} more tensors of a "
            f"{config.model_type}; was its config.json changed?"
        )
    return model.float()


def known_encoder(name: str, model_type: str) -> None:
    """Raises UsageError if the encoder of an encoder-decoder is of another kind."""
    if model_type not in ("vit", "deit"):
        raise UsageError(f"backbone {name!r} has an encoder of type {model_type!r}; vit and deit are known")


def learnt_positions(embeddings: nn.Module, config: Any) -> Tensor | None:
    """Positions (1, D, rows, columns) without those of class and distillation tokens, None for rotary ones."""
    found = part(embeddings, "position_embeddings", "position_embedding.weight")
    if found is None:
        return None
    positions = found.detach().reshape(1, -1, config.hidden_size)
    size, patch = config.image_size, config.patch_size
    height, width = (size, size) if isinstance(size, int) else size
    patch_height, patch_width = (patch, patch) if isinstance(patch, int) else patch
    grid = (height // patch_height, width // patch_width)
    return positions[:, -grid[0] * grid[1] :].unflatten(1, grid).permute(0, 3, 1, 2)


def part(module: nn.Module, *paths: str) -> Any:
    """The first of these attributes that the module has, or None: versions of transformers name them differently."""
    for path in paths:
        found: Any = module
        for step in path.split("."):
            found = getattr(found, step, None)
        if found is not None:
            return found
    return None


def first(output: Any) -> Tensor:
    """Tokens as they are, or out of the tuple that layers of transformers 4 return."""
    tokens: Tensor = output[0] if isinstance(output, tuple) else output
    return tokens
