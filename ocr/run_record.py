"""Writes what a training run is into its folder, ``run.json``: command, data, versions, seed, machine, its end."""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr.config import TrainConfig
from ocr.data.fingerprint import data_fingerprint
from ocr.errors import OutputError
from ocr.forgetting import guarded
from ocr.models.adapter_folder import fingerprint_of
from ocr.models.schema import to_plain
from ocr.pipeline import model_name
from ocr.run_folder import (
    BROKEN_OFF,
    CURVE,
    CURVES_PICTURE,
    FINISHED,
    READINGS,
    RECORD,
    REPORT,
    SAMPLES,
    SCORES,
    Session,
    flatten,
    read_rows,
    read_sessions,
    this_process,
)

if TYPE_CHECKING:
    from ocr.models.trainable import Pipeline

PACKAGES = (
    "vitocr", "torch", "timm", "transformers", "peft", "bitsandbytes", "accelerate", "numpy", "opencv-python-headless",
    "pillow", "safetensors",
)  # fmt: skip
"""Packages whose versions are recorded."""

GIT_SECONDS = 10.0


def begin_session(
    output: Path, config: TrainConfig, pipeline: Pipeline, initial: Path | None, from_step: int
) -> Session:
    """Add a session to ``run.json``; what sessions before it wrote beyond ``from_step`` is removed.

    Raises OutputError.
    """
    first = next(pipeline.parameters())
    defaults = guarded(TrainConfig(model=type(config.model)()), initial)
    session = Session(
        started=now(),
        command=command_line(sys.argv),
        from_step=from_step,
        process=this_process(),
        pipeline=config.pipeline,
        parts=config.parts or pipeline.parts,
        parameters=count_parameters(pipeline),
        initial={"name": model_name(initial.resolve()), "sha256": fingerprint_of(initial)} if initial else {},
        device=first.device.type,
        precision=config.loop.precision,
        seed=config.loop.seed,
        changed=differing(to_plain(config), to_plain(defaults)),
        data=[asdict(found) for found in data_fingerprint(config.data)],
        commit=git_commit(Path(__file__).resolve().parents[1]),
        versions=versions(),
        machine=machine(),
    )
    earlier = read_sessions(output) if from_step else []
    try:
        remove_beyond(output, from_step)
        write_sessions(output, [*earlier, session])
    except OSError as error:
        raise cannot_write(output / RECORD, error) from error
    return session


def end_session(output: Path, ending: str, reason: str = "", time: Mapping[str, float] | None = None) -> None:
    """Say how this process's session ended, if it has one that did not break off before. Raises OutputError."""
    sessions = read_sessions(output)
    if not sessions or sessions[-1].process != this_process() or sessions[-1].ending in (ending, BROKEN_OFF):
        return
    ended = replace(sessions[-1], ended=now(), ending=ending, reason=reason, time=dict(time or sessions[-1].time))
    try:
        write_sessions(output, [*sessions[:-1], ended])
    except OSError as error:
        raise cannot_write(output / RECORD, error) from error


@contextmanager
def recorded_end(output: Path) -> Iterator[None]:
    """Whatever stops the training inside, but for a kill, is told in ``run.json``."""
    try:
        yield
    except BaseException as error:
        name = {"KeyboardInterrupt": "Ctrl+C", "Terminated": "SIGTERM"}.get(type(error).__name__, type(error).__name__)
        reason = f"{name}: {error}" if str(error) else name
        end_session(output, BROKEN_OFF, " ".join(reason.split())[:500])
        raise
    end_session(output, FINISHED)


def append_row(path: Path, row: Mapping[str, Any]) -> None:
    """Add a JSON line. Raises OutputError."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write {path}: {error.strerror or error}; free some space or choose another folder")


def write_sessions(output: Path, sessions: Sequence[Session]) -> None:
    """``run.json``, whole or not at all."""
    record = {"format": 1, "sessions": [asdict(session) for session in sessions]}
    unfinished = output / f".{RECORD}"
    unfinished.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(output / RECORD)


def remove_beyond(output: Path, step: int) -> None:
    """Remove rows and pictures of later steps, and cut lines; at step 0 all that an earlier run left of this kind."""
    for name in (CURVE, SCORES, READINGS):
        path = output / name
        if path.is_file():
            kept = [json.dumps(row, ensure_ascii=False) + "\n" for row in read_rows(path) if row["step"] <= step > 0]
            unfinished = path.with_name(f".{path.name}")
            unfinished.write_text("".join(kept), encoding="utf-8")
            unfinished.replace(path)
    for picture in (output / SAMPLES).glob("step-*.png"):
        if int(picture.stem.removeprefix("step-")) > step:
            picture.unlink()
    if not step:
        (output / REPORT).unlink(missing_ok=True)
        (output / CURVES_PICTURE).unlink(missing_ok=True)
        shutil.rmtree(output / SAMPLES, ignore_errors=True)


def differing(plain: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, by their dotted names, that are not those of the defaults."""
    own, usual = flatten(plain), flatten(defaults)
    return {name: value for name, value in own.items() if name not in usual or usual[name] != value}


def count_parameters(pipeline: Pipeline) -> dict[str, list[int]]:
    """By part: parameters in all, and those that are trained."""
    counts: dict[str, list[int]] = {}
    for name, parameter in pipeline.named_parameters():
        count = counts.setdefault(name.split(".")[0], [0, 0])
        count[0] += parameter.numel()
        count[1] += parameter.numel() if parameter.requires_grad else 0
    return counts


def command_line(arguments: Sequence[str]) -> str:
    """The command as it can be typed again."""
    program, *rest = arguments or [""]
    name, folder = Path(program).name, Path(program).parent.name
    if name == "__main__.py":
        return shlex.join(["python", "-m", folder, *rest])
    return shlex.join(["ocr" if name in ("ocr", "ocr.exe") else program, *rest])


def versions() -> dict[str, str]:
    """Of Python and of the packages that are installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def git_commit(root: Path) -> str:
    """The commit of our own checkout, with a word if files differ from it; empty if this is none."""
    if not (root / ".git").exists():
        return ""
    try:
        head = _git(root, "rev-parse", "--short=12", "HEAD")
        changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{head} with local changes" if changes else head


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=GIT_SECONDS, check=True)
    return done.stdout.strip()


def machine() -> dict[str, Any]:
    """Host, system, processor, cores that this process may use, memory in bytes, GPUs, processes of the run."""
    import torch

    found: dict[str, Any] = {"host": platform.node(), "system": platform.platform(), "processor": processor()}
    found["cores"] = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found["threads"] = torch.get_num_threads()
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found["memory"] = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if torch.cuda.is_available():
        found["gpus"] = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
        found["cuda"] = torch.version.cuda
    found["processes"] = int(os.environ.get("WORLD_SIZE", "1") or 1)  # as torchrun and accelerate set it
    return found


def processor() -> str:
    """Its name as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
