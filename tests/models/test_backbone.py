"""Timm backbones by name and by folder, brought to 16-pixel patches and to the attention window."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")

from ocr.errors import UsageError  # noqa: E402
from ocr.models.backbone import load_backbone  # noqa: E402
from ocr.models.page_encoder import EncoderConfig, PageEncoder  # noqa: E402

TINY = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small random checkpoint in the format in which timm stores and fetches models."""
    torch.manual_seed(0)
    model = timm.create_model("vit_tiny_patch16_224", num_classes=0, **TINY)
    timm.models.save_for_hf(model, tmp_path / "vit", model_args=TINY, safe_serialization=True)
    return tmp_path / "vit"


def test_a_folder_is_loaded_with_its_weights(folder: Path) -> None:
    backbone = load_backbone(str(folder), pretrained=True, window=4)
    stored = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0)
    assert backbone.width == 24
    assert torch.equal(backbone.blocks[0].attn.qkv.weight, stored.blocks[0].attn.qkv.weight)  # type: ignore[union-attr]
    assert backbone.positions.shape == (1, 24, 4, 4)
    # the window is as large as the image it was trained on: its positions stay as they are, the class token's left out
    assert torch.allclose(backbone.positions[0].flatten(1).T, stored.pos_embed[0, 1:])


def test_patches_of_8_pixels_are_resampled_to_16(folder: Path) -> None:
    backbone = load_backbone(str(folder), pretrained=True, window=4)
    stored = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0)
    flat = torch.full((1, 3, 16, 16), 0.7)
    assert backbone.embed(flat).shape == (1, 24, 1, 1)
    # on even ground both see the same
    assert torch.allclose(
        backbone.embed(flat)[0, :, 0, 0], stored.patch_embed.proj(flat[..., :8, :8])[0, :, 0, 0], atol=0.05
    )


def test_the_encoder_takes_pages_of_any_size(folder: Path) -> None:
    encoder = PageEncoder(8, EncoderConfig(0, 0, 0, 0.0, window=4, backbone=str(folder), pretrained=True))
    for height, width in ((64, 96), (160, 32)):
        tokens = encoder(torch.rand(2, 8, height // 8, width // 8), torch.rand(2, 1, height, width))
        assert tokens.shape == (2, 24, height // 16, width // 16)
    tokens.sum().backward()
    assert encoder.window_positions.grad is not None


@pytest.mark.parametrize("name", ["vit_no_such_model", "resnet18", "/no/such/folder"])
def test_what_is_no_vision_transformer_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="backbone"):
        load_backbone(name, pretrained=False, window=4)


def test_weights_that_cannot_be_fetched_name_the_local_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(timm, "create_model", unreachable)
    with pytest.raises(UsageError, match=r"config\.json and model\.safetensors"):
        load_backbone("vit_tiny_patch16_224", pretrained=True, window=4)
