"""What a training run survives: kills, damaged and malicious checkpoints, a full disk, signals, dying loaders."""

from __future__ import annotations

import json
import os
import pickle
import random
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
safetensors = pytest.importorskip("safetensors.torch", reason="the training extra is not installed")

from ocr import checkpoint  # noqa: E402
from ocr.checkpoint import check_space, find_checkpoint, read_checkpoint, replace_folder  # noqa: E402
from ocr.config import TrainConfig, load_config  # noqa: E402
from ocr.data.batch_stream import DEATHS, BatchStream  # noqa: E402
from ocr.data.readable import ReadableSamples  # noqa: E402
from ocr.data.samples import load_samples  # noqa: E402
from ocr.data.series import Share  # noqa: E402
from ocr.errors import InputError, ModelError, OutputError, UsageError  # noqa: E402
from ocr.models.two_stage.pipeline import TwoStage  # noqa: E402
from ocr.train import build_pipeline, train  # noqa: E402
from ocr.train_state import TrainState  # noqa: E402

sys.path.append(str(Path(__file__).parents[2] / "scripts"))

import kill_resume  # noqa: E402

forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked here, which Windows cannot")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kill_resume.draw_set(tmp_path_factory.mktemp("labelled") / "set")


def config_of(data: Path, *overrides: str) -> TrainConfig:
    sets = f"[{data}]"
    given = [*kill_resume.SETTINGS, "parts=[recognizer]", f"data.train={sets}", f"data.val={sets}", "data.workers=0"]
    return load_config(None, [*given, "data.line_pixels=512", "loop.steps=6", "loop.evaluate_every=2", *overrides])


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of six steps with checkpoints at the fourth and the sixth."""
    output = tmp_path_factory.mktemp("runs") / "run"
    train(config_of(data), output)
    return output


def copy_of(run: Path, folder: Path) -> Path:
    shutil.copytree(run, folder / "run")
    return folder / "run"


@forking
def test_killed_at_any_moment_and_resumed_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    given = ("parts=[recognizer]", "loop.steps=12", "loop.evaluate_every=2", "data.workers=1")
    outcome = kill_resume.kill_and_compare(tmp_path, kills=3, aimed=1, seed=1, given=given)
    assert (outcome.equal, outcome.orphans) == (outcome.runs, 0)
    assert outcome.kills == 3


@pytest.mark.parametrize("parts", ["[recognizer]", "[detector]"])
def test_a_resumed_run_gets_the_batches_that_would_have_come(data: Path, parts: str) -> None:
    config = config_of(data, f"parts={parts}")
    pipeline = build_pipeline(config, None)
    unbroken, stopped = (pipeline.batches(config.parts, config.data, 0) for _ in "ab")
    batches = [next(unbroken) for _ in range(9)]
    for _ in range(4):
        next(stopped)
    share = Share(stopped.number, positions=stopped.positions)
    for workers in (0, 1):
        data_config = config_of(data, f"data.workers={workers}").data
        resumed = pipeline.batches(config.parts, data_config, 0, share)
        for batch in batches[4:]:
            assert_same_batch(batch, next(resumed))


def assert_same_batch(one: Any, two: Any) -> None:
    for part, tensors in one.items():
        assert all(torch.equal(tensor, two[part][name]) for name, tensor in tensors.items())


def test_a_run_goes_on_from_between_two_evaluations(data: Path, run: Path, tmp_path: Path) -> None:
    train(config_of(data, "loop.steps=3", "loop.save_every=1"), tmp_path / "run")
    train(config_of(data), tmp_path / "run", resume=True)
    assert kill_resume.digests(tmp_path / "run")[0] != kill_resume.digests(run)[0]  # the schedule knew of three steps
    shutil.rmtree(tmp_path / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainState, "score_and_save", stop_at(5, TrainState.score_and_save))
        with pytest.raises(RuntimeError, match="pulled"):
            train(config_of(data, "loop.save_every=1"), tmp_path / "run")
    assert sorted(p.name for p in (tmp_path / "run").glob("checkpoint-*"))[-1] == "checkpoint-00000005"
    train(config_of(data), tmp_path / "run", resume=True)
    assert kill_resume.digests(tmp_path / "run") == kill_resume.digests(run)


SPOTTER = (
    "pipeline=end2end", "parts=[spotter]", "model.spotter.stem=[4,8,8]", "model.spotter.width=24",
    "model.spotter.depth=1", "model.spotter.heads=3", "model.spotter.hidden=16", "model.spot.presence=0.99",
    "model.target.alignment=0.5",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["adapter", "spotter"])
def test_what_else_is_trained_resumes_to_the_same_bytes(data: Path, run: Path, tmp_path: Path, kind: str) -> None:
    initial = run / "best" if kind == "adapter" else None
    given = [setting for setting in kill_resume.SETTINGS if not setting.startswith(("parts", "model"))]
    own = ("parts=[recognizer]", "adapt.method=lora", "adapt.dropout=0.2") if kind == "adapter" else SPOTTER
    sets = (f"data.train=[{data}]", f"data.val=[{data}]", "data.workers=0", "loop.steps=4", "loop.evaluate_every=2")
    config = load_config(None, [*given, *own, *sets], initial)
    train(config, tmp_path / "unbroken", initial=initial)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(RuntimeError, match="pulled"):
        patch.setattr(TrainState, "score_and_save", stop_at(3, TrainState.score_and_save))
        train(config, tmp_path / "broken", initial=initial)
    train(config, tmp_path / "broken", initial=initial, resume=True)
    for name in ("checkpoint-00000004/state", f"best/{'adapter_model' if kind == 'adapter' else 'weights'}"):
        one, two = ((tmp_path / run / f"{name}.safetensors").read_bytes() for run in ("unbroken", "broken"))
        assert one == two, name
    if kind == "adapter":  # what it forgets is told of as if nothing had been
        one, two = (json.loads((tmp_path / run / "report.json").read_text()) for run in ("unbroken", "broken"))
        assert one == two


def stop_at(step: int, score: Any) -> Any:
    def stopping(self: TrainState, *rest: Any) -> None:
        if self.step > step:
            raise RuntimeError("the plug is pulled")
        score(self, *rest)

    return stopping


@pytest.mark.parametrize("name", ["state.safetensors", "progress.json"])
def test_a_damaged_checkpoint_is_never_loaded(run: Path, tmp_path: Path, name: str) -> None:
    folder = copy_of(run, tmp_path) / "checkpoint-00000006"
    whole, rng = (folder / name).read_bytes(), random.Random(0)
    for damage in range(200):
        place = rng.randrange(len(whole))
        if damage % 2:
            spoilt = whole[:place]
        else:
            spoilt = whole[:place] + bytes([whole[place] ^ 1 << rng.randrange(8)]) + whole[place + 1 :]
        (folder / name).write_bytes(spoilt)
        try:
            progress = read_checkpoint(folder).progress
        except ModelError as error:
            assert str(folder) in str(error) and "\n" not in str(error)
        else:  # a space more or less
            assert name == "progress.json" and progress.step == 6 and json.loads(spoilt) == json.loads(whole)


def test_the_checkpoint_before_a_damaged_one_is_taken(
    data: Path, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = copy_of(run, tmp_path)
    (output / "checkpoint-00000006" / "state.safetensors").write_bytes(b"cut")
    (output / ".checkpoint-00000008").mkdir()
    train(config_of(data), output, resume=True)
    assert "checkpoint-00000006/state.safetensors is damaged" in capsys.readouterr().err
    assert kill_resume.digests(output) == kill_resume.digests(run)
    assert not list(output.glob(".*"))
    for folder in output.glob("checkpoint-*"):
        (folder / "progress.json").unlink()
    with pytest.raises(ModelError, match=r"no checkpoint in .* is whole"):
        train(config_of(data), output, resume=True)


def test_checkpoints_are_not_written_over_by_mistake(data: Path, run: Path) -> None:
    with pytest.raises(UsageError, match="--resume"):
        train(config_of(data), run)


def test_a_checkpoint_of_another_model_is_refused(data: Path, run: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="of another model"):
        train(config_of(data, "model.recognizer.width=32"), copy_of(run, tmp_path), resume=True)


class Canary:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("canary"),)


def test_nothing_is_unpickled(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = copy_of(run, tmp_path) / "checkpoint-00000006"
    for name in ("state.safetensors", "progress.json"):
        for write in (lambda path: path.write_bytes(pickle.dumps(Canary())), lambda path: torch.save(Canary(), path)):
            write(folder / name)
            if name == "state.safetensors":  # with a hash that fits, as an attacker would give it
                told = json.loads((run / folder.name / "progress.json").read_text())
                told["sha256"]["state"] = checkpoint.hash_of_file(folder / name)
                (folder / "progress.json").write_text(json.dumps(told))
            with pytest.raises(ModelError):
                read_checkpoint(folder)
    assert not (tmp_path / "canary").exists()


def test_a_full_disk_leaves_the_checkpoint_before_whole(
    data: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = copy_of(run, tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 90, 1 << 20))
    with pytest.raises(OutputError, match=r"no space left on .*run, needs about \d+ MB"):
        train(config_of(data, "loop.steps=8"), output, resume=True)
    monkeypatch.undo()

    def full(path: Path) -> None:
        (path / "half").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left on device"):
        replace_folder(output / "checkpoint-00000006", full)
    found = find_checkpoint(output, resume=True)
    assert found is not None and found.progress.step == 6
    check_space(output, 0)


def test_best_weights_come_back_after_a_kill_between_two_renamings(run: Path, tmp_path: Path) -> None:
    output = copy_of(run, tmp_path)
    (output / "best").rename(output / ".best.old")
    find_checkpoint(output, resume=True)
    assert (output / "best" / "weights.safetensors").exists()


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Ctrl+C as in a terminal: what a shell script runs in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("evaluating", [False, True])
def test_a_signal_saves_first_and_the_run_goes_on_as_if_nothing_had_been(
    data: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, evaluating: bool
) -> None:
    from ocr.models.two_stage.validation import TwoStageValidation

    calls = 0
    place: tuple[Any, str] = (TwoStageValidation, "__call__") if evaluating else (TwoStage, "loss")
    original = getattr(*place)

    def interrupted(self: Any, *rest: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == (2 if evaluating else 3):
            os.kill(os.getpid(), number)
            time.sleep(0.01)
        return original(self, *rest)

    before = signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    try:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(*place, interrupted)
            train(config_of(data), tmp_path / "run")
    finally:
        signal.signal(signal.SIGTERM, before)
    steps = [int(p.name[-8:]) for p in sorted((tmp_path / "run").glob("checkpoint-*"))]
    assert steps[-1] == (4 if evaluating else 3)
    assert read_checkpoint(tmp_path / "run" / f"checkpoint-{steps[-1]:08d}").progress.scored is not evaluating
    train(config_of(data), tmp_path / "run", resume=True)
    assert kill_resume.digests(tmp_path / "run") == kill_resume.digests(run)


def test_before_there_is_something_to_save_a_signal_ends_training_at_once(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

    monkeypatch.setattr("ocr.train.build_pipeline", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(config_of(data), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@forking
def test_loader_processes_that_die_are_started_again(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = config_of(data, "data.workers=1")
    pipeline = build_pipeline(config, None)
    expected = pipeline.batches(config.parts, config_of(data).data, 0)
    stream = pipeline.batches(config.parts, config.data, 0)
    for step in range(12):
        if step == 2:
            for worker in torch.multiprocessing.active_children():
                os.kill(worker.pid, signal.SIGKILL)
        assert_same_batch(next(expected), next(stream))
    assert "started again" in capsys.readouterr().err


def test_a_batch_that_kills_its_process_over_and_over_ends_training() -> None:
    def dying(share: Share) -> Any:
        raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed.")
        yield

    stream = BatchStream({"recognizer": dying}, Share())
    with pytest.raises(InputError, match=f"died {DEATHS} times"):
        next(stream)


def test_an_image_that_went_bad_after_the_check_is_skipped(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import numpy as np

    shutil.copytree(data, tmp_path / "set")
    samples = ReadableSamples(load_samples(tmp_path / "set", split="train"))
    (tmp_path / "set" / "train2.png").write_bytes((tmp_path / "set" / "train2.png").read_bytes()[:200])
    rng = np.random.default_rng(0)
    drawn = {samples.draw(rng)[0] for _ in range(60)}
    assert drawn == {0, 1, 3, 4, 5}
    assert capsys.readouterr().err.count("train2.png") == 1
    for path in (tmp_path / "set").glob("*.png"):
        path.write_bytes(b"")
    with pytest.raises(InputError):
        samples.draw(rng)


def test_minutes_and_the_same_bits_exclude_each_other(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"loop\.minutes=0"):
        train(config_of(data, "loop.minutes=1"), tmp_path / "run")


def test_training_outside_of_the_main_thread_leaves_signals_alone(data: Path, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=train, args=(config_of(data, "loop.steps=2"), tmp_path / "run"))
    thread.start()
    thread.join()
    assert (tmp_path / "run" / "best").is_dir() and signal.getsignal(signal.SIGINT) is before
