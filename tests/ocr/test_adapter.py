"""Adapters from the command line, on drawn pages with tiny models: train, read, evaluate, merge, show, and what can go
wrong."""

from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path

import cv2
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("peft", reason="the training extra is not installed")
pytest.importorskip("onnx", reason="the training extra is not installed")

from safetensors.torch import load_file  # noqa: E402

import ocr.pipeline  # noqa: E402
from ocr.adapter import alike  # noqa: E402
from ocr.cli import main  # noqa: E402
from ocr.config import load_config  # noqa: E402
from ocr.errors import ModelError, UsageError  # noqa: E402
from ocr.export import export_pipeline  # noqa: E402
from ocr.models.adapter_folder import load_adapted  # noqa: E402
from ocr.models.codec import Alphabet  # noqa: E402
from ocr.models.registry import PIPELINES  # noqa: E402
from ocr.models.weights import load_pipeline  # noqa: E402

ALPHABET = Alphabet([*" abdeghlmpt"])
PART = {"two_stage": "recognizer", "end2end": "spotter"}
TINY = {
    "two_stage": (
        "model.recognizer.stem=[4,4,8]", "model.recognizer.width=16", "model.recognizer.depth=1",
        "model.recognizer.heads=2", "model.detector.stem=[4,8,8]", "model.detector.width=16",
        "model.detector.depth=1", "model.detector.heads=2", "model.detector.head=8",
    ),
    "end2end": (
        "model.spotter.stem=[4,8,8]", "model.spotter.width=24", "model.spotter.depth=1", "model.spotter.heads=3",
        "model.spotter.hidden=16", "model.spot.presence=0.99",  # an untrained spotter would see text everywhere
    ),
}  # fmt: skip
SETTINGS = (
    "adapt.method=lora", "adapt.rank=2", "data.workers=0", "data.line_pixels=512", "data.page_crops=1",
    "loop.threads=1", "loop.evaluate_every=2", "loop.log_every=2", "loop.steps=2", "loop.device=cpu", "loop.ema=0.1",
    "loop.learning_rate=0.01", "loop.warmup=0",
)  # fmt: skip


