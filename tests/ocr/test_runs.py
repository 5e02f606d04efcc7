"""A run's folder explains itself: what training leaves there, and that ``ocr runs`` tells it without torch."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("fontTools", reason="the training extra is not installed")

from ocr.errors import MissingExtraError, UsageError
from ocr.run_compare import to_comparison
from ocr.run_folder import Run, Session, find_runs, this_process
from ocr.run_record import command_line
from ocr.run_report import to_table, to_text
from ocr.run_warnings import run_warnings
from tests.ocr.run_folders import FINISHED, tiny_config, trained, write_run

ROOT = Path(__file__).parents[2]
WITHOUT_TORCH = (
    "import sys\n"
    "for name in ('torch', 'timm', 'peft', 'matplotlib', 'safetensors', 'fontTools'): sys.modules[name] = None\n"
    "from ocr.cli import main\n"
    "sys.exit(main(sys.argv[1:]))"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run."""
    folder = tmp_path_factory.mktemp("runs")
    return trained(tiny_config(folder / "set"), folder / "first")


def test_the_record_says_what_was_run_on_what(run: Run) -> None:
    (session,) = run.sessions
    assert (run.state, session.from_step, session.seed, session.pipeline) == ("finished", 0, 0, "two_stage")
    assert session.parts == ("recognizer",) and session.precision == "fp32" and session.device == "cpu"
    total, counted = session.parameters["recognizer"]
    assert total == counted > 0 and session.parameters["detector"][1] == 0
    assert session.changed["loop.steps"] == 4 and "loop.seed" not in session.changed
    assert "data.replay" not in session.changed  # 0 for every run from nothing: nobody set it
    assert {row["role"]: row["lines"] for row in session.data} == {"train": 2, "val": 2}
    assert session.versions["python"] == ".".join(map(str, sys.version_info[:3])) and "torch" in session.versions
    assert session.machine["cores"] >= 1 and session.process == this_process()
    assert session.command == command_line(sys.argv)


def test_commands_are_told_as_they_can_be_typed_again() -> None:
    for program, told in (("/usr/bin/ocr", "ocr"), ("/lib/ocr/__main__.py", "python -m ocr"), ("a b.py", "'a b.py'")):
        assert command_line([program, "train", "data.train=[MY SET]"]) == f"{told} train 'data.train=[MY SET]'"


def test_curve_and_scores_are_kept_and_the_seconds_add_up(run: Run) -> None:
    assert [row["step"] for row in run.curve] == [1, 2, 3, 4] and [row.step for row in run.evaluations] == [2, 4]
    assert all(np.isfinite(row["losses"]["ctc"]) and row["rate"] > 0 for row in run.curve)
    assert set(run.time) == {"starting", "computing", "waiting", "evaluating", "saving"}
    assert all(seconds > 0 for seconds in run.time.values())
    assert run.best is not None and run.best.objective == min(row.objective or 0 for row in run.evaluations)


def test_progress_tells_the_share_of_waiting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained(tiny_config(tmp_path / "set", "loop.steps=2"), tmp_path / "run")
    lines = re.findall(r"^step \d+/2 .* samples/s  waits (\d+)%  \d:\d\d:\d\d left$", capsys.readouterr().err, re.M)
    assert len(lines) == 2 and all(0 <= int(share) <= 100 for share in lines)


def test_pictures_show_curves_and_what_is_read(run: Run) -> None:
    curves = cv2.imread(str(run.folder / "curves.png"))
    assert curves is not None and curves.shape[1] > 1000 and (curves < 128).any()
    pictures = sorted(path.name for path in (run.folder / "samples").glob("*.png"))
    assert pictures == ["over_time.png", "step-00000002.png", "step-00000004.png"]
    over_time = cv2.imread(str(run.folder / "samples" / "over_time.png"))
    assert over_time is not None
    blue, green, red = (over_time[..., channel].astype(int) for channel in range(3))
    assert ((red - green > 80) & (red - blue > 80)).any()  # a network of two steps reads nothing right
    assert {row["step"] for row in run.readings} == {2, 4}
    assert {row["label"] for row in run.readings} == {"delta", "eta theta"}


