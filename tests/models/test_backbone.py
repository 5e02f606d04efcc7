"""Backbones of timm, transformers and MonkeyOCRv2, brought to other patches and to the attention window.

Checkpoints are small, random and in the formats in which models are published.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")
transformers = pytest.importorskip("transformers")

from ocr.errors import UsageError  # noqa: E402
from ocr.models.backbone import Backbone, load_backbone  # noqa: E402
from ocr.models.backbones import hub  # noqa: E402
from ocr.models.backbones.monkeyocr_vit import DEFAULTS, MonkeyEncoder  # noqa: E402
from ocr.models.backbones.rotary import place_blocks  # noqa: E402
from ocr.models.page_encoder import EncoderConfig, PageEncoder  # noqa: E402

TINY = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 2}
VISION: dict[str, Any] = {
    "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
    "image_size": 32, "patch_size": 8,
}  # fmt: skip
DINOV3 = VISION | {"hidden_size": 32, "num_register_tokens": 3}
TEXT = {"vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
DECODER = {
    "vocab_size": 9, "d_model": 24, "decoder_layers": 1, "decoder_attention_heads": 2, "decoder_ffn_dim": 8,
    "cross_attention_hidden_size": 24,
}  # fmt: skip
PATCH, WINDOW = (8, 8), (4, 4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small random checkpoint in the format in which timm stores and fetches models."""
    torch.manual_seed(0)
    model = timm.create_model("vit_tiny_patch16_224", num_classes=0, **TINY)
    timm.models.save_for_hf(model, tmp_path / "vit", model_args=TINY, safe_serialization=True)
    return tmp_path / "vit"


def save(model: Any, folder: Path) -> Any:
    """A model whose parameters are all random, also those that start as zeros or ones, stored in its own format."""
    torch.manual_seed(1)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    model.eval().save_pretrained(folder)
    return model


def features(backbone: Backbone, image: Any, window: tuple[int, int] = WINDOW) -> Any:
    """Tokens (1, L, D) of an image that is one attention window."""
    place_blocks(backbone.blocks, [window] * len(backbone.blocks), side=window[0])
    tokens = (backbone.embed(image) + backbone.positions).flatten(2).transpose(1, 2)
    for block in backbone.blocks:
        tokens = block.eval()(tokens)
    return backbone.norm(tokens)


def test_a_folder_is_loaded_with_its_weights(folder: Path) -> None:
    backbone = load_backbone(str(folder), True, PATCH, WINDOW)
    stored = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0)
    assert backbone.width == 24
    assert torch.equal(backbone.blocks[0].attn.qkv.weight, stored.blocks[0].attn.qkv.weight)  # type: ignore[union-attr]
    assert backbone.positions.shape == (1, 24, 4, 4)
    # the window is as large as the image it was trained on: its positions stay as they are, the class token's left out
    assert torch.allclose(backbone.positions[0].flatten(1).T, stored.pos_embed[0, 1:])


def test_timm_features_are_those_of_its_own_forward(tmp_path: Path) -> None:
    torch.manual_seed(0)
    options = TINY | {"class_token": False, "global_pool": ""}
    model = timm.create_model("vit_tiny_patch16_224", num_classes=0, **options).eval()
    timm.models.save_for_hf(model, tmp_path / "vit", model_args=options, safe_serialization=True)
    image = torch.rand(1, 3, 32, 32)
    own = features(load_backbone(str(tmp_path / "vit"), True, PATCH, WINDOW), image)
    assert torch.allclose(own, model.forward_features(image), atol=1e-5)


@pytest.mark.parametrize("kind", ["ViT", "DeiT", "Dinov2", "DINOv3ViT"])
def test_features_are_those_of_transformers_own_forward(kind: str, tmp_path: Path) -> None:
    sizes = DINOV3 if kind == "DINOv3ViT" else VISION
    config = getattr(transformers, f"{kind}Config")(**sizes)
    config._attn_implementation = "eager"
    model = save(getattr(transformers, f"{kind}Model")(config), tmp_path)
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        own = features(load_backbone(str(tmp_path), True, PATCH, WINDOW), image)
        prefix = {"DeiT": 2, "DINOv3ViT": 4}.get(kind, 1)
        mask = torch.zeros(1, 1, 1, 16 + prefix).masked_fill(torch.arange(16 + prefix) < prefix, -1e9)
        expected = model(image, attention_mask=mask).last_hidden_state[:, prefix:]
    assert torch.allclose(own, expected, atol=1e-4)


