"""LoRA on both pipelines: it starts as nothing, trains only itself, and reads the same from its folder and merged."""

from __future__ import annotations

import importlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("peft", reason="the training extra is not installed")

from safetensors.torch import load_file, save_file  # noqa: E402

from ocr.config import load_config  # noqa: E402
from ocr.errors import ModelError, UsageError  # noqa: E402
from ocr.models.adapt import adapt, trained_state  # noqa: E402
from ocr.models.adapt_config import AdaptConfig  # noqa: E402
from ocr.models.adapter_folder import (  # noqa: E402
    ADAPTER_WEIGHTS,
    PREFIX,
    fingerprint_of,
    load_adapted,
    read_adapter_info,
    save_adapter,
)
from ocr.models.codec import Alphabet  # noqa: E402
from ocr.models.registry import PIPELINES  # noqa: E402
from ocr.models.trainable import Pipeline  # noqa: E402
from ocr.models.weights import load_pipeline, save_model  # noqa: E402

ALPHABET = Alphabet([*" abcdehlt"])
TINY = {
    "two_stage": (
        "model.recognizer.stem=[4,4,8]", "model.recognizer.width=16", "model.recognizer.depth=2",
        "model.recognizer.heads=2", "model.detector.stem=[4,8,8]", "model.detector.width=16",
        "model.detector.depth=1", "model.detector.heads=2", "model.detector.head=8",
    ),
    "end2end": (
        "model.spotter.stem=[4,8,8]", "model.spotter.width=24", "model.spotter.depth=2", "model.spotter.heads=3",
        "model.spotter.hidden=16",
    ),
}  # fmt: skip
EVERYTHING = AdaptConfig(method="lora", rank=2, also=("head", "norms"))


def build(name: str) -> Pipeline:
    """A tiny pipeline whose layers all say something, those that start at zero too."""
    torch.manual_seed(3)
    config = load_config(None, [f"pipeline={name}", *TINY[name]]).model
    pipeline: Pipeline = importlib.import_module(PIPELINES[name]).build(config, ALPHABET)
    with torch.no_grad():
        for parameter in pipeline.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter)).copy_(parameter.half())
        for key, buffer in pipeline.named_buffers():
            if "running" in key:
                buffer.add_(0.1 * torch.rand_like(buffer)).copy_(buffer.half())
    return pipeline.eval()


