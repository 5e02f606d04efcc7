"""Where the time of `two_stage` goes: processor seconds a page for each part of reading, one thread, model loaded.

    OMP_NUM_THREADS=1 python scripts/benchmark_parts.py SET [SET ...] --split train --pages 8

Each page is read `--rounds` times and its fastest round counts, so that a busy machine is blamed for less. Parts do not
overlap; `other` is what is left. Rows go to scripts/results/parts.csv: one a set.
"""

from __future__ import annotations

import argparse
import datetime
import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
from benchmark_cold_start import versions
from result_rows import append_rows

from ocr.data.samples import load_samples
from ocr.models.interface import Image
from ocr.models.two_stage import detect, reader
from ocr.pipeline import load

RESULTS = Path(__file__).parent / "results" / "parts.csv"
PARTS = {
    "prepare": (detect, "prepare_page"),
    "boxes": (detect, "decode_detector"),
    "gutters": (reader, "cut_at_gutters"),
    "rules": (reader, "cut_at_rules"),
    "cut": (reader, "line_image"),
    "text": (reader, "decode_line"),
    "doubts": (reader, "line_doubts"),
    "assemble": (reader, "assemble_line"),
    "lone": (reader, "lone_boxes"),
    "twice": (reader, "without_covered"),
    "order": (reader, "page_blocks"),
}
"""Functions by the name of their column, where the reader looks them up."""

NETWORKS = ("detector", "recognizer")
"""Attributes of the reader whose doubts are weighed."""
GUIDE = "guide"
"""What the n-grams do that weigh the doubts (ocr/correct/prior.py)."""


class Clock:
    """Seconds by part; :meth:`timed` makes a function add to them."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            started = time.process_time()
            try:
                return function(*arguments)
            finally:
                self.seconds[part] += time.process_time() - started

        return run


def read_timed(model: Any, image: Image) -> dict[str, float]:
    """Seconds of one page by part, ``all`` among them."""
    clock = Clock()
    places = {part: (model.doubting, part) for part in NETWORKS}
    places |= {**PARTS, GUIDE: (model.corrector, "correct_page")}
    patches = [mock.patch.object(*place, clock.timed(part, getattr(*place))) for part, place in places.items()]
    for patch in patches:
        patch.start()
    clock.timed("all", model.predict)([image])
    for patch in patches:
        patch.stop()
    return dict(clock.seconds)


def measure(model: Any, images: Sequence[Image], rounds: int) -> dict[str, float]:
    """Mean seconds a page by part, of each page's fastest round."""
    sums: dict[str, float] = defaultdict(float)
    for image in images:
        fastest = min((read_timed(model, image) for _ in range(rounds)), key=lambda seconds: seconds["all"])
        for part, value in fastest.items():
            sums[part] += value / len(images)
    return sums


def row_of(name: str, pages: int, seconds: Mapping[str, float], rounds: int) -> dict[str, object]:
    names = [*NETWORKS, *PARTS, GUIDE]
    other = seconds["all"] - sum(seconds.get(part, 0.0) for part in names)
    return {
        "date": datetime.date.today().isoformat(), "set": name, "pages": pages,
        **{part: round(seconds.get(part, 0.0), 4) for part in names},
        "other": round(other, 4), "all": round(seconds["all"], 4),
        "rounds": rounds, "load": round(os.getloadavg()[0], 1), "versions": versions(),
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+", help="labelled sets of pages")
    parser.add_argument("--split", default="val")
    parser.add_argument("--pages", type=int, default=8, help="the first so many of each set")
    parser.add_argument("--model", help="name or folder; the shipped two-stage model if not given")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    model = load(options.model, None if options.model else "two_stage")
    for folder in options.sets:
        samples = [sample for sample in load_samples(folder, split=options.split) if not sample.is_crop]
        images = [cv2.cvtColor(cv2.imread(str(s.image)), cv2.COLOR_BGR2RGB) for s in samples[: options.pages]]
        row = row_of(folder.name, len(images), measure(model, images, options.rounds), options.rounds)
        append_rows([row], options.output)
        print(*(f"{key} {row[key]}" for key in ("set", *NETWORKS, *PARTS, GUIDE, "other", "all")))


if __name__ == "__main__":
    main()
