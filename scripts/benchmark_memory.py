"""Peak memory of reading an A4 page at 300 dpi and of short training runs, worker processes included.

    python scripts/benchmark_memory.py predict [--model FOLDER] [--pipeline NAME]
    python scripts/benchmark_memory.py train recognizer --fonts FONTS --corpora TEXTS [--steps 30]
    python scripts/benchmark_memory.py train detector --fonts FONTS --corpora TEXTS --train SET

Two peaks a row, over all processes of the command: `rss_mb` adds their resident sets (shared pages counted
in each), `pss_mb` shares such pages out among them. Linux only. Rows go to scripts/results/memory.csv.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from result_rows import append_rows

RESULTS = Path(__file__).parent / "results" / "memory.csv"
PROC = Path("/proc")
A4_AT_300_DPI = (2480, 3508)
INTERVAL = 0.05
"""Seconds between two looks; a look at one process costs well under a millisecond (PSS a few)."""

PACKAGES = ("vitocr", "onnxruntime", "opencv-python-headless")

LIMITS = {"predict": 700, "train": 4096}
"""What the project promises, in MB."""


def draw_page(path: Path) -> None:
    """A dense page of text: 60 lines in OpenCV's own font, so that nothing but this file is needed."""
    width, height = A4_AT_300_DPI
    page = np.full((height, width, 3), 250, np.uint8)
    words = "The quick brown fox jumps over the lazy dog, 0123456789 times; why not? Sphinx of black quartz"
    for row in range(60):
        cv2.putText(page, words, (150, 200 + row * 53), cv2.FONT_HERSHEY_SIMPLEX, 1.25, (30, 30, 30), 2, cv2.LINE_AA)
    cv2.imwrite(str(path), page)


def family(root: int) -> list[int]:
    """Process ids of a process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue  # it ended meanwhile
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def memory(processes: list[int]) -> tuple[float, float]:
    """Resident and proportional set sizes of the processes in MB."""
    sums = {"Rss:": 0, "Pss:": 0}
    for process in processes:
        try:
            lines = (PROC / str(process) / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            key, *values = line.split()
            if key in sums:
                sums[key] += int(values[0])
    return sums["Rss:"] / 1024, sums["Pss:"] / 1024


def watch(command: list[str]) -> tuple[float, float, float]:
    """Run a command: peak RSS and PSS in MB, and seconds. Raises SystemExit if it fails."""
    started, rss, pss = time.perf_counter(), 0.0, 0.0
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=messages)
        while process.poll() is None:
            now = memory(family(process.pid))
            rss, pss = max(rss, now[0]), max(pss, now[1])
            time.sleep(INTERVAL)
        messages.seek(0)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)}: code {process.returncode}\n{messages.read().decode()[-2000:]}")
    return rss, pss, time.perf_counter() - started


def training_command(options: argparse.Namespace, output: Path) -> list[str]:
    """`ocr train` of a configuration as it is, evaluated once at the end."""
    lists = {"fonts": options.fonts, "corpora": options.corpora, "train": options.train}
    overrides = [f"data.{name}=[{', '.join(map(str, paths))}]" for name, paths in lists.items() if paths]
    overrides += [f"loop.steps={options.steps}", f"loop.evaluate_every={options.steps}"]
    return [ocr_command(), "train", options.config, *overrides, *options.overrides, "--output", str(output)]


def ocr_command() -> str:
    """The ocr that is installed beside this Python."""
    return str(Path(sys.executable).with_name("ocr"))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=RESULTS)
    tasks = parser.add_subparsers(dest="task", required=True)
    predict = tasks.add_parser("predict")
    predict.add_argument("page", type=Path, nargs="?", help="a page of your own; else one is drawn")
    predict.add_argument("--model")
    predict.add_argument("--pipeline")
    train = tasks.add_parser("train")
    train.add_argument("config", help="YAML file, or the name of one in ocr/configs: recognizer, detector, end2end")
    train.add_argument("--set", dest="overrides", action="append", default=[], help="key.path=value for ocr train")
    train.add_argument("--steps", type=int, default=30)
    for name in ("fonts", "corpora", "train"):
        train.add_argument(f"--{name}", type=Path, action="append", default=[])
    return parser.parse_args()


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory() as folder:
        if options.task == "predict":
            page = options.page or Path(folder) / "a4.png"
            if options.page is None:
                draw_page(page)
            named = {"--model": options.model, "--pipeline": options.pipeline}
            reader = [word for option, value in named.items() if value for word in (option, value)]
            command = [ocr_command(), "predict", str(page), *reader]
        else:
            command = training_command(options, Path(folder) / "run")
        rss, pss, taken = watch(command)
    row = {
        "date": datetime.date.today().isoformat(),
        "task": options.task if options.task == "predict" else f"train {options.config}",
        "command": " ".join(["ocr", *command[1:]]).replace(folder, "TEMPORARY"),
        "rss_mb": round(rss),
        "pss_mb": round(pss),
        "limit_mb": LIMITS[options.task],
        "seconds": round(taken, 1),
        "cpus": os.cpu_count(),
        "versions": "; ".join([f"Python {platform.python_version()}", *(f"{n} {version(n)}" for n in PACKAGES)]),
    }
    append_rows([row], options.output)
    print(f"{row['task']}: {row['rss_mb']} MB resident, {row['pss_mb']} MB shared out; limit {row['limit_mb']} MB")


if __name__ == "__main__":
    main()
