"""Time per page against how much text is on it: pages of one size with few and with many lines.

    python scripts/benchmark_density.py --pipeline two_stage --pipeline end2end
    python scripts/benchmark_density.py --model runs/spotter/best --lines 5 150

A4 at 150 dpi, letters of one size, lines spread evenly in two columns. Models are warm; pages and models take turns,
so that a busy machine is unfair to none. Rows go to scripts/results/density.csv: seconds are medians of one page,
`ratio` is over the same model's page with the fewest lines, `over_first` over the first model's time for the same page;
both ratios are of processor time, which a busy machine changes least.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import os
import platform
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from result_rows import append_rows

from ocr.models.interface import Reader
from ocr.models.registry import PIPELINES
from ocr.pipeline import DEFAULT_MODELS, find_model, load, shipped

RESULTS = Path(__file__).parent / "results" / "density.csv"
SIZE = (1240, 1754)
COLUMNS = 2
MARGIN = 60
TYPE = 16
"""Size of the letters in px an em; the x-height is about 8 px."""
TEXT = "Each line holds some words and figures such as 1938 or 12.50 (in all about forty) before it ends "
LINES = (5, 30, 75, 150)


@dataclass
class Times:
    """Wall and processor seconds of each reading of a page, and how many lines were found on it."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    found: int = 0


def draw_page(lines: int) -> NDArray[np.uint8]:
    """A white page (H, W, 3) with so many lines of text, spread evenly over two columns."""
    width, height = SIZE
    page = Image.new("L", SIZE, 255)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(TYPE)
    rows = -(-lines // COLUMNS)
    step = (height - 2 * MARGIN) / rows
    room = (width - (COLUMNS + 1) * MARGIN) / COLUMNS
    for number in range(lines):
        column, row = divmod(number, rows)
        words = (TEXT * 3).split()[number % 17 :]
        text = words[0]
        for word in words[1:]:
            if pen.textlength(f"{text} {word}", font) > room:
                break
            text += f" {word}"
        pen.text((MARGIN + column * (room + MARGIN), MARGIN + row * step), text, 0, font)
    return np.repeat(np.asarray(page)[..., None], 3, axis=2)


def measure(
    readers: Mapping[str, Reader], pages: Mapping[int, NDArray[np.uint8]], repetitions: int
) -> dict[tuple[str, int], Times]:
    """Times of every model on every page; the first round warms caches and is not counted."""
    times = {key: Times() for key in itertools.product(readers, pages)}
    for repetition in range(repetitions + 1):
        for (name, lines), entry in times.items():
            wall, processor = time.perf_counter(), time.process_time()
            (page,) = readers[name].predict([pages[lines]])
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            entry.found = sum(1 for _ in page.lines)
            if repetition:
                entry.wall.append(wall)
                entry.processor.append(processor)
        print(f"round {repetition} of {repetitions}", file=sys.stderr)
    return times


def table(times: Mapping[tuple[str, int], Times]) -> list[dict[str, object]]:
    """One row a model and page."""
    seconds = {key: statistics.median(entry.processor) for key, entry in times.items()}
    first, fewest = next(iter(times))[0], min(lines for _, lines in times)
    return [
        {
            "date": datetime.date.today().isoformat(),
            "model": name,
            "lines": lines,
            "lines_found": entry.found,
            "median_s": round(statistics.median(entry.wall), 3),
            "fastest_s": round(min(entry.wall), 3),
            "slowest_s": round(max(entry.wall), 3),
            "cpu_s": round(seconds[name, lines], 3),
            "ratio": round(seconds[name, lines] / seconds[name, fewest], 3),
            "over_first": round(seconds[name, lines] / seconds[first, lines], 3),
            "repetitions": len(entry.wall),
            "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
            "versions": f"Python {platform.python_version()}; onnxruntime {version('onnxruntime')}",
        }
        for (name, lines), entry in times.items()
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pipeline", action="append", default=[], help="its shipped model; may be given again")
    parser.add_argument("--model", action="append", default=[], help="name or folder; may be given again")
    parser.add_argument("--lines", type=int, nargs="+", default=LINES)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    chosen = [find_model(None, name) for name in options.pipeline] + [find_model(name) for name in options.model]
    chosen = chosen or [find_model(None, name) for name in sorted(PIPELINES) if DEFAULT_MODELS[name] in shipped()]
    readers = {folder.name if folder.name in shipped() else str(folder): load(folder) for folder in chosen}
    rows = table(measure(readers, {lines: draw_page(lines) for lines in options.lines}, options.repetitions))
    append_rows(rows, options.output)
    shown = ("model", "lines", "lines_found", "median_s", "cpu_s", "ratio", "over_first")
    print("| " + " | ".join(shown) + " |")
    print("| " + " | ".join("---" for _ in shown) + " |")
    for row in rows:
        print("| " + " | ".join(str(row[name]) for name in shown) + " |")


if __name__ == "__main__":
    main()