@pytest.fixture(params=sorted(PIPELINES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def base(name: str, tmp_path: Path) -> Path:
    pipeline = build(name)
    save_model(tmp_path / "base", name, pipeline.config, ALPHABET, pipeline.state_dict())
    return tmp_path / "base"


def adapted(base: Path, config: AdaptConfig = EVERYTHING) -> Pipeline:
    pipeline: Pipeline = load_pipeline(base)
    adapt(pipeline, config, pipeline.parts, str(base), fingerprint_of(base))
    return pipeline


def outputs(pipeline: Pipeline) -> dict[str, Any]:
    """What the networks say of two drawn images."""
    image = np.full((64, 96), 230, np.uint8)
    cv2.putText(image, "bed", (8, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 20, 2)
    images = torch.from_numpy(np.stack([image, image[::-1].copy()])[:, None].astype(np.float32))
    cells = torch.tensor([[0, 3, 4], [1, 8, 10]])
    batch = {
        "detector": {"images": images},
        "recognizer": {"images": images[:, :, 16:48]},
        "spotter": {
            "images": images, "cells": cells, "chains": torch.tensor([[0, 1]]), "line_cells": torch.zeros(0),
            "geometry": torch.zeros(2, 8), "symbols": torch.zeros(2, 3).long(), "links": torch.ones(2).long(),
            "weights": torch.ones(2, 1, 16, 24),
        },
    }  # fmt: skip
    told: dict[str, Any] = pipeline({part: batch[part] for part in pipeline.parts})
    return {name: output for name, output in told.items() if output.is_floating_point()}


def difference(left: Pipeline, right: Pipeline) -> float:
    with torch.no_grad():
        pairs = zip(outputs(left).values(), outputs(right).values(), strict=True)
        return max(float((mine - other).abs().max()) for mine, other in pairs)


def train_a_little(pipeline: Pipeline, steps: int = 3) -> None:
    """AdamW on a loss that all outputs have a part in, with a change to evaluation in between, as in training."""
    trained = [parameter for parameter in pipeline.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=0.02)
    for _ in range(steps):
        pipeline.eval().train()
        optimizer.zero_grad()
        sum((output**2).mean() for output in outputs(pipeline).values()).backward()
        optimizer.step()
    pipeline.eval()


def test_a_new_adapter_changes_nothing(base: Path) -> None:
    pipeline, stock = adapted(base).eval(), load_pipeline(base).eval()
    assert difference(pipeline, stock) == 0
    assert any("lora_A" in key for key in pipeline.state_dict())


def test_only_the_adapter_learns(base: Path) -> None:
    pipeline = adapted(base)
    before = {key: tensor.clone() for key, tensor in pipeline.state_dict().items()}
    train_a_little(pipeline)
    changed = {key for key, tensor in pipeline.state_dict().items() if not torch.equal(tensor, before[key])}
    trained = set(trained_state(pipeline))
    assert changed == trained, changed ^ trained
    parts: dict[str, Any] = {part: pipeline.get_submodule(part) for part in pipeline.parts}
    heads = {f"{part}.{layer}.weight" for part, network in parts.items() for layer in network.last_layers}
    assert heads < trained
    assert all("lora_" in key or "norm" in key or key.rsplit(".", 1)[0] + ".weight" in heads for key in trained)
    assert any(key.endswith("running_mean") for key in before) and not any("running" in key for key in trained)


def test_batch_norms_keep_to_their_statistics(base: Path) -> None:
    pipeline, stock = adapted(base).train(), load_pipeline(base).eval()
    norms = [module for module in pipeline.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert norms and not any(norm.training for norm in norms)
    for part in pipeline.parts:  # as the readers do around each call
        pipeline.get_submodule(part).eval().train(True)
    assert not any(norm.training for norm in norms)
    both = (
        {k: v for k, v in outputs(p).items() if k != "recognizer"}  # whose positions start anywhere in training
        for p in (pipeline, stock)
    )
    for mine, other in zip(*(o.values() for o in both), strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=0)


def test_a_folder_gives_back_what_was_trained(name: str, base: Path, tmp_path: Path) -> None:
    pipeline = adapted(base)
    train_a_little(pipeline)
    save_adapter(tmp_path / "adapter", name, pipeline, trained_state(pipeline))
    loaded = load_adapted(tmp_path / "adapter", base).eval()
    assert difference(loaded, pipeline) < 5e-3 < 0.05 < difference(loaded, load_pipeline(base).eval())
    assert set(loaded.state_dict()) == set(load_pipeline(base).state_dict())  # nothing of peft is left
    info = read_adapter_info(tmp_path / "adapter")
    assert (info.base, info.fingerprint, info.rank, info.alpha) == (str(base), fingerprint_of(base), 2, 16.0)


def test_peft_reads_the_folder(name: str, base: Path, tmp_path: Path) -> None:
    from peft import PeftModel

    pipeline = adapted(base)
    train_a_little(pipeline)
    save_adapter(tmp_path / "adapter", name, pipeline, trained_state(pipeline))
    theirs: Any = PeftModel.from_pretrained(load_pipeline(base), str(tmp_path / "adapter"))
    assert difference(theirs.get_base_model().eval(), pipeline) < 5e-3
    files = {path.name for path in (tmp_path / "adapter").iterdir()}
    assert files == {"adapter_config.json", "adapter_model.safetensors", "alphabet.txt", "config.yaml"}


def test_another_base_is_refused(name: str, base: Path, tmp_path: Path) -> None:
    pipeline = adapted(base)
    save_adapter(tmp_path / "adapter", name, pipeline, trained_state(pipeline))
    state = load_pipeline(base).state_dict()
    key = next(key for key, tensor in state.items() if tensor.is_floating_point())
    save_model(tmp_path / "other", name, pipeline.config, ALPHABET, state | {key: state[key] + 1})
    with pytest.raises(ModelError, match=r"was trained on .*base with weights .* but .*other holds"):
        load_adapted(tmp_path / "adapter", tmp_path / "other")


def test_damaged_adapters_are_refused(name: str, base: Path, tmp_path: Path) -> None:
    pipeline, folder = adapted(base), tmp_path / "adapter"
    save_adapter(folder, name, pipeline, trained_state(pipeline))
    tensors = load_file(folder / ADAPTER_WEIGHTS)
    first = next(key for key in tensors if "lora_A" in key)
    save_file({key: tensor for key, tensor in tensors.items() if key != first}, folder / ADAPTER_WEIGHTS)
    with pytest.raises(ModelError, match="does not fit the model"):
        load_adapted(folder, base)
    save_file(tensors | {PREFIX + "stranger": torch.zeros(1)}, folder / ADAPTER_WEIGHTS)
    with pytest.raises(ModelError, match="stranger"):
        load_adapted(folder, base)
    save_file(tensors | {first: torch.zeros(1, 2)}, folder / ADAPTER_WEIGHTS)
    with pytest.raises(ModelError, match="does not fit the model"):
        load_adapted(folder, base)
    (folder / "adapter_config.json").write_text(json.dumps({"r": 8}))
    with pytest.raises(ModelError, match="is no adapter"):
        load_adapted(folder, base)
    shutil.rmtree(folder)
    with pytest.raises(ModelError, match="is no adapter"):
        load_adapted(folder, base)


@pytest.mark.parametrize(
    ("targets", "ends"),
    [((), {"qkv", "proj", "fc1", "fc2"}), (("qkv",), {"qkv"}), (("attn.proj", "fc1"), {"proj", "fc1"})],
)
def test_targets_are_chosen_by_name(name: str, targets: tuple[str, ...], ends: set[str]) -> None:
    pipeline = build(name)
    adapt(pipeline, replace(EVERYTHING, targets=targets, also=()), pipeline.parts[-1:], "base", "0")
    layers = {key.split(".lora_")[0] for key in trained_state(pipeline)}
    part = pipeline.parts[-1]
    more = set() if targets else {f"{part}.{layer}" for layer in pipeline.get_submodule(part).adapted_layers}  # type: ignore[union-attr]
    assert more <= layers and all(layer.startswith(f"{part}.") and ".blocks." in layer for layer in layers - more)
    assert {layer.split(".")[-1] for layer in layers - more} == ends


def test_a_layer_that_is_trained_in_full_gets_no_narrow_matrices() -> None:
    pipeline = build("end2end")
    adapt(pipeline, replace(EVERYTHING, also=("head",)), ["spotter"], "base", "0")
    trained = set(trained_state(pipeline))
    assert "spotter.classify.weight" in trained and "spotter.hidden.lora_A.default.weight" in trained
    assert not any(key.startswith("spotter.classify.lora") for key in trained)


def test_an_unknown_target_is_an_error(name: str) -> None:
    pipeline = build(name)
    with pytest.raises(UsageError, match=r"no layer 'qvk'; did you mean qkv\?"):
        adapt(pipeline, replace(EVERYTHING, targets=("qvk",)), pipeline.parts, "base", "0")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("adapt.method=lroa", "did you mean lora"),
        ("adapt.also=[heads]", "did you mean head"),
        ("adapt.rank=0", "must be 1 or more"),
        ("adapt.dropout=1", "below 1"),
        ("adapt.rnk=4", "did you mean rank"),
    ],
)
def test_wrong_settings_are_errors(override: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_config(None, [override])


@pytest.mark.parametrize(("name", "part"), [("two_stage", "recognizer"), ("end2end", "spotter")])
def test_the_default_adapter_is_small(name: str, part: str, tmp_path: Path) -> None:
    from ocr.models.codec import default_alphabet

    config = load_config(None, [f"pipeline={name}"]).model
    pipeline = importlib.import_module(PIPELINES[name]).build(config, default_alphabet())
    adapt(pipeline, AdaptConfig(method="lora"), [part], "base", "0")
    save_adapter(tmp_path, name, pipeline, trained_state(pipeline))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1.5e6