def test_right_letters_are_black_and_wrong_ones_red() -> None:
    pytest.importorskip("torch", reason="the training extra is not installed")
    from ocr.models.trainable import SampleReading
    from ocr.run_samples import compared

    def red_columns(text: str) -> int:
        picture = compared("1", SampleReading("a", np.zeros((32, 32, 3), np.uint8), "Wort 한", text)).astype(int)
        return int((picture[..., 0] - picture[..., 1] > 60).any(axis=0).sum())

    assert red_columns("Wort 한") == 0
    assert 0 < red_columns("Wart 한") < red_columns("Wxyz 한")
    assert red_columns("Wor 한") > 0 and red_columns("") > 0  # what is missing is marked


def test_the_card_tells_data_scores_command_and_versions(run: Run) -> None:
    card = (run.folder / "best" / "card.md").read_text(encoding="utf-8")
    session = run.session
    assert run.best is not None
    for told in (
        f"| cer/set | {run.best.values['cer/set']:.4f} |", session.command, session.data[0]["sha256"][:16],
        f"torch {session.versions['torch']}", "loop.steps=4", "## Licence", "Seed 0",
    ):  # fmt: skip
        assert told in card, told


def test_the_card_goes_with_an_exported_model(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ocr import export

    monkeypatch.setattr(export, "export_pipeline", lambda pipeline, name, output: output.mkdir(exist_ok=True) or {})
    export.export(run.folder / "best", tmp_path / "model")
    card = tmp_path / "model" / "card.md"
    assert card.read_bytes() == (run.folder / "best" / "card.md").read_bytes()
    card.write_text("by hand")
    export.export(run.folder / "best", tmp_path / "model")
    assert card.read_text() == "by hand"


def test_long_runs_keep_some_pictures(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the training extra is not installed")
    from ocr.run_samples import KEPT, thin_out

    for step in range(1, KEPT + 2):
        (tmp_path / f"step-{step:08d}.png").touch()
        thin_out(tmp_path)
    kept = sorted(int(path.stem.removeprefix("step-")) for path in tmp_path.iterdir())
    assert kept == list(range(1, KEPT + 2, 2))  # the first and the newest among them


def test_commands_work_without_torch(run: Run, tmp_path: Path) -> None:
    other = write_run(tmp_path / "other", FINISHED, scores=[{"step": 2, "objective": 0.5, "cer/set": 0.5}])
    told = {}
    for arguments in (
        ["list", str(run.folder.parent)],
        ["show", str(run.folder)],
        ["compare", *map(str, (run.folder, other.folder))],
    ):
        command = [sys.executable, "-c", WITHOUT_TORCH, "runs", *arguments]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False)
        assert done.returncode == 0, done.stderr
        told[arguments[0]] = done.stdout
    assert re.search(rf"^{re.escape(str(run.folder))} +finished +recognizer .* 4 of 4 .*cer/set", told["list"], re.M)
    for word in ("Scores", "Curve", "Where the time went", "What it reads", "loop.steps=4", "curves.png", "command:"):
        assert word in told["show"], word
    assert re.search(r"^loop\.steps +4 +100$", told["compare"], re.M)


def test_a_resumed_run_has_two_sessions_and_one_curve(tmp_path: Path) -> None:
    first = trained(tiny_config(tmp_path / "set"), tmp_path / "run")
    ghost = json.dumps(first.curve[-1] | {"step": 5})  # what a killed session wrote after its last checkpoint
    for name, rest in (
        ("curve.jsonl", f'{ghost}\n{{"step": 6, "los'),
        ("scores.jsonl", '{"step": 6, "objective": 0}\n'),
    ):
        with (first.folder / name).open("a") as file:
            file.write(rest)
    (first.folder / "samples" / "step-00000006.png").write_bytes(b"")
    resumed = trained(tiny_config(tmp_path / "set", "loop.steps=6"), first.folder, resume=True)
    assert [session.from_step for session in resumed.sessions] == [0, 4]
    assert [row["step"] for row in resumed.curve] == [1, 2, 3, 4, 5, 6]
    assert [row.step for row in resumed.evaluations] == [2, 4, 6] and resumed.evaluations[-1].objective
    assert resumed.seconds > first.curve[-1]["seconds"] and json.dumps(resumed.curve[4]) != ghost
    assert any("resumed with other loop.steps (" in line for line in run_warnings(resumed))
    assert cv2.imread(str(resumed.folder / "samples" / "step-00000006.png")) is not None


def test_a_new_run_in_an_old_folder_starts_its_records_anew(tmp_path: Path) -> None:
    trained(tiny_config(tmp_path / "set"), tmp_path / "run")
    (tmp_path / "run" / "report.json").write_text("{}")
    for checkpoint in (tmp_path / "run").glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    again = trained(tiny_config(tmp_path / "set", "loop.steps=2"), tmp_path / "run")
    assert len(again.sessions) == 1 and [row["step"] for row in again.curve] == [1, 2]
    assert [path.name for path in (again.folder / "samples").glob("step-*")] == ["step-00000002.png"]
    assert not (again.folder / "report.json").exists()


def test_runs_are_found_and_models_are_not(run: Run, tmp_path: Path) -> None:
    assert [found.folder.name for found in find_runs(run.folder.parent)] == ["first"]
    old = write_run(tmp_path / "old", scores=[{"step": 100, "objective": 0.2, "cer/a": 0.2}])  # without run.json
    broken = write_run(tmp_path / "deep" / "broken")
    (broken.folder / "run.json").write_text("{")
    (broken.folder / "curve.jsonl").write_bytes(b'\xff{"step": 1}\n[]\n{"step": "x"}')
    found = {r.folder.name: r for r in find_runs(tmp_path)}
    assert {name: r.state for name, r in found.items()} == {"old": "finished", "broken": "unknown"}
    assert "cer/a 0.2000" in to_table([old]) and "no run.json" in to_text(old) and to_text(broken)
    assert to_comparison([old, broken])
    (old.folder / "run.json").write_text('{"sessions": [{"parts": ["x"], "from_step": "y", "later": 1}, 3]}')
    assert Run(old.folder).sessions == [Session(parts=("x",))] and to_text(Run(old.folder))


def test_curves_go_to_wandb_when_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[tuple[dict[str, Any], int]] = []
    started: list[dict[str, Any]] = []

    class Sent:
        def log(self, values: dict[str, Any], step: int) -> None:
            logged.append((values, step))

        def finish(self) -> None:
            logged.append(({}, -1))

    def init(**options: Any) -> Sent:
        started.append(options)
        return Sent()

    api = SimpleNamespace(Image=lambda picture: picture.shape, init=init, Error=ValueError)
    monkeypatch.setitem(sys.modules, "wandb", api)
    trained(tiny_config(tmp_path / "set", "loop.wandb=letters"), tmp_path / "run")
    trained(tiny_config(tmp_path / "set", "loop.wandb=letters", "loop.steps=6"), tmp_path / "run", resume=True)
    names = {name for values, _ in logged for name in values}
    assert {"loss/ctc", "validation/cer/set", "rate/learning", "rate/waiting", "samples"} <= names
    assert logged[-1] == ({}, -1) and max(step for _, step in logged) == 6
    assert started[0]["project"] == "letters" and started[0]["id"] == started[1]["id"]


def test_wandb_that_is_missing_is_told_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MissingExtraError, match=r"vitocr\[wandb\]"):
        trained(tiny_config(tmp_path / "set", "loop.wandb=letters"), tmp_path / "run")


def test_wandb_that_refuses_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**options: Any) -> None:
        raise ValueError("no API key\nconfigured")

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=refuse, Error=ValueError))
    with pytest.raises(UsageError, match="no API key configured; type wandb login"):
        trained(tiny_config(tmp_path / "set", "loop.wandb=letters"), tmp_path / "run")
