"""A training that started from a model, broken off at any moment and resumed: the same weights and the same report."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("peft", reason="the training extra is not installed")
safetensors = pytest.importorskip("safetensors.torch", reason="the training extra is not installed")

import ocr.train  # noqa: E402
import ocr.train_state  # noqa: E402
from ocr.config import TrainConfig, load_config  # noqa: E402
from ocr.data.stock import stock_lines  # noqa: E402
from ocr.models.two_stage import validation  # noqa: E402
from ocr.train import train  # noqa: E402
from ocr.train_state import TrainState  # noqa: E402

sys.path.append(str(Path(__file__).parents[2] / "scripts"))

import kill_resume  # noqa: E402

KINDS = {"adapter": ("adapt.method=lora", "adapt.rank=2"), "full": ("adapt.method=none",)}


def config_of(data: Path, kind: str, base: Path | None, *given: str) -> TrainConfig:
    sets = (f"data.train=[{data}]", f"data.val=[{data}]", "data.workers=0", "data.line_pixels=512")
    steps = ("loop.steps=4", "loop.evaluate_every=2", "loop.ema=0.5", "loop.learning_rate=0.01")
    own = KINDS[kind] if base else ()
    return load_config(None, [*kill_resume.SETTINGS, "parts=[recognizer]", *sets, *steps, *own, *given], base)


@pytest.fixture(scope="module", autouse=True)
def few_stock_lines() -> Iterator[None]:
    """Scores of all of them take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validation, "stock_lines", lambda split: islice(stock_lines(split), 8))
        yield


@pytest.fixture(scope="module", params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labelled set ``set``, a model ``base/best`` and an unbroken adaptation of it, ``unbroken``."""
    folder = tmp_path_factory.mktemp(kind)
    data = kill_resume.draw_set(folder / "set")
    train(config_of(data, kind, None), folder / "base")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainState, "score_and_save", first_is_best(TrainState.score_and_save))
        adapt(folder, kind, folder / "unbroken")
    return folder


def adapt(folder: Path, kind: str, output: Path, *given: str, resume: bool = False) -> None:
    base = folder / "base" / "best"
    train(config_of(folder / "set", kind, base, *given), output, initial=base, resume=resume)


def first_is_best(score: Any) -> Any:
    """As if only the first evaluation had found something better: so the best weights are not the newest."""

    def scoring(self: TrainState, *rest: Any) -> None:
        self.best = self.best if self.chosen is None else 0.0
        score(self, *rest)

    return scoring


def results(run: Path) -> dict[str, bytes]:
    """What must be the same: the best weights, the adapter's settings, and the report."""
    files = [path for path in (run / "best").iterdir() if path.name not in ("card.md", "README.md")]
    return {path.name: path.read_bytes() for path in [*files, run / "report.json"]}


def fail(*_: Any, **__: Any) -> None:
    raise RuntimeError("the plug is pulled")


PLUGS = {
    "before the last evaluation": (TrainState, "score_and_save"),
    "as it steps back": (ocr.train_state, "step_back"),
    "after it stepped back": (ocr.train, "report_forgetting"),
}


@pytest.mark.parametrize("moment", sorted(PLUGS))
def test_broken_off_and_resumed_it_steps_back_as_if_nothing_had_been(
    folder: Path, kind: str, tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainState, "score_and_save", first_is_best(TrainState.score_and_save))
    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="pulled"):
        owner, name = PLUGS[moment]
        whole = getattr(owner, name)
        late = lambda self, *rest: fail() if self.step > 2 else whole(self, *rest)  # noqa: E731
        patch.setattr(owner, name, late if owner is TrainState else fail)
        adapt(folder, kind, tmp_path / "run")
    adapt(folder, kind, tmp_path / "run", resume=True)
    assert results(tmp_path / "run") == results(folder / "unbroken")


def test_resuming_a_finished_run_changes_nothing(folder: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = results(folder / "unbroken")
    weights = "adapter_model.safetensors" if kind == "adapter" else "weights.safetensors"
    adapt(folder, kind, folder / "unbroken", resume=True)
    assert "0.5 of the way is kept" in capsys.readouterr().err
    assert results(folder / "unbroken") == before
    adapt(folder, kind, folder / "unbroken", "loop.step_back=false", resume=True)
    assert results(folder / "unbroken")[weights] != before[weights]  # all of the way


def test_an_adapters_settings_are_the_same_bytes_in_every_process(folder: Path, kind: str) -> None:
    if kind == "adapter":
        targets = json.loads((folder / "unbroken/best/adapter_config.json").read_text())["target_modules"]
        assert len(targets) > 2 and targets == sorted(targets)


def test_checkpoints_hold_what_was_chosen_of_what_is_trained_alone(folder: Path, kind: str) -> None:
    newest = sorted((folder / "unbroken").glob("checkpoint-*"))[-1]
    tensors = safetensors.load_file(newest / "state.safetensors")
    chosen, average = (
        {name.partition(".")[2] for name in tensors if name.startswith(prefix)} for prefix in ("chosen.", "average.")
    )
    assert chosen and chosen <= average
    assert not any(name.startswith("detector") and name.endswith("weight") for name in chosen)
    of_base = sorted((folder / "base").glob("checkpoint-*"))[-1]
    assert not any(name.startswith("chosen.") for name in safetensors.load_file(of_base / "state.safetensors"))
