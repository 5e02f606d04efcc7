"""Memory while a long run goes on: a PDF of many pages, or a folder of many files, through all of `ocr predict`.

    python scripts/benchmark_streaming.py pdf [--pages 1000] [--format jsonl] [--pipeline NAME]
    python scripts/benchmark_streaming.py folder [--pages 1000]

The pages are small and their text is their number, so that the run takes minutes. After every tenth page the resident
sets of all processes of the command are added up; the row compares the means around page 50 and around the last page,
and counts the pages and texts in the result. Linux only. Rows go to scripts/results/streaming.csv.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import multiprocessing
import os
import platform
import re
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from benchmark_memory import PACKAGES, family, memory
from PIL import Image
from result_rows import append_rows

from ocr.commands.predict import load_model, run
from ocr.commands.progress import ReadingProgress
from ocr.data.page_options import PageOptions
from ocr.writers import WRITERS

RESULTS = Path(__file__).parent / "results" / "streaming.csv"
NAMES = {"pdf": "book.pdf", "folder": "scans"}
EARLY, EVERY, AROUND = 50, 10, 25
LIMIT = 0.10
"""What the project promises: so much more at the end than at page 50."""


class MemoryWatch(ReadingProgress):
    """Looks at the memory while pages are read."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.samples: list[tuple[int, float, float]] = []

    def page(self, source: str) -> None:
        super().page(source)
        if self.pages % EVERY == 0:
            self.samples.append((self.pages, *memory(family(os.getpid()))))

    def around(self, page: int) -> tuple[float, float]:
        """Mean resident and proportional set sizes in MB near a page."""
        near = [sizes for number, *sizes in self.samples if abs(number - page) <= AROUND]
        rss, pss = np.mean(near, axis=0)
        return float(rss), float(pss)


def draw(number: int) -> Image.Image:
    page = np.full((240, 420, 3), 250, np.uint8)
    for row, text in enumerate((f"Page number {number}", "The quick brown fox", "jumps over it")):
        cv2.putText(page, text, (20, 60 + 60 * row), cv2.FONT_HERSHEY_SIMPLEX, 1, (30, 30, 30), 2, cv2.LINE_AA)
    return Image.fromarray(page)


def make_input(target: Path, pages: int) -> None:
    """A PDF or a folder of PNG files with so many pages."""
    if target.suffix:
        rest = (draw(number) for number in range(2, pages + 1))
        draw(1).save(target, save_all=True, append_images=rest, resolution=200)
        return
    target.mkdir()
    for number in range(1, pages + 1):
        draw(number).save(target / f"{number}.png")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=list(NAMES))
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--format", default="jsonl", choices=list(WRITERS))
    parser.add_argument("--pipeline")
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


def main() -> None:
    options = parse()
    watch, started = MemoryWatch(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, NAMES[options.kind])
        maker = multiprocessing.get_context("spawn").Process(target=make_input, args=(source, options.pages))
        maker.start()  # elsewhere: what it took of memory would stay with this process
        maker.join()
        result = Path(folder, f"results.{options.format}")
        one_file = options.kind == "pdf" or WRITERS[options.format].holds == "documents"
        place = str(result) if one_file else f"{result}/"
        load = functools.partial(load_model, None, options.pipeline, None, "cpu")
        code = run([str(source)], load, options.format, place, None, False, PageOptions(), watch)
        text = result.read_text(encoding="utf-8", errors="replace") if result.is_file() else ""
    found = {int(number) for number in re.findall(r'"text": "Page number (\d+)"', text)}
    early, late = watch.around(EARLY), watch.around(options.pages)
    row = {
        "date": datetime.date.today().isoformat(),
        "kind": options.kind,
        "format": options.format,
        "pipeline": options.pipeline or "two_stage",
        "pages": watch.pages,
        "numbers_read": len(found & set(range(1, options.pages + 1))),
        f"rss_mb_page_{EARLY}": round(early[0], 1),
        "rss_mb_end": round(late[0], 1),
        f"pss_mb_page_{EARLY}": round(early[1], 1),
        "pss_mb_end": round(late[1], 1),
        "growth": round(late[0] / early[0] - 1, 4),
        "rss_mb_peak": round(max(sample[1] for sample in watch.samples), 1),
        "seconds": round(time.perf_counter() - started),
        "code": int(code),
        "versions": "; ".join([f"Python {platform.python_version()}", *(f"{n} {version(n)}" for n in PACKAGES)]),
    }
    append_rows([row], options.output)
    growth = late[0] / early[0] - 1
    print(f"{row['pages']} pages: {early[0]:.0f} MB at page {EARLY}, {growth:+.1%} at the end; limit {LIMIT:+.0%}")


if __name__ == "__main__":
    main()
