"""Kill a tiny training with SIGKILL at random moments, resume it each time, and compare its end with an unbroken run.

Some of the kills are aimed inside a save: they come as soon as the folder of an unfinished checkpoint or of unfinished
best weights is seen. Training runs through the command line (``ocr train ... --resume``) in forked processes, so that
the imports, which take most of the time, are done once. The SHA-256 of the last checkpoint's state (weights, their
average, the optimizer) and of the best weights (with ``--adapt`` of an adapter, and of the report on what the model
forgot) must be those of the unbroken run, and no worker process may outlive its training.

    python scripts/kill_resume.py [--kills 60] [--aimed 10] [--adapt] [--results scripts/results/kill_resume.csv]
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import importlib
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from result_rows import append_rows

from ocr.cli import main as ocr_command
from ocr.data.labels.native_writer import write_native
from ocr.data.samples import Sample
from ocr.document import Block, Line, Page
from ocr.polygon import from_box

RESULTS = Path(__file__).parent / "results" / "kill_resume.csv"

SETTINGS = (
    "parts=[detector,recognizer]",
    "model.recognizer.stem=[4,4,8]", "model.recognizer.width=16", "model.recognizer.depth=2",
    "model.recognizer.heads=2", "model.recognizer.dropout=0.1", "model.recognizer.drop_path=0.1",
    "model.detector.stem=[4,8,8]", "model.detector.width=16", "model.detector.depth=1", "model.detector.heads=2",
    "model.detector.head=8", "data.line_pixels=1024", "data.page_crops=1", "data.max_bad=0.5",
    "loop.deterministic=true", "loop.device=cpu", "loop.precision=fp32", "loop.threads=1", "loop.warmup=5",
    "loop.ema=0.95", "loop.log_every=1000",
)  # fmt: skip
"""A training of both parts with everything that has a state: dropout, moments, averages, lanes of the data."""


@dataclass(frozen=True)
class Outcome:
    """What a number of kills came to."""

    kills: int
    inside_saves: int
    runs: int
    equal: int
    orphans: int
    digest: str


def draw_set(folder: Path) -> Path:
    """Six labelled pages of OpenCV letters to train on, two to validate on."""
    cv2.setNumThreads(1)  # processes are forked from this one
    folder.mkdir(parents=True)
    for split, words in (("train", ("alpha", "beta mu", "gamma", "rho", "tau 12", "pi")), ("val", ("delta", "eta"))):
        samples = []
        for number, word in enumerate(words):
            page = np.full((160, 320, 3), 255, np.uint8)
            for text, y in ((word, 60), (word[::-1], 120)):
                cv2.putText(page, text, (20, y), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (number, 0, 0), 2)
            path = folder / f"{split}{number}.png"
            cv2.imwrite(str(path), page)
            lines = tuple(Line(t, from_box(15, y - 28, 210, y + 10)) for t, y in ((word, 60), (word[::-1], 120)))
            samples.append(Sample(path, Page(1, 320, 160, (Block(lines),)), size=(320, 160)))
        write_native(samples, folder, split=split)
    return folder


def command(data: Path, output: Path, given: Sequence[str]) -> list[str]:
    """Arguments of ``ocr`` that begin a training, or go on with it; ``given`` are settings over :data:`SETTINGS`."""
    sets, config = f"[{data}]", output.with_suffix(".yaml")
    config.write_text("# a tiny training, to be killed\npipeline: two_stage\n")
    settings = [*SETTINGS, f"data.train={sets}", f"data.val={sets}", *given]
    return ["train", str(config), *settings, "--resume", "--output", str(output)]


def start(arguments: list[str]) -> int:
    """A forked process with its own process group that runs ``ocr`` with these arguments; its id."""
    child = os.fork()
    if child:
        return child
    os.setpgid(0, 0)
    quiet = os.open(os.devnull, os.O_WRONLY)
    errors = os.open(str(Path(arguments[-1]).with_suffix(".log")), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(quiet, 1)
    os.dup2(errors, 2)
    os._exit(ocr_command(arguments))


def ended(child: int) -> int | None:
    """Exit status of a child, None while it runs."""
    number, status = os.waitpid(child, os.WNOHANG)
    return None if number == 0 else status


def run_to_end(arguments: list[str]) -> None:
    """Raises RuntimeError if training fails."""
    _, status = os.waitpid(start(arguments), 0)
    if status:
        log = Path(arguments[-1]).with_suffix(".log").read_text()
        raise RuntimeError(f"training ended with {os.waitstatus_to_exitcode(status)}: {log[-2000:]}")


def saving(output: Path, since: float) -> bool:
    """Whether a checkpoint or the best weights are being written, or were when the process died."""
    try:
        with os.scandir(output) as entries:
            found = [entry for entry in entries if entry.name.startswith((".checkpoint-", ".best"))]
        return any(entry.stat().st_mtime > since for entry in found)
    except FileNotFoundError:  # just renamed
        return False


def kill_once(child: int, output: Path, rng: random.Random, longest: float, aimed: bool) -> str:
    """Kill a training after a random time, or inside a save after that. ``killed``, ``in save`` or ``ended``."""
    at, since = time.monotonic() + rng.uniform(0.0, longest), time.time()
    while time.monotonic() < at or (aimed and not saving(output, since)):
        if ended(child) is not None:
            return "ended"
        time.sleep(0.0002)
    if aimed:
        time.sleep(rng.uniform(0.0, 0.003))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "in save" if saving(output, since) else "killed"


def digests(output: Path) -> tuple[str, ...]:
    """SHA-256 of the state in the last checkpoint, of the best weights, and of what an adaptation leaves besides."""
    last = sorted(output.glob("checkpoint-*"))[-1] / "state.safetensors"
    besides = [path for path in (output / "best/adapter_config.json", output / "report.json") if path.exists()]
    paths = (last, next((output / "best").glob("*.safetensors")), *besides)
    return tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


def living(groups: list[int], seconds: float = 20.0) -> int:
    """Process groups that still have a process after so long."""
    alive = list(groups)
    end = time.monotonic() + seconds
    while alive and time.monotonic() < end:
        alive = [group for group in alive if is_living(group)]
        time.sleep(0.2)
    return len(alive)


def is_living(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def kill_and_compare(folder: Path, kills: int, aimed: int, seed: int, given: Sequence[str]) -> Outcome:
    """Train once without a break, then with kills, from the beginning again whenever a run came to its end."""
    data, rng = draw_set(folder / "set"), random.Random(seed)
    began = time.monotonic()
    run_to_end(command(data, folder / "unbroken", given))
    longest = max(0.5, (time.monotonic() - began) / 3)
    wanted = digests(folder / "unbroken")
    done = inside = runs = equal = 0
    groups: list[int] = []
    while done < kills:
        output = folder / f"broken{runs}"
        arguments = command(data, output, given)
        result = ""
        while done < kills and result != "ended":
            child = start(arguments)
            groups.append(child)
            aim = inside < aimed and rng.random() < 0.5
            result = kill_once(child, output, rng, longest, aim)
            done += result != "ended"
            inside += result == "in save"
        run_to_end(arguments)
        runs += 1
        equal += digests(output) == wanted
        print(
            f"{done} kills, {inside} of them inside a save; {equal} of {runs} runs equal", file=sys.stderr, flush=True
        )
    return Outcome(done, inside, runs, equal, living(groups), wanted[0])


def base_settings(folder: Path) -> list[str]:
    """What makes a training one of an adapter for a model that is trained here first."""
    folder.mkdir()
    run_to_end(command(draw_set(folder / "set"), folder / "run", ["loop.steps=5", "loop.evaluate_every=5"]))
    return ["parts=[recognizer]", "adapt.method=lora", "adapt.rank=2", "--from", str(folder / "run" / "best")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--aimed", type=int, default=10, help="of the kills, so many or more fall inside a save")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--every", type=int, default=5, help="steps between two evaluations and checkpoints")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--adapt", action="store_true", help="train an adapter for a tiny model")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    for name in ("two_stage.pipeline", "two_stage.training_data", "two_stage.validation"):
        importlib.import_module(f"ocr.models.{name}")
    importlib.import_module("ocr.train")
    given = [f"loop.steps={options.steps}", f"loop.evaluate_every={options.every}", f"data.workers={options.workers}"]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        if options.adapt:
            given = [*given, *base_settings(Path(folder) / "base")]
        outcome = kill_and_compare(Path(folder), options.kills, options.aimed, options.seed, given)
    row = {
        "date": datetime.date.today().isoformat(),
        "kills": outcome.kills,
        "inside_saves": outcome.inside_saves,
        "runs": outcome.runs,
        "equal": outcome.equal,
        "orphans": outcome.orphans,
        "sha256": outcome.digest[:16],
        "steps": options.steps,
        "workers": options.workers,
        "seconds": round(time.monotonic() - began),
        "command": " ".join(["python", "scripts/kill_resume.py", *sys.argv[1:]]),
    }
    append_rows([row], options.results)
    print(row)
    sys.exit(outcome.equal != outcome.runs or outcome.orphans > 0)


if __name__ == "__main__":
    main()
