"""The vision encoder of MonkeyOCRv2 (arXiv 2607.11562), pretrained on document images.

Its checkpoints bring Python code of their own. Here their tensors are loaded into the same network, written anew:
blocks of RMS norm, attention with rotary positions, and a gated MLP.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from timm.layers import RmsNorm
from torch import Tensor, nn

from ocr.errors import UsageError
from ocr.models.backbones.encoder import VisionEncoder
from ocr.models.backbones.rotary import RotaryBlock, rotate

MODEL_TYPE = "monkeyocr_vit"
THETA = 10000.0


class Attention(nn.Module):
    """Multi-head attention over tokens (B, L, D) whose queries and keys are turned by their places."""

    def __init__(self, width: int, heads: int, bias: bool) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=bias)
        self.proj = nn.Linear(width, width, bias=bias)

    def forward(self, tokens: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        parts = self.qkv(tokens).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = parts.unbind(0)  # (B, heads, L, head width)
        query, key = rotate(query, cosine, sine), rotate(key, cosine, sine)
        return self.proj(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))


class GatedMlp(nn.Module):
    """SwiGLU (arXiv 2002.05202)."""

    def __init__(self, width: int, hidden: int, bias: bool) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden, bias=bias)
        self.fc2 = nn.Linear(hidden, width, bias=bias)
        self.fc3 = nn.Linear(width, hidden, bias=bias)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.fc2(F.silu(self.fc1(tokens)) * self.fc3(tokens))


class MonkeyBlock(RotaryBlock):
    """A block; its positions count tokens, whatever the size of the image."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        width, heads, bias = config["embed_dim"], config["num_attention_heads"], config["use_bias"]
        self.head_width = width // heads
        self.norm1 = RmsNorm(width, config["rms_norm_eps"])
        self.attn = Attention(width, heads, bias)
        self.norm2 = RmsNorm(width, config["rms_norm_eps"])
        self.mlp = GatedMlp(width, config["intermediate_size"], bias)

    def frequencies(self, side: int) -> Tensor:
        return THETA ** -torch.arange(0, 1, 4 / self.head_width)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attn(self.norm1(tokens), *self.rotation(tokens))
        return tokens + self.mlp(self.norm2(tokens))


class MonkeyEncoder(nn.Module):
    """The encoder's tensors under the names of its checkpoints."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        width, patch = config["embed_dim"], config["patch_size"]
        patchifier = nn.Module()
        patchifier.proj = nn.Conv2d(config["num_channels"], width, patch, stride=patch)
        patchifier.norm = RmsNorm(width, config["rms_norm_eps"])
        self.patch_embed = nn.ModuleDict({"patchifier": patchifier})
        self.blocks = nn.ModuleList(MonkeyBlock(config) for _ in range(config["num_hidden_layers"]))
        if config["post_norm"]:
            self.post_trunk_norm = RmsNorm(width, config["rms_norm_eps"])


DEFAULTS = {
    "embed_dim": 384, "intermediate_size": 1536, "num_hidden_layers": 12, "num_attention_heads": 6, "num_channels": 3,
    "patch_size": 14, "rms_norm_eps": 1e-5, "use_bias": False, "post_norm": True,
}  # fmt: skip
"""Of the published configuration, for what a ``config.json`` does not spell out."""


def monkeyocr_encoder(folder: Path, name: str, config: dict[str, Any], pretrained: bool) -> VisionEncoder:
    """The encoder of a folder, or out of a larger checkpoint whose tensors begin with a prefix of their own.

    Raises UsageError if tensors are missing.
    """
    encoder = MonkeyEncoder(DEFAULTS | {key: value for key, value in config.items() if key in DEFAULTS})
    if pretrained:
        load_tensors(encoder, folder, name)
    patchifier: Any = encoder.patch_embed["patchifier"]
    norm = getattr(encoder, "post_trunk_norm", None)
    weight, bias = patchifier.proj.weight.detach(), patchifier.proj.bias.detach()
    return VisionEncoder(weight, bias, patchifier.norm, None, list(encoder.blocks), norm)


def load_tensors(encoder: nn.Module, folder: Path, name: str) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    mark = "patch_embed.patchifier.proj.weight"
    try:
        stored = {
            key: tensor for file in sorted(folder.glob("*.safetensors")) for key, tensor in load_file(file).items()
        }
        prefix = next((key.removesuffix(mark) for key in stored if key.endswith(mark)), "")
        own = {key.removeprefix(prefix): tensor.float() for key, tensor in stored.items() if key.startswith(prefix)}
        wanted = encoder.state_dict()
        encoder.load_state_dict({key: own[key] for key in wanted})
    except (OSError, SafetensorError, RuntimeError, KeyError) as error:
        raise UsageError(
            f"backbone {name!r}: {folder} does not hold the tensors of a MonkeyOCRv2 encoder "
            f"({' '.join(str(error).split())[:160]}); it needs config.json and model.safetensors"
        ) from error
