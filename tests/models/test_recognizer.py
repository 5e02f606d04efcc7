"""The recognizer's network and loss: shapes, gradients, batches, and that it can learn at all."""

from __future__ import annotations

from typing import Any

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


def test_gradient_reaches_every_parameter() -> None:
    model = network().train()
    loss = recognizer_loss(model(torch.rand(2, 1, 32, 64) * 255), *targets(2))["ctc"]
    loss.backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert not without


def test_a_line_reads_the_same_alone_and_in_a_batch() -> None:
    model, lines = network().eval(), torch.rand(3, 1, 32, 128) * 255
    with torch.no_grad():
        together = model(lines)
        alone = torch.cat([model(line[None]) for line in lines])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_loss_is_finite_when_the_text_is_too_long() -> None:
    logits = network()(torch.rand(1, 1, 32, 8) * 255)
    loss = recognizer_loss(logits, torch.ones(1, 9, dtype=torch.long), torch.tensor([9]), torch.tensor([2]))["ctc"]
    assert loss.item() == 0.0


def test_it_learns_to_tell_two_patterns_apart() -> None:
    model = network().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    lines = torch.full((2, 1, 32, 64), 255.0)
    lines[0, :, :, 20:36] = 0
    lines[1, :, 12:20, 20:36] = 0
    losses = []
    for _ in range(60):
        loss = recognizer_loss(model(lines), torch.tensor([[1], [2]]), torch.tensor([1, 1]), torch.tensor([16, 16]))[
            "ctc"
        ]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


def targets(lines: int) -> tuple[Any, Any, Any]:
    return torch.randint(1, CLASSES, (lines, 4)), torch.full((lines,), 4), torch.full((lines,), 16)
