"""How long training takes to start on a manifest of a million lines, and what memory it holds by then.

    python scripts/benchmark_manifest.py [--lines 1000000] [--images 2000] [--shards] [--sets FOLDER]

Draws a set whose lines share a few thousand small pictures, starts `ocr train recognizer` on it with a small
network, and stops it at its first step. Memory is that of all its processes: `rss_mb` adds their resident sets,
`pss_mb` shares common pages out among them. `base_...` is the same over 100 lines, so the rest is what the manifest
costs; `processor_seconds` tell more than `seconds` where others use the machine. Linux only. Rows go to
scripts/results/manifest.csv.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from benchmark_memory import INTERVAL, family, memory
from result_rows import append_rows

RESULTS = Path(__file__).parent / "results" / "manifest.csv"

OVERRIDES = (
    "model.recognizer.depth=2", "data.corpora=[]", "data.workers=1", "loop.log_every=1", "loop.precision=fp32",
)  # fmt: skip

FIRST_STEP = "step 1/"

WORDS = (
    "ledger",
    "Straße",
    "invoice",
    "서울",
    "quantity",
    "été",
    "1,204.50",
    "No. 17",
    "received",
    "한국어",
    "total",
    "of",
)

LIMITS = "60 s, 1 GB"


def draw_set(folder: Path, lines: int, images: int) -> Path:
    """A set of line crops with ``train.jsonl``; kept and used again if it stands there already."""
    manifest = folder / "train.jsonl"
    if manifest.exists():
        return folder
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for number in range(images):
        picture = np.full((32, 160), 250, np.uint8)
        cv2.putText(picture, f"line {number:06d}", (4, 23), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 20, 2, cv2.LINE_AA)
        cv2.imwrite(str(folder / "images" / f"{number:06d}.png"), picture)
    with manifest.open("w", encoding="utf-8") as file:
        for number in range(lines):
            text = " ".join(WORDS[word] for word in rng.integers(len(WORDS), size=4))
            entry = {"image": f"images/{number % images:06d}.png", "text": text, "lang": "en"}
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    return folder


def start(source: Path, output: Path) -> dict[str, float]:
    """Start training and stop it at its first step: time, and peak memory in MB. Raises SystemExit if it fails."""
    command = [sys.executable, "-m", "ocr", "train", "recognizer", f"data.train=[{source}]", *OVERRIDES]
    started, rss, pss, before = time.perf_counter(), 0.0, 0.0, processor_seconds()
    process = subprocess.Popen(
        [*command, "--output", str(output)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    messages: list[str] = []
    reached = threading.Event()

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            messages.append(line)
            if line.startswith(FIRST_STEP):
                reached.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    while process.poll() is None and not reached.is_set():
        now = memory(family(process.pid))
        rss, pss = max(rss, now[0]), max(pss, now[1])
        time.sleep(INTERVAL)
    taken = time.perf_counter() - started
    for child in family(process.pid)[1:]:
        subprocess.run(["kill", str(child)], check=False)
    process.terminate()
    process.wait()
    listener.join(timeout=5)
    if not reached.is_set():
        raise SystemExit(f"{' '.join(command)}: no first step\n{''.join(messages)[-2000:]}")
    measured = {"seconds": taken, "processor_seconds": processor_seconds() - before, "rss_mb": rss, "pss_mb": pss}
    return {name: round(value, 1) for name, value in measured.items()}


def processor_seconds() -> float:
    """Of all processes started here that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--shards", action="store_true", help="the same set as tar files")
    parser.add_argument("--sets", type=Path, help="folder to keep the drawn sets in")
    parser.add_argument("--note", default="", help="what the row is about")
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


def in_shards(folder: Path) -> Path:
    """The same set as tar files, written once."""
    shards = folder.with_name(f"{folder.name}_shards")
    if not shards.exists():
        command = [sys.executable, "-m", "ocr", "data", "shards", str(folder), "--output", str(shards)]
        subprocess.run(command, check=True)
    return shards


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory() as temporary:
        sets = options.sets or Path(temporary)
        small = draw_set(sets / "lines_100", 100, 100)
        large = draw_set(sets / f"lines_{options.lines}", options.lines, options.images)
        base = start(small, Path(temporary) / "small")
        measured = start(in_shards(large) if options.shards else large, Path(temporary) / "large")
    row = {
        "date": datetime.date.today().isoformat(),
        "source": "shards" if options.shards else "manifest",
        "lines": options.lines,
        **measured,
        **{f"base_{name}": value for name, value in base.items()},
        "limit": LIMITS,
        "cpus": os.cpu_count(),
        "versions": f"Python {platform.python_version()}; torch {version('torch')}",
        "note": options.note,
    }
    append_rows([row], options.output)
    print(f"{row['lines']} lines: first step after {row['seconds']} s, {row['pss_mb']} MB shared out")


if __name__ == "__main__":
    main()
