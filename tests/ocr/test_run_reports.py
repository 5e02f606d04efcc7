"""What ``ocr runs`` makes of a run's folder: states, warnings, comparisons."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fontTools", reason="the training extra is not installed")

from ocr.cli import main
from ocr.errors import TrainingError
from ocr.run_compare import to_comparison
from ocr.run_folder import Run, Session, birth_of, this_process
from ocr.run_warnings import run_warnings
from tests.ocr.run_folders import FINISHED, write_run


def test_states_of_processes(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    birth = birth_of(child.pid)
    if not birth:
        child.kill()
        pytest.skip("no /proc here")
    process = this_process() | {"pid": child.pid, "birth": birth}
    run = write_run(tmp_path / "a", Session(started="2026-11-21T10:00:00+00:00", process=process))
    assert run.state == "running" and run_warnings(run) == []
    child.kill()
    child.wait()
    assert run.state == "broken off" and "--resume" in run_warnings(run)[0]
    other = write_run(tmp_path / "b", Session(process=process | {"host": "elsewhere"}))
    assert other.state == "running"  # it wrote just now
    for path in other.folder.iterdir():
        os.utime(path, (0, 0))
    assert other.state == "broken off"


def test_errors_are_told_as_the_end_of_a_run(tmp_path: Path) -> None:
    from ocr.run_record import recorded_end

    session = Session(process=this_process())
    run = write_run(tmp_path / "run", session)
    with pytest.raises(TrainingError), recorded_end(run.folder):
        raise TrainingError("step 7: losses are not finite")
    ended = Run(run.folder)
    assert ended.state == "broken off" and "step 7" in ended.session.reason and ended.session.ended
    with pytest.raises(KeyboardInterrupt), recorded_end(run.folder):
        raise KeyboardInterrupt
    with recorded_end(run.folder):
        pass
    assert Run(run.folder).session == ended.session  # the first breakdown is what is told
    foreign = write_run(tmp_path / "foreign", replace(session, process={"pid": 1, "host": "elsewhere"}))
    with recorded_end(foreign.folder):
        pass
    assert not Run(foreign.folder).session.ended


def test_what_stops_a_run_after_its_last_step_is_told_too(tmp_path: Path) -> None:
    from ocr.run_record import end_session, recorded_end

    run = write_run(tmp_path / "run", Session(process=this_process()))
    with pytest.raises(KeyboardInterrupt), recorded_end(run.folder):
        end_session(run.folder, "finished", time={"saving": 1.0})
        assert Run(run.folder).state == "finished"
        raise KeyboardInterrupt
    assert (Run(run.folder).state, Run(run.folder).session.reason) == ("broken off", "Ctrl+C")


def curve_row(step: int, **changes: Any) -> dict[str, Any]:
    time = {"waiting": 1.0, "computing": 99.0}
    return {
        "step": step,
        "seconds": step,
        "rate": 1e-3,
        "samples_per_second": 9.0,
        "losses": {"ctc": 1.0},
        "time": time,
    } | changes


def objectives(*values: float | None) -> list[dict[str, Any]]:
    """Rows of scores at steps 1, 2, ..."""
    return [{"step": step, "objective": value} for step, value in enumerate(values, start=1)]


@pytest.mark.parametrize(
    ("words", "files"),
    [
        ("wait 40% of the time", {"curve": [curve_row(1, time={"waiting": 4.0, "computing": 6.0})]}),
        ("3 steps had a loss that was not finite", {"curve": [curve_row(1, skipped=3)]}),
        ("into evaluating and saving", {"curve": [curve_row(1, time={"computing": 5.0, "evaluating": 4.0})]}),
        ("got worse after step 2", {"scores": objectives(0.9, 0.1, 0.4)}),
        ("still getting better", {"scores": objectives(0.9, 0.8, 0.7, 0.6, 0.5)}),
        ("nothing to validate on", {"scores": objectives(None)}),
        (
            "forgets: cer/stock by 2.00",
            {"report": {"forgotten": ["cer/stock"], "scores": [{"name": "cer/stock", "gain": -2.0}]}},
        ),
        ("worse than the model it started", {"report": {"scores": [{"name": "cer/mine", "gain": -2.0}]}}),
    ],
)  # fmt: skip
def test_what_is_worth_knowing_is_told(tmp_path: Path, words: str, files: dict[str, Any]) -> None:
    (line,) = run_warnings(write_run(tmp_path / "run", FINISHED, **files))
    assert words in line


def test_a_good_run_is_not_warned_of(tmp_path: Path) -> None:
    scores = objectives(0.9, 0.2, 0.1, 0.1, 0.1, 0.1)
    assert (
        run_warnings(write_run(tmp_path / "run", FINISHED, scores=scores, curve=[curve_row(s) for s in (1, 2)])) == []
    )


def test_comparisons_name_only_what_differs(tmp_path: Path) -> None:
    settings = {"loop": {"steps": 9, "seed": 1}, "parts": ["detector"]}
    data = [{"role": "train", "path": "s", "files": 1, "lines": 1, "bytes": 1, "sha256": "a" * 64}]
    first = write_run(
        tmp_path / "a", replace(FINISHED, versions={"torch": "1"}, data=data), settings=settings,
        scores=[{"step": 1, "objective": 0.5, "cer/x": 0.5, "detection/f1": 0.5}],
    )  # fmt: skip
    second = write_run(
        tmp_path / "b", replace(FINISHED, versions={"torch": "2"}, data=data),
        settings=settings | {"loop": {"steps": 9, "seed": 2}},
        scores=[{"step": 1, "objective": 0.4, "cer/x": 0.4, "detection/f1": 0.4}],
    )  # fmt: skip
    told = to_comparison([first, second])
    assert re.search(r"^loop\.seed +1 +2$", told, re.M) and "loop.steps" not in told
    assert re.search(r"^torch +1 +2$", told, re.M) and "the data are the same" in told
    assert re.search(r"^cer/x .* 0\.1000 better$", told, re.M) and re.search(
        r"^detection/f1 .* 0\.1000 worse$", told, re.M
    )
    three = to_comparison([first, second, first])
    assert "better" not in three and re.search(r"^loop\.seed +1 +2 +1$", three, re.M)


def test_wrong_folders_are_usage_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "show", str(tmp_path)]) == 2
    assert main(["runs", str(tmp_path / "nowhere")]) == 2
    assert main(["runs", "compare", str(tmp_path)]) == 2
    assert main(["runs", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert "is no run's folder" in told.err and "no training runs found" in told.err and not told.out


def test_names_cannot_write_to_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path / "run", replace(FINISHED, command="ocr \x1b[31m train"))
    assert main(["runs", "show", str(tmp_path / "run")]) == 0
    assert "\\x1b[31m" in capsys.readouterr().out
