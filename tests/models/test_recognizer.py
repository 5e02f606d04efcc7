"""The recognizer's network and loss; what every pipeline promises is tested in tests/test_pipelines.py."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from ocr.models.two_stage.recognizer import Recognizer  # noqa: E402
from ocr.models.two_stage.recognizer_config import RecognizerConfig  # noqa: E402
from ocr.models.two_stage.recognizer_loss import recognizer_loss  # noqa: E402

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