@pytest.fixture(scope="module", params=sorted(PIPELINES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(name: str, lettered_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stock model ``base`` with ONNX files, a labelled set ``set``, a configuration and ``run/best``, an adapter."""
    folder = tmp_path_factory.mktemp(name)
    write_model(name, folder / "base", seed=0)
    shutil.copytree(lettered_set, folder / "set")
    (folder / "train.yaml").write_text(f"pipeline: {name}\nparts: [{PART[name]}]\n")
    assert main(train_arguments(folder)) == 0
    return folder


def write_model(name: str, folder: Path, seed: int) -> None:
    torch.manual_seed(seed)
    config = load_config(None, [f"pipeline={name}", *TINY[name]]).model
    export_pipeline(importlib.import_module(PIPELINES[name]).build(config, ALPHABET), name, folder)


def train_arguments(folder: Path, *more: str, output: str = "run", base: str | None = "base") -> list[str]:
    sets = [f"data.train=[{folder / 'set'}]", f"data.val=[{folder / 'set'}]"]
    start = [] if base is None else ["--from", str(folder / base)]
    return ["train", str(folder / "train.yaml"), *SETTINGS, *sets, *more, "--output", str(folder / output), *start]


def test_training_leaves_an_adapter(name: str, folder: Path) -> None:
    best = folder / "run" / "best"
    assert {path.name for path in best.iterdir()} == {
        "adapter_config.json", "adapter_model.safetensors", "alphabet.txt", "card.md", "config.yaml",
    }  # fmt: skip
    base, trained = load_pipeline(folder / "base").state_dict(), load_adapted(best, folder / "base").state_dict()
    changed = {key for key in base if not torch.equal(base[key], trained[key])}
    assert changed and all(key.startswith(f"{PART[name]}.") for key in changed)
    assert not any("running" in key or "stem" in key for key in changed)


def test_checkpoints_hold_the_adapter_alone_and_resume(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tensors = load_file(folder / "run" / "checkpoint-00000002" / "state.safetensors")
    weights = {key for key in tensors if key.startswith("weights.")}
    assert len(weights) < len(load_pipeline(folder / "base").state_dict()) / 2
    assert any("lora_B" in key for key in weights) and not any("base_layer" in key for key in weights)
    assert main([*train_arguments(folder, "loop.steps=4"), "--resume"]) == 0
    assert "step 4/4" in capsys.readouterr().err


def test_a_run_does_not_resume_on_another_base(
    name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(name, tmp_path / "other", seed=1)
    assert main([*train_arguments(folder, "loop.steps=6", base=str(tmp_path / "other")), "--resume"]) == 4
    assert "is of another model or adapter" in capsys.readouterr().err


def test_reading_and_scoring_take_the_adapter(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    best = str(folder / "run" / "best")
    assert main(["predict", str(folder / "set" / "val.png"), "--adapter", best, "--format", "json"]) == 0
    assert '"pages"' in capsys.readouterr().out
    assert main(["eval", str(folder / "set"), "--adapter", best, "--against", str(folder / "base")]) == 0
    table = capsys.readouterr().out
    assert "best" in table and "base" in table


def test_the_reader_is_that_of_base_and_adapter(folder: Path) -> None:
    image = cv2.imread(str(folder / "set" / "val.png"))[34:70]
    read = [
        reader.read_lines([image])
        for reader in (
            ocr.load(adapter=folder / "run" / "best"),
            ocr.load(folder / "base", adapter=folder / "run" / "best"),
            load_adapted(folder / "run" / "best", folder / "base").eval().reader(),
        )
    ]
    assert read[0] == read[1] == read[2]


def test_a_merged_adapter_is_a_model(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    best = folder / "run" / "best"
    assert main(["adapter", "merge", str(best), "--output", str(tmp_path / "merged")]) == 0
    assert "largest difference to torch" in capsys.readouterr().out
    merged = load_pipeline(tmp_path / "merged").state_dict()
    for key, tensor in load_adapted(best, folder / "base").state_dict().items():
        torch.testing.assert_close(merged[key], tensor, rtol=1e-3, atol=1e-4)  # rounded to fp16
    files = {path.name for path in (folder / "base").iterdir()}
    assert {path.name for path in (tmp_path / "merged").iterdir()} == files
    assert main(["predict", str(folder / "set" / "val.png"), "--model", str(tmp_path / "merged")]) == 0


def test_show_says_what_an_adapter_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adapter", "show", str(folder / "run" / "best")]) == 0
    shown = dict(line.split(":", 1) for line in capsys.readouterr().out.splitlines())
    tensors = load_file(folder / "run" / "best" / "adapter_model.safetensors")
    assert shown["parameters"].strip() == f"{sum(tensor.numel() for tensor in tensors.values()):,}"
    assert shown["model"].strip() == str(folder / "base") and shown["rank"].strip() == "2"


def test_the_shipped_model_is_what_is_adapted_by_default(
    name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = ocr.pipeline.DEFAULT_MODELS[name]
    shutil.copytree(folder / "base", tmp_path / shipped)
    monkeypatch.setattr(ocr.pipeline, "SHIPPED", tmp_path)
    assert main(train_arguments(folder, output="default", base=None)) == 0
    config = (folder / "default" / "best" / "adapter_config.json").read_text()
    assert f'"base_model_name_or_path": "{shipped}"' in config
    assert ocr.pipeline.find_base(folder / "default" / "best") == tmp_path / shipped


def test_settings_of_the_model_come_from_the_base(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part = PART[name]
    stored = load_config(folder / "train.yaml", [], folder / "base").model
    assert getattr(stored, part).width == {"two_stage": 16, "end2end": 24}[name]
    same = load_config(folder / "train.yaml", [f"model.{part}.depth=1"], folder / "base").model
    assert same == stored
    with pytest.raises(UsageError, match=rf"model\.{part}\.depth=3 contradicts .*base, .* trained with 1; leave"):
        load_config(folder / "train.yaml", [f"model.{part}.depth=3"], folder / "base")
    free = {"two_stage": "model.recognizer.dropout=0.1", "end2end": "model.target.alignment=0.1"}[name]
    assert load_config(folder / "train.yaml", [free], folder / "base").model != stored


def test_wrong_models_are_refused_in_one_line(
    name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(name, tmp_path / "other", seed=1)
    page, best = str(folder / "set" / "val.png"), str(folder / "run" / "best")
    for arguments, words in (
        (["predict", page, "--adapter", best, "--model", str(tmp_path / "other")], "give the model it belongs to"),
        (["predict", page, "--model", best], "read with --adapter"),
        (["export", best], "ocr adapter merge"),
        (["predict", page, "--adapter", str(folder / "base")], "is no adapter"),
        (["adapter", "merge", str(folder / "base"), "--output", str(tmp_path / "x")], "is no adapter"),
    ):
        assert main(arguments) == 4
        error = capsys.readouterr().err
        assert words in error and error.count("\n") == 1


def test_a_base_that_is_gone_is_asked_for(folder: Path, tmp_path: Path) -> None:
    best = tmp_path / "adapter"
    best.mkdir()
    for path in (folder / "run" / "best").iterdir():
        text = path.read_bytes()
        (best / path.name).write_bytes(text.replace(str(folder / "base").encode(), b"/gone/base"))
    with pytest.raises(ModelError, match="belongs to /gone/base, which is not here; give that model with --model"):
        ocr.pipeline.find_base(best)
    assert ocr.pipeline.find_base(best, folder / "base") == folder / "base"


def test_an_adapter_without_torch_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    page = str(folder / "set" / "val.png")
    assert main(["predict", page, "--adapter", str(folder / "run" / "best")]) == 2
    assert 'type: pip install "vitocr[train]"' in capsys.readouterr().err


def test_adapting_needs_a_model(name: str, folder: Path) -> None:
    from ocr.train import train

    with pytest.raises(UsageError, match="needs a model to adapt; give one with --from"):
        train(load_config(folder / "train.yaml", ["adapt.method=lora"]), folder / "none")


def test_an_adapter_of_a_grown_alphabet_holds_the_last_layer(name: str, folder: Path) -> None:
    manifest = (folder / "set" / "train.jsonl").read_text("utf-8")
    grown = folder / "grown_set"
    grown.mkdir()
    (grown / "train.png").write_bytes((folder / "set" / "train.png").read_bytes())
    (grown / "train.jsonl").write_text(manifest.replace("beta", "beza").replace('"t"', '"z"'), encoding="utf-8")
    more = (f"data.train=[{grown}]", "adapt.also=[]", "--grow-alphabet")
    assert main(train_arguments(folder, *more, output="grown")) == 0
    adapted = load_adapted(folder / "grown" / "best", folder / "base")
    assert adapted.alphabet.symbols[-1] == "z" and len(adapted.alphabet.symbols) == len(ALPHABET.symbols) + 1


def test_layers_that_differ_by_their_block_are_shown_as_one() -> None:
    layers = [f"recognizer.encoder.blocks.{block}.mlp.{name}" for name in ("fc1", "fc2") for block in (0, 1, 2, 4)]
    assert alike(layers) == ["recognizer.encoder.blocks.0-2,4.mlp.fc1", "recognizer.encoder.blocks.0-2,4.mlp.fc2"]
    assert alike(["head", "a.blocks.7.qkv"]) == ["head", "a.blocks.7.qkv"]
