"""The training loop, checkpoints, model folders and export, on drawn pages with tiny networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch", reason="the training extra is not installed")

safetensors = pytest.importorskip("safetensors.torch", reason="the training extra is not installed")

from ocr.config import LoopConfig, TrainConfig, load_config  # noqa: E402
from ocr.data.batch_stream import BatchStream  # noqa: E402
from ocr.data.labels.native_writer import write_native  # noqa: E402
from ocr.data.samples import Sample  # noqa: E402
from ocr.document import Block, Line, Page  # noqa: E402
from ocr.errors import ModelError, TrainingError, UsageError  # noqa: E402
from ocr.models.weights import load_pipeline  # noqa: E402
from ocr.polygon import from_box  # noqa: E402
from ocr.train import build_optimizer, build_pipeline, prepare_device, schedule_progress, set_learning_rate, train  # noqa: E402

TINY = [
    "parts=recognizer",
    "model.recognizer.stem=[4,4,8]", "model.recognizer.width=16", "model.recognizer.depth=1",
    "model.recognizer.heads=2",
    "model.detector.stem=[4,8,8]", "model.detector.width=16", "model.detector.depth=1", "model.detector.heads=2",
    "model.detector.head=8", "data.workers=0", "data.line_pixels=512", "data.page_crops=1", "loop.threads=1",
    "loop.evaluate_every=2", "loop.log_every=1", "loop.steps=2", "loop.device=cpu",
]  # fmt: skip


def draw_set(folder: Path) -> Path:
    """Two labelled pages of OpenCV letters for each split."""
    for split, words in (("train", ("alpha beta", "gamma")), ("val", ("delta", "eta theta"))):
        samples = []
        for i, word in enumerate(words):
            page = np.full((160, 320, 3), 255, np.uint8)
            cv2.putText(page, word, (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (i, 0, 0), 2)
            cv2.putText(page, word[::-1], (20, 120), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (i, 0, 0), 2)
            path = folder / f"{split}{i}.png"
            folder.mkdir(exist_ok=True)
            cv2.imwrite(str(path), page)
            lines = tuple(Line(t, from_box(15, y - 28, 210, y + 10)) for t, y in ((word, 60), (word[::-1], 120)))
            samples.append(Sample(path, Page(1, 320, 160, (Block(lines),)), size=(320, 160)))
        write_native(samples, folder, split=split)
    return folder


def tiny_config(folder: Path, *overrides: str) -> TrainConfig:
    sets = f"[{draw_set(folder)}]"
    return load_config(None, [*TINY, f"data.train={sets}", f"data.val={sets}", *overrides])


@pytest.mark.parametrize("parts", ["[recognizer]", "[detector]", "[detector, recognizer]"])
def test_parts_train_apart_and_together(tmp_path: Path, parts: str) -> None:
    config = tiny_config(tmp_path / "set", f"parts={parts}")
    before = build_pipeline(config, None).state_dict()
    scores = train(config, tmp_path / "run")
    after = load_pipeline(tmp_path / "run" / "best").state_dict()
    changed = {
        name.split(".")[0] for name in after if not torch.equal(after[name], before[name].half().to(after[name].dtype))
    }
    assert changed == set(config.parts)
    assert ("detection/f1" in scores.values) == ("detector" in parts)
    assert ("cer/set" in scores.values) == ("recognizer" in parts)


def test_a_run_resumes_from_its_newest_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tiny_config(tmp_path / "set")
    train(config, tmp_path / "run")
    assert (tmp_path / "run" / "checkpoint-00000002").is_dir()
    train(tiny_config(tmp_path / "set", "loop.steps=6"), tmp_path / "run", resume=True)
    assert sorted(p.name for p in (tmp_path / "run").glob("checkpoint-*")) == [
        "checkpoint-00000004",
        "checkpoint-00000006",
    ]
    assert "step 3/6" in capsys.readouterr().err


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(tiny_config(tmp_path / "set", "loop.steps=4"), tmp_path / "run")
    (tmp_path / "run" / "checkpoint-00000004" / "state.safetensors").write_bytes(b"cut")
    train(tiny_config(tmp_path / "set", "loop.steps=6"), tmp_path / "run", resume=True)
    assert "step 3/6" in capsys.readouterr().err


def test_weights_start_from_a_model_folder(tmp_path: Path) -> None:
    config = tiny_config(tmp_path / "set")
    train(config, tmp_path / "run")
    stored = load_pipeline(tmp_path / "run" / "best").state_dict()
    started = build_pipeline(config, tmp_path / "run" / "best").state_dict()
    assert all(torch.equal(stored[name], started[name]) for name in stored)
    with pytest.raises(ModelError, match="does not fit"):
        build_pipeline(tiny_config(tmp_path / "set", "model.recognizer.width=32"), tmp_path / "run" / "best")


def poison(monkeypatch: pytest.MonkeyPatch, numbers: range) -> None:
    """Batches of these numbers hold what is no number."""
    good = BatchStream.__next__

    def poisoned(self: BatchStream) -> Any:
        number, batch = self.number, good(self)
        if number in numbers:
            batch["recognizer"]["images"] = batch["recognizer"]["images"] * float("nan")
        return batch

    monkeypatch.setattr(BatchStream, "__next__", poisoned)


def test_training_stops_on_numbers_that_are_not_finite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    poison(monkeypatch, range(1000))
    with pytest.raises(TrainingError, match=r"step 10: .*lower loop\.learning_rate"):
        train(tiny_config(tmp_path / "set", "loop.steps=20", "loop.evaluate_every=100"), tmp_path / "run")
    assert (tmp_path / "run" / "bad_batch" / "recognizer-00.png").exists()


def test_a_step_that_is_not_finite_is_skipped_and_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    poison(monkeypatch, range(2, 5))
    train(tiny_config(tmp_path / "set", "loop.steps=6", "loop.evaluate_every=3"), tmp_path / "run")
    assert capsys.readouterr().err.count("the step is skipped") == 3
    for name in (
        "checkpoint-00000003/state.safetensors",
        "checkpoint-00000006/state.safetensors",
        "best/weights.safetensors",
    ):
        assert all(tensor.isfinite().all() for tensor in safetensors.load_file(tmp_path / "run" / name).values())


def test_weight_decay_spares_vectors() -> None:
    config = load_config(None, TINY)
    optimizer = build_optimizer(build_pipeline(config, None), config)
    decayed, spared = optimizer.param_groups
    assert decayed["weight_decay"] > 0 and all(p.ndim > 1 for p in decayed["params"])
    assert spared["weight_decay"] == 0 and all(p.ndim <= 1 for p in spared["params"])


def test_the_schedule_follows_the_nearer_of_steps_and_minutes() -> None:
    loop = LoopConfig(steps=100, minutes=10.0, warmup=10, learning_rate=1.0)
    assert schedule_progress(loop, 50, 60.0) == 0.5
    assert schedule_progress(loop, 10, 540.0) == 0.9
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])
    assert set_learning_rate(optimizer, loop, 0, 0.0) == pytest.approx(0.1)
    assert set_learning_rate(optimizer, loop, 99, 1.0) == pytest.approx(0.02)


def test_unknown_parts_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean recognizer"):
        build_pipeline(load_config(None, [*TINY, "parts=[recogniser]"]), None)


def test_export_takes_parts_that_were_trained_apart_in_other_sizes(tmp_path: Path) -> None:
    from ocr.export import export

    for part, size in (("detector", "model.detector.width=24"), ("recognizer", "model.recognizer.width=32")):
        train(tiny_config(tmp_path / "set", f"parts={part}", "loop.seed=7", size), tmp_path / part)
    export(tmp_path / "recognizer" / "best", tmp_path / "model", {"detector": tmp_path / "detector" / "best"})
    model = load_pipeline(tmp_path / "model")
    assert (model.config.detector.width, model.config.recognizer.width) == (24, 32)
    whole = model.state_dict()
    for part in ("detector", "recognizer"):
        trained = load_pipeline(tmp_path / part / "best").state_dict()
        assert all(torch.equal(whole[name], trained[name]) for name in whole if name.startswith(part))
    with pytest.raises(UsageError, match="did you mean detector"):
        export(tmp_path / "recognizer" / "best", tmp_path / "model", {"detctor": tmp_path})


def test_without_validation_the_newest_weights_are_kept(tmp_path: Path) -> None:
    config = tiny_config(tmp_path / "set", "data.val=[]", "loop.steps=4", "parts=[detector]")
    train(config, tmp_path / "run")
    kept = load_pipeline(tmp_path / "run" / "best").state_dict()["detector.classify.weight"]
    state = safetensors.load_file(tmp_path / "run" / "checkpoint-00000004" / "state.safetensors")
    assert torch.equal(kept, state["average.detector.classify.weight"].half().float())


def test_a_model_folder_spells_out_what_its_weights_depend_on(tmp_path: Path) -> None:
    train(tiny_config(tmp_path / "set", "model.reading.margin=0.2"), tmp_path / "run")
    stored = yaml.safe_load((tmp_path / "run" / "best" / "config.yaml").read_text())["model"]
    assert set(stored) == {"detector", "recognizer", "kernel", "reading"}
    assert stored["reading"]["margin"] == 0.2


def test_precision_auto_is_what_the_processor_computes_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    for computes, precision in ((True, "bf16"), (False, "fp32")):
        monkeypatch.setattr("ocr.train.cpu_computes_bf16", lambda computes=computes: computes)
        device, loop = prepare_device(LoopConfig(device="cpu", precision="auto"))
        assert (device.type, loop.precision) == ("cpu", precision)
    with pytest.raises(UsageError, match="did you mean"):
        prepare_device(LoopConfig(device="cpu", precision="bf61"))


def test_a_run_stops_when_nothing_gets_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also if it is broken off and resumed between the evaluations."""
    from ocr.models.trainable import Scores
    from ocr.models.two_stage.validation import TwoStageValidation

    objectives = [0.5, 0.4, 0.45, 0.4, 0.1]
    monkeypatch.setattr(TwoStageValidation, "__call__", lambda self, pipeline: Scores(objectives.pop(0), {}))
    config = tiny_config(tmp_path / "set", "loop.evaluate_every=1", "loop.steps=3", "loop.patience=2")
    train(config, tmp_path / "run")
    assert "stopped at step" not in capsys.readouterr().err
    train(
        tiny_config(tmp_path / "set", "loop.evaluate_every=1", "loop.steps=9", "loop.patience=2"),
        tmp_path / "run",
        resume=True,
    )
    assert "stopped at step 4: 2 evaluations without a better score than 0.4000 at step 2" in capsys.readouterr().err
    assert objectives == [0.1] and (tmp_path / "run" / "checkpoint-00000004").is_dir()


def test_sets_of_all_kinds_train_together_by_weight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list, a manifest that stays in its file and shards; recognizer and detector."""
    from ocr.data.labels import stored_rows
    from ocr.data.labels.shard_writer import write_shards
    from ocr.data.samples import load_samples
    from ocr.models.two_stage import drawn_lines

    small, large = draw_set(tmp_path / "small"), draw_set(tmp_path / "large")
    write_shards(load_samples(small, split="train"), tmp_path / "shards" / "train", 1)
    manifest = large / "train.jsonl"
    manifest.write_text(manifest.read_text() + " \n" * 4000)
    monkeypatch.setattr(stored_rows, "LARGE_BYTES", 4000)
    monkeypatch.setattr(drawn_lines, "LARGE_COUNT", 2)
    sets = f"data.train=[{small}, {large}, {tmp_path / 'shards'}]"
    for options in ([], ["data.weights=[1, 2, 0.5]"], ["loop.gradient_checkpointing=true"]):
        run = tmp_path / f"run{len(options)}{len(str(options))}"
        config = tiny_config(tmp_path / "val", "parts=[detector, recognizer]", sets, *options)
        objective = train(config, run).objective
        assert objective is not None and np.isfinite(objective)
