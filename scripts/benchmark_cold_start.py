"""Cold start: `ocr predict PAGE` against the plain `tesseract PAGE stdout` command, each a new process every time.

    python scripts/benchmark_cold_start.py examples/letter.jpg --repetitions 9

The commands take turns, so that a busy machine is unfair to none; run it on a quiet one all the same. Rows go to
scripts/results/cold_start.csv: seconds are medians, `ratio` is over the plain tesseract command of the same run.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from result_rows import append_rows

RESULTS = Path(__file__).parent / "results" / "cold_start.csv"
BASELINE = "tesseract"


def commands(page: Path, reader: list[str]) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Name -> command and extra environment. The ocr beside this Python is taken, as installed."""
    ocr = [str(Path(sys.executable).with_name("ocr")), "predict", str(page), *reader]
    found: dict[str, tuple[list[str], dict[str, str]]] = {"ocr predict": (ocr, {})}
    if shutil.which("tesseract"):
        plain = ["tesseract", str(page), "stdout"]
        found |= {BASELINE: (plain, {}), "tesseract, one thread": (plain, {"OMP_THREAD_LIMIT": "1"})}
    return found


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """Wall-clock time of one process. Raises CalledProcessError if it fails: a failed run is no fast run."""
    started = time.perf_counter()
    subprocess.run(command, env=os.environ | environment, check=True, capture_output=True)
    return time.perf_counter() - started


def measure(page: Path, reader: list[str], repetitions: int) -> list[dict[str, object]]:
    """One row a command; ``reader`` are options of ``ocr predict``. The first round is not counted."""
    runs = commands(page, reader)
    times: dict[str, list[float]] = {name: [] for name in runs}
    for repetition in range(repetitions + 1):
        for name, (command, environment) in runs.items():
            taken = seconds(command, environment)
            if repetition:
                times[name].append(taken)
        print(f"round {repetition} of {repetitions}", file=sys.stderr)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return [
        {
            "date": datetime.date.today().isoformat(),
            "engine": name,
            "command": " ".join([*(f"{k}={v}" for k, v in runs[name][1].items()), Path(runs[name][0][0]).name,
                                 *runs[name][0][1:]]).replace(str(page), page.name),
            "median_s": round(medians[name], 3),
            "fastest_s": round(min(values), 3),
            "slowest_s": round(max(values), 3),
            "ratio": round(medians[name] / medians[BASELINE], 3) if BASELINE in medians else "",
            "repetitions": repetitions,
            "cpus": cpu_count(),
            "load": round(os.getloadavg()[0], 1),
            "versions": versions(),
        }
        for name, values in times.items()
    ]  # fmt: skip


def cpu_count() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions() -> str:
    """Python, our package, ONNX Runtime, OpenCV and Tesseract."""
    names = ("vitocr", "onnxruntime", "numpy", "opencv-python-headless")
    found = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in names)]
    if shutil.which("tesseract"):
        first = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=False).stdout.split(
            "\n"
        )
        found.append(first[0])
    return "; ".join(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    parser.add_argument("--model", help="name or folder, if not the default model")
    parser.add_argument("--pipeline", help="pipeline whose shipped model is taken")
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    named = {"--model": options.model, "--pipeline": options.pipeline}
    reader = [word for option, value in named.items() if value for word in (option, value)]
    rows = measure(options.page, reader, options.repetitions)
    append_rows(rows, options.output)
    for row in rows:
        print(
            f"{row['engine']:24} {row['median_s']} s ({row['fastest_s']} to {row['slowest_s']}), ratio {row['ratio']}"
        )


if __name__ == "__main__":
    main()