@pytest.mark.parametrize("whole", [False, True])
def test_siglip_alone_and_out_of_the_whole_model(whole: bool, tmp_path: Path) -> None:
    config = transformers.SiglipConfig(text_config=TEXT, vision_config=VISION)
    whole_model = save(transformers.SiglipModel(config), tmp_path / "whole")
    vision = transformers.SiglipVisionModel(config.vision_config).eval()
    inner = getattr(vision, "vision_model", vision)
    inner.load_state_dict(whole_model.vision_model.state_dict())
    vision.save_pretrained(tmp_path / "vision")
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        own = features(load_backbone(str(tmp_path / ("whole" if whole else "vision")), True, PATCH, WINDOW), image)
        assert torch.allclose(own, vision(image).last_hidden_state, atol=1e-5)


@pytest.mark.parametrize("kind", ["ViT", "DeiT"])
def test_the_encoder_of_trocr(kind: str, tmp_path: Path) -> None:
    inner = getattr(transformers, f"{kind}Model")(getattr(transformers, f"{kind}Config")(**VISION), False)
    decoder = transformers.TrOCRForCausalLM(transformers.TrOCRConfig(**DECODER))
    model = save(transformers.VisionEncoderDecoderModel(encoder=inner, decoder=decoder), tmp_path / "trocr")
    model.encoder.save_pretrained(tmp_path / "encoder")
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        out_of_whole = features(load_backbone(str(tmp_path / "trocr"), True, PATCH, WINDOW), image)
        alone = features(load_backbone(str(tmp_path / "encoder"), True, PATCH, WINDOW), image)
    assert torch.equal(out_of_whole, alone)


def monkey(folder: Path, prefix: str = "") -> Any:
    """A tiny encoder with the tensor names and the configuration of the published ones."""
    from safetensors.torch import save_file

    config = DEFAULTS | {
        "embed_dim": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "patch_size": 4
    }  # fmt: skip
    torch.manual_seed(0)
    encoder = MonkeyEncoder(config).eval()
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "monkeyocr_vit"}))
    save_file({prefix + key: value for key, value in encoder.state_dict().items()}, folder / "model.safetensors")
    return encoder


def test_monkeyocr_counts_tokens_from_the_upper_left(tmp_path: Path) -> None:
    """Against the definition: queries and keys turned by (row, column) as complex numbers, one token at a time."""
    encoder = monkey(tmp_path / "monkey")
    backbone = load_backbone(str(tmp_path / "monkey"), True, (4, 4), (2, 3))
    block: Any = backbone.blocks[0]
    place_blocks([block], [(2, 3)], side=3)
    tokens = torch.rand(1, 6, 16)
    assert torch.equal(encoder.blocks[0].norm1.weight, block.norm1.weight)
    query, key, value = encoder.blocks[0].attn.qkv(block.norm1(tokens)).reshape(6, 3, 2, 8).unbind(1)
    frequencies = torch.tensor([1.0, 0.01])  # 10000^-(0/4), 10000^-(2/4)
    angles = torch.stack(
        [torch.cat([row * frequencies, column * frequencies]) for row in (0, 1) for column in range(3)]
    )
    turn = torch.polar(torch.ones(6, 4), angles)[:, None]
    query, key = (torch.complex(x[..., :4], x[..., 4:]) * turn for x in (query, key))
    scores = torch.einsum("ihd,jhd->hij", query, key.conj()).real / 8**0.5
    mixed = torch.einsum("hij,jhd->ihd", scores.softmax(2), value).reshape(1, 6, 16)
    tokens_1 = tokens + encoder.blocks[0].attn.proj(mixed)
    mlp, hidden = block.mlp, block.norm2(tokens_1)
    expected = tokens_1 + mlp.fc2(torch.nn.functional.silu(mlp.fc1(hidden)) * mlp.fc3(hidden))
    assert torch.allclose(block(tokens), expected, atol=1e-5)


