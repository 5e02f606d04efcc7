"""The detector's network and loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training extra not installed")
pytest.importorskip("timm", reason="training extra not installed")

from ocr.errors import UsageError  # noqa: E402
from ocr.models.two_stage.detector import Detector  # noqa: E402
from ocr.models.two_stage.detector_config import DetectorConfig  # noqa: E402
from ocr.models.two_stage.detector_loss import detector_loss  # noqa: E402

TINY = DetectorConfig(stem=(4, 8, 8), width=16, depth=2, heads=2, window=4, head=8)


@pytest.fixture
def detector() -> Detector:
    torch.manual_seed(0)
    return Detector(TINY).eval()


@pytest.mark.parametrize("size", [(32, 32), (96, 160), (128, 64)])
def test_output_has_stride_4(detector: Detector, size: tuple[int, int]) -> None:
    assert detector(torch.zeros(2, 1, *size)).shape == (2, 1, size[0] // 4, size[1] // 4)


def test_loss_is_near_zero_when_right_and_large_when_wrong() -> None:
    kernels = torch.zeros(1, 1, 16, 16)
    kernels[..., 4:6, 2:14] = 1
    right, weights = (kernels - 0.5) * 40, torch.ones_like(kernels)
    assert sum(detector_loss(right, kernels, weights).values()) < 0.01
    assert sum(detector_loss(-right, kernels, weights).values()) > 5


def test_ignored_cells_do_not_count() -> None:
    kernels, weights, logits = torch.zeros(1, 1, 16, 16), torch.ones(1, 1, 16, 16), torch.full((1, 1, 16, 16), -20.0)
    logits[..., :8, :], weights[..., :8, :] = 20.0, 0.0
    assert sum(detector_loss(logits, kernels, weights).values()) < 0.01


def test_a_page_without_text_has_a_finite_loss() -> None:
    kernels = torch.zeros(1, 1, 16, 16)
    assert torch.isfinite(sum(detector_loss(torch.randn(1, 1, 16, 16), kernels, torch.ones_like(kernels)).values()))


def test_a_timm_backbone_by_name() -> None:
    config = DetectorConfig(stem=(4, 8, 8), window=4, head=8, backbone="vit_tiny_patch16_224")
    assert Detector(config).eval()(torch.zeros(1, 1, 64, 96)).shape == (1, 1, 16, 24)


@pytest.mark.parametrize("name", ["no_such_model", "resnet18", "vit_tiny_patch32_224"])
def test_an_unfit_backbone_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"patch16|timm"):
        Detector(DetectorConfig(backbone=name))


def test_onnx_runtime_gives_the_same_logits_at_any_size(detector: Detector, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="training extra not installed")
    from ocr.models.onnx_file import write_onnx
    from ocr.models.two_stage.onnx_reader import OnnxNetwork

    path = tmp_path / "detector.onnx"
    example = np.zeros((1, 1, 96, 160), np.float32)
    write_onnx(detector, {"images": example}, ["logits"], {"images": {0: "pages", 2: "height", 3: "width"}}, path)
    network = OnnxNetwork(path)
    for size in [(96, 160), (224, 64), (288, 256), (32, 512)]:
        page = np.random.default_rng(0).uniform(0, 255, (1, 1, *size)).astype(np.float32)
        with torch.no_grad():
            expected = detector(torch.from_numpy(page)).numpy()
        np.testing.assert_allclose(network(page), expected, atol=1e-4)
