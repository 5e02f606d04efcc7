"""The folder of a training run as a reader finds it: sessions, settings, curve, scores and readings. Needs no torch.

A run that was killed and resumed has several sessions. What a killed one wrote beyond the step that the next one goes
on from did not happen as far as the model is concerned; the next one removes it (:mod:`ocr.run_record`).
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from ocr.errors import UsageError
from ocr.models.schema import suggest

CONFIG, RECORD, CURVE, SCORES, REPORT = "config.yaml", "run.json", "curve.jsonl", "scores.jsonl", "report.json"
SAMPLES, READINGS = "samples", "samples/readings.jsonl"
CURVES_PICTURE, SAMPLES_PICTURE, CARD = "curves.png", "samples/over_time.png", "best/card.md"

RUNNING, FINISHED, BROKEN_OFF, UNKNOWN = "running", "finished", "broken off", "unknown"

SILENT_SECONDS = 1800.0
"""A run of another machine that has not written for so long counts as broken off."""

LOWER_IS_BETTER = ("cer", "bits", "wrong")
"""Metrics (what stands before the slash of a score's name) that are errors; all others are shares of what is right."""

DEEPEST = 6
"""Folders below a given one that are searched for runs."""


@dataclass(frozen=True)
class Session:
    """One start of a run, as ``run.json`` holds it.

    Attributes:
        started, ended: ISO 8601, UTC; ``ended`` is empty while it runs, and if it was killed.
        ending: ``finished`` or ``broken off``; ``reason`` says why.
        command: As it was typed.
        from_step: 0, or the step of the checkpoint it went on from.
        process: ``pid``, ``host``, and ``birth``, which tells the process from a later one with its number.
        parameters: By part: in all, and those that are trained.
        initial: Name and SHA-256 of the weights it started from; empty for new ones.
        changed: Settings that differ from the defaults, by their dotted names.
        data: Fingerprints, see :class:`ocr.data.fingerprint.SetFingerprint`.
        commit: Git commit of our code, marked if files differ from it; empty outside a checkout.
        time: Seconds by phase that no row of the curve holds.
    """

    started: str = ""
    ended: str = ""
    ending: str = ""
    reason: str = ""
    command: str = ""
    from_step: int = 0
    process: dict[str, Any] = field(default_factory=dict)
    pipeline: str = ""
    parts: tuple[str, ...] = ()
    parameters: dict[str, list[int]] = field(default_factory=dict)
    initial: dict[str, str] = field(default_factory=dict)
    device: str = ""
    precision: str = ""
    seed: int = 0
    changed: dict[str, Any] = field(default_factory=dict)
    data: list[dict[str, Any]] = field(default_factory=list)
    commit: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    time: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """A row of ``scores.jsonl``; ``objective`` is minimised, None: there was nothing to judge by."""

    step: int
    objective: float | None
    values: dict[str, float]


@dataclass(frozen=True)
class Run:
    """A run's folder; what it holds is read when it is asked for, and what is damaged counts as missing."""

    folder: Path

    @cached_property
    def sessions(self) -> list[Session]:
        return read_sessions(self.folder)

    @property
    def session(self) -> Session:
        """The last session; an empty one for runs of versions that kept no record."""
        return self.sessions[-1] if self.sessions else Session()

    @cached_property
    def settings(self) -> dict[str, Any]:
        """All settings by their dotted names."""
        try:
            data = yaml.safe_load((self.folder / CONFIG).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            return {}
        return flatten(data) if isinstance(data, dict) else {}

    @cached_property
    def curve(self) -> list[dict[str, Any]]:
        """Rows of means since the row before: ``step``, ``seconds``, ``rate``, ``losses``, ``time`` and more."""
        return [row for row in read_rows(self.folder / CURVE) if isinstance(row.get("losses"), dict)]

    @cached_property
    def evaluations(self) -> list[Evaluation]:
        return [
            Evaluation(
                row["step"],
                number(row.get("objective")),
                {k: v for k, v in row.items() if k not in ("step", "objective") and number(v) is not None},
            )
            for row in read_rows(self.folder / SCORES)
        ]

    @cached_property
    def readings(self) -> list[dict[str, Any]]:
        """What was read in the sample lines and pages: ``step``, ``name``, ``label``, ``text``."""
        return [row for row in read_rows(self.folder / READINGS) if {"name", "label", "text"} <= row.keys()]

    @cached_property
    def report(self) -> dict[str, Any]:
        """``report.json`` of the forgetting guard; empty if the run did not start from a model."""
        return read_object(self.folder / REPORT)

    @property
    def best(self) -> Evaluation | None:
        """The evaluation whose weights are kept: the first of the lowest objective, or the last if there is none."""
        judged = [row for row in self.evaluations if row.objective is not None]
        if judged:
            return min(judged, key=lambda row: row.objective or 0.0)
        return self.evaluations[-1] if self.evaluations else None

    @property
    def step(self) -> int:
        """The last step that is known of."""
        return max([row["step"] for row in self.curve[-1:]] + [row.step for row in self.evaluations[-1:]], default=0)

    @property
    def seconds(self) -> float:
        """Seconds of training, all sessions together."""
        return float(self.curve[-1].get("seconds") or 0.0) if self.curve else 0.0

    @property
    def time(self) -> dict[str, float]:
        """Seconds by phase, all sessions together."""
        total: dict[str, float] = {}
        for taken in [row.get("time") for row in self.curve] + [session.time for session in self.sessions]:
            for phase, seconds in (taken if isinstance(taken, dict) else {}).items():
                total[phase] = total.get(phase, 0.0) + seconds
        return total

    @property
    def state(self) -> str:
        """``running``, ``finished``, ``broken off``, or ``unknown`` for runs without a record."""
        if not self.sessions:
            return FINISHED if self.step and self.step == self.settings.get("loop.steps") else UNKNOWN
        if self.session.ended:
            return self.session.ending
        return RUNNING if is_alive(self.session, self.folder) else BROKEN_OFF


def is_run(folder: Path) -> bool:
    """Whether a training run wrote into this folder (a model folder holds a config.yaml too, but none of the rest)."""
    if not (folder / CONFIG).is_file():
        return False
    return any((folder / name).is_file() for name in (RECORD, SCORES, CURVE)) or any(folder.glob("events.out.*"))


def find_runs(top: Path) -> list[Run]:
    """The runs in or below a folder; hidden folders and links are passed over. Raises UsageError if it is none."""
    if not top.is_dir():
        raise UsageError(
            f"no folder {str(top)!r}: give one, or a command; {suggest(str(top), ['list', 'show', 'compare'])}"
        )
    runs = []
    for path, below, _ in os.walk(top):
        folder = Path(path)
        deep = len(folder.relative_to(top).parts) >= DEEPEST
        if found := is_run(folder):
            runs.append(Run(folder))
        below[:] = [] if deep else sorted(name for name in below if not name.startswith((".", "checkpoint-")))
        if found:  # its own folders are no runs
            below[:] = [name for name in below if name not in ("best", SAMPLES)]
    return runs


def open_run(folder: Path) -> Run:
    """The run of a folder. Raises UsageError if it is none."""
    if not is_run(folder):
        raise UsageError(
            f"{folder} is no run's folder ({CONFIG} with {RECORD} or {SCORES}); ocr runs FOLDER lists them"
        )
    return Run(folder)


def read_sessions(folder: Path) -> list[Session]:
    """The sessions of ``run.json``, oldest first; fields that this version does not know or expect are left out."""
    kinds = {f.name: type(getattr(Session(), f.name)) for f in fields(Session)}
    stored = read_object(folder / RECORD).get("sessions")
    sessions = []
    for entry in stored if isinstance(stored, list) else []:
        if not isinstance(entry, dict):
            continue
        values = entry | {"parts": tuple(entry.get("parts") or ())}
        sessions.append(Session(**{k: v for k, v in values.items() if k in kinds and isinstance(v, kinds[k])}))
    return sessions


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object; empty if the file is missing or damaged."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a file of lines that name a step; a line that a kill cut off is passed over."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict) and isinstance(row.get("step"), int):
            yield row


def flatten(plain: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """``{"loop": {"steps": 1}}`` as ``{"loop.steps": 1}``; empty mappings stay as they are."""
    flat: dict[str, Any] = {}
    for key, value in plain.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{name}.")
        else:
            flat[name] = value
    return flat


def number(value: Any) -> float | None:
    """The value if it is a number."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def spread(steps: Sequence[int], count: int) -> list[int]:
    """At most ``count`` of the steps, the first and the last among them."""
    if len(steps) <= count:
        return list(steps)
    return [steps[round(index * (len(steps) - 1) / (count - 1))] for index in range(count)]


def lower_is_better(score: str) -> bool:
    """Whether a score, such as ``cer/receipts``, counts errors."""
    return score.partition("/")[0] in LOWER_IS_BETTER


def this_process() -> dict[str, Any]:
    """What tells this process from all others."""
    return {"pid": os.getpid(), "host": platform.node(), "birth": birth_of(os.getpid())}


def birth_of(pid: int) -> str:
    """The boot of the machine and the clock tick at which a process began; empty where there is no /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        tick = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
    return f"{boot} {tick}"


def is_alive(session: Session, folder: Path) -> bool:
    """Whether the session's process still runs; on another machine: whether it wrote not long ago."""
    process = session.process
    pid, birth = process.get("pid"), process.get("birth")
    if process.get("host") == platform.node() and isinstance(pid, int) and birth and sys.platform != "win32":
        return birth_of(pid) == birth
    times = [path.stat().st_mtime for name in (RECORD, CURVE, SCORES) if (path := folder / name).is_file()]
    return time.time() - max(times, default=0.0) < SILENT_SECONDS