def test_monkeyocr_out_of_a_larger_checkpoint(tmp_path: Path) -> None:
    monkey(tmp_path / "alone")
    monkey(tmp_path / "inside", prefix="vision_tower.")
    image = torch.rand(1, 3, 16, 16)
    alone, inside = (
        features(load_backbone(str(tmp_path / name), True, (4, 4), WINDOW), image) for name in ("alone", "inside")
    )
    assert torch.equal(alone, inside)
    assert not torch.equal(alone, features(load_backbone(str(tmp_path / "alone"), False, (4, 4), WINDOW), image))


def test_patches_of_8_pixels_are_resampled_to_16(folder: Path) -> None:
    backbone = load_backbone(str(folder), True, (16, 16), WINDOW)
    stored = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0)
    flat = torch.full((1, 3, 16, 16), 0.7)
    assert backbone.embed(flat).shape == (1, 24, 1, 1)
    # on even ground both see the same
    assert torch.allclose(
        backbone.embed(flat)[0, :, 0, 0], stored.patch_embed.proj(flat[..., :8, :8])[0, :, 0, 0], atol=0.05
    )


@pytest.mark.parametrize("kind", ["timm", "Dinov2", "DINOv3ViT", "monkey"])
def test_the_encoder_takes_pages_of_any_size(kind: str, folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "backbone"
    if kind == "timm":
        place = folder
    elif kind == "monkey":
        monkey(place)
    else:
        config = getattr(transformers, f"{kind}Config")(**(DINOV3 if kind == "DINOv3ViT" else VISION))
        save(getattr(transformers, f"{kind}Model")(config), place)
    config = EncoderConfig(0, 0, 0, 0.0, window=4, strip=6, backbone=str(place), pretrained=True)
    encoder = PageEncoder(8, config)
    for height, width in ((64, 96), (160, 32)):
        tokens = encoder(torch.rand(2, 8, height // 8, width // 8), torch.rand(2, 1, height, width))
        assert tokens.shape == (2, encoder.width, height // 16, width // 16)
    tokens.sum().backward()
    assert encoder.window_positions.grad is not None
    assert all(parameter.grad is not None for parameter in encoder.blocks.parameters())


@pytest.mark.parametrize("name", ["vit_no_such_model", "resnet18", "/no/such/folder"])
def test_what_is_no_vision_transformer_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="backbone"):
        load_backbone(name, False, PATCH, WINDOW)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"model_type": "llama"}, "llama"),
        ({"model_type": "siglip2"}, "fixed resolution"),
        ({"model_type": "vision-encoder-decoder", "encoder": {"model_type": "swin"},
          "decoder": {"model_type": "trocr"}}, "swin"),
        ({"model_type": "vit", **VISION}, r"model\.safetensors"),
        ({"model_type": "monkeyocr_vit"}, r"model\.safetensors"),
        ({}, "model_type"),
    ],
)  # fmt: skip
def test_folders_that_cannot_be_used_say_why(config: dict[str, Any], told: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match=told):
        load_backbone(str(tmp_path), True, PATCH, WINDOW)


def test_missing_tensors_are_told(tmp_path: Path) -> None:
    save(transformers.ViTModel(transformers.ViTConfig(**VISION)), tmp_path)
    deeper = json.loads((tmp_path / "config.json").read_text()) | {"num_hidden_layers": 3}
    (tmp_path / "config.json").write_text(json.dumps(deeper))
    with pytest.raises(UsageError, match="lacks"):
        load_backbone(str(tmp_path), True, PATCH, WINDOW)


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "timm/vit_tiny_patch16_224", "nobody/no-such-vit"])
def test_weights_that_cannot_be_fetched_name_the_local_way(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", unreachable)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    started = time.monotonic()
    with pytest.raises(UsageError, match=r"no route.*config\.json and model\.safetensors"):
        load_backbone(name, True, PATCH, WINDOW)
    assert time.monotonic() - started < 5


def test_what_was_fetched_before_needs_no_network(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    asked = []

    def from_cache(repository: str, *, local_files_only: bool = False, **_: object) -> str:
        asked.append((repository, local_files_only))
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", from_cache)
    assert hub.fetch("timm/x", "x", weights=True) == folder
    assert load_backbone("vit_tiny_patch16_224", True, PATCH, WINDOW).width == 24
    assert [local for _, local in asked] == [True, True]
    assert asked[1][0].startswith("timm/vit_tiny_patch16_224.")
