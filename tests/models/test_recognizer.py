"""The recognizer's network and loss; what every pipeline promises is tested in tests/test_pipelines.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from ocr.errors import UsageError  # noqa: E402
from ocr.models.onnx_file import write_onnx  # noqa: E402
from ocr.models.two_stage.config import TwoStageConfig  # noqa: E402
from ocr.models.two_stage.onnx_reader import OnnxNetwork  # noqa: E402
from ocr.models.two_stage.recognizer import Recognizer  # noqa: E402
from ocr.models.two_stage.recognizer_config import RecognizerConfig  # noqa: E402
from ocr.models.two_stage.recognizer_loss import recognizer_loss  # noqa: E402
from ocr.models.weights import without_pretrained  # noqa: E402

CLASSES = 7  # a few symbols and the blank
SMALL = RecognizerConfig(stem=(8, 8, 16), width=24, depth=2, heads=2, max_tokens=64)


def network() -> Recognizer:
    torch.manual_seed(0)
    return Recognizer(SMALL, CLASSES)


@pytest.mark.parametrize("width", [32, 132, 256])
def test_a_token_every_four_pixels(width: int) -> None:
    logits = network().eval()(torch.rand(2, 1, 32, width) * 255)
    assert logits.shape == (2, width // 4, CLASSES)


def test_loss_is_finite_when_the_text_is_too_long() -> None:
    logits = network()(torch.rand(1, 1, 32, 8) * 255)
    loss = recognizer_loss(logits, torch.ones(1, 9, dtype=torch.long), torch.tensor([9]), torch.tensor([2]))["ctc"]
    assert loss.item() == 0.0


@pytest.mark.parametrize("patch", [(16, 8), (32, 4), (8, 8)])
def test_a_backbone_reads_lines_of_any_width(patch: tuple[int, int]) -> None:
    config = RecognizerConfig(backbone="test_vit", patch=patch, window=6, max_tokens=128)
    recognizer = Recognizer(config, CLASSES).eval()
    for width in (32, 132, 256):
        assert recognizer(torch.rand(2, 1, 32, width) * 255).shape == (2, width // 4, CLASSES)


@pytest.mark.parametrize("patch", [(12, 8), (16, 16)])
def test_patches_that_do_not_fit_a_line_are_refused(patch: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match="patch="):
        Recognizer(RecognizerConfig(backbone="test_vit", patch=patch), CLASSES)


@pytest.mark.parametrize("kind", ["test_vit", "DINOv3ViT"])
def test_a_recognizer_with_a_backbone_is_exported(kind: str, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    backbone = kind
    if kind == "DINOv3ViT":
        sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
        transformers.DINOv3ViTModel(transformers.DINOv3ViTConfig(**sizes)).save_pretrained(tmp_path / kind)
        backbone = str(tmp_path / kind)
    torch.manual_seed(0)
    recognizer = Recognizer(RecognizerConfig(backbone=backbone, window=6, max_tokens=128), CLASSES).eval()
    lines = [np.random.default_rng(0).uniform(0, 255, (2, 1, 32, width)).astype(np.float32) for width in (64, 160)]
    write_onnx(
        recognizer, {"images": lines[0]}, ["logits"], {"images": {0: "lines", 3: "width"}}, tmp_path / "line.onnx"
    )
    for images in lines:
        expected = recognizer(torch.from_numpy(images)).detach().numpy()
        assert np.abs(OnnxNetwork(tmp_path / "line.onnx")(images) - expected).max() < 0.02


def test_a_saved_model_asks_for_no_published_weights() -> None:
    config = TwoStageConfig(recognizer=RecognizerConfig(backbone="test_vit", pretrained=True))
    assert without_pretrained(config) == TwoStageConfig(recognizer=RecognizerConfig(backbone="test_vit"))
