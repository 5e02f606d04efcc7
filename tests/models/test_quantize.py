"""Frozen layers of transformer blocks in 4 and 8 bits."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("bitsandbytes")
timm = pytest.importorskip("timm")

from ocr.errors import UsageError  # noqa: E402
from ocr.models.quantize import optimizer_class, quantize_backbone  # noqa: E402


def frozen() -> Any:
    torch.manual_seed(0)
    return timm.create_model("test_vit", num_classes=0).eval().requires_grad_(False)


@pytest.mark.parametrize(("bits", "share"), [(4, 0.15), (8, 0.27)])
def test_weights_shrink_and_features_stay_near(bits: int, share: float) -> None:
    model, image = frozen(), torch.rand(1, 3, 160, 160)
    expected, before = model(image), model.blocks[0].mlp.fc1.weight.nbytes
    names = quantize_backbone(model, bits, torch.float32)
    assert len(names) == 4 * len(model.blocks)
    assert model.blocks[0].mlp.fc1.weight.nbytes <= share * before
    assert torch.nn.functional.cosine_similarity(model(image), expected).item() > 0.95


@pytest.mark.parametrize("bits", [4, 8])
def test_adapters_of_peft_learn_on_top(bits: int) -> None:
    peft = pytest.importorskip("peft")
    model = frozen()
    quantize_backbone(model, bits, torch.float32)
    adapted = peft.inject_adapter_in_model(peft.LoraConfig(r=2, target_modules=["qkv"]), model)
    adapted(torch.rand(1, 3, 160, 160)).sum().backward()
    trained = {name for name, parameter in adapted.named_parameters() if parameter.grad is not None}
    assert trained and all("lora_" in name for name in trained)


def test_nothing_frozen_and_other_bits_are_refused() -> None:
    with pytest.raises(UsageError, match="freeze"):
        quantize_backbone(frozen().requires_grad_(True), 4, torch.float32)
    with pytest.raises(UsageError, match="3 bits"):
        quantize_backbone(frozen(), 3, torch.float32)


def test_the_optimizer_of_a_cpu_is_torchs() -> None:
    assert optimizer_class(torch.device("cpu")) is torch.optim.AdamW
