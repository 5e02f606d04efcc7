"""Speed of the page engine on one core, in CPU seconds so that a busy machine changes little.

    python scripts/benchmark_page_engine.py --fonts /usr/share/fonts --corpora CORPORA

appends rows to scripts/results/page_engine.csv: plain and degraded line crops and A4 pages (1240 x 1754) a second. The
caches are warm, as after the first seconds of training.
"""

from __future__ import annotations

import argparse
import csv
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from ocr.data.synthetic.crops import CropStyle, render_crop
from ocr.data.synthetic.degrade import PROFILES, degrade_line
from ocr.data.synthetic.fonts import FontLibrary
from ocr.data.synthetic.lines import LineStyle, render_line
from ocr.data.synthetic.pages import PageOptions, render_page
from ocr.data.synthetic.text import TextSampler

RESULTS = Path(__file__).parent / "results" / "page_engine.csv"
COLUMNS = ("date", "what", "per_second", "milliseconds", "count", "machine", "command")
A4 = (1240, 1754)


def main() -> None:
    arguments = _arguments()
    cv2.setNumThreads(1)
    fonts, texts = FontLibrary(arguments.fonts), TextSampler(arguments.corpora)
    command = "python " + " ".join(sys.argv)
    RESULTS.parent.mkdir(exist_ok=True)
    fresh = not RESULTS.exists()
    with RESULTS.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(COLUMNS)
        for name, (task, count) in _tasks(fonts, texts, arguments.quick).items():
            seconds = _measure(task, count)
            rate, milliseconds = f"{1 / seconds:.1f}", f"{1000 * seconds:.2f}"
            date = time.strftime("%Y-%m-%d")
            writer.writerow((date, name, rate, milliseconds, count, platform.machine(), command))
            file.flush()
            print(f"{name:44} {rate:>9} /s {milliseconds:>9} ms", file=sys.stderr)


def _tasks(
    fonts: FontLibrary, texts: TextSampler, quick: bool
) -> dict[str, tuple[Callable[[np.random.Generator], object], int]]:
    """What is measured, and how often."""
    lines, pages = (200, 5) if quick else (2000, 30)

    def plain_line(rng: np.random.Generator) -> object:
        while True:
            text = texts.line(rng, 40)
            face = fonts.choose(rng, text, 6)
            if face is not None:
                return render_line(face, text, 28, LineStyle(), rng)

    def crop(strength: float) -> Callable[[np.random.Generator], object]:
        return lambda rng: render_crop(rng, fonts, texts, 32, 960, CropStyle(strength=strength))

    def page(layout: str, profile: str) -> Callable[[np.random.Generator], object]:
        options = PageOptions(layout, degradation=PROFILES[profile], size=A4)
        return lambda rng: render_page(rng, fonts, texts, options)

    sample = render_line(fonts.latin[0][0], "The quick brown fox jumps over 12.50", 24, LineStyle(), _rng(0)).mask
    image = cv2.resize(255 - sample, (320, 32), interpolation=cv2.INTER_AREA)
    return {
        "line, plain, 40 characters": (plain_line, lines),
        "line crop 32 px, strength 0.5": (crop(0.5), lines),
        "degrade_line 32 x 320, strength 0.5": (lambda rng: degrade_line(image, rng, 0.5), lines),
        "degrade_line 32 x 320, strength 1": (lambda rng: degrade_line(image, rng, 1.0), lines),
        **{
            f"A4 page, {name}, plain": (page(name, "clean"), pages) for name in ("article", "book", "typescript", "any")
        },
        **{f"A4 page, any, {name}": (page("any", name), pages) for name in ("light", "mixed", "strong")},
    }


def _measure(task: Callable[[np.random.Generator], object], count: int) -> float:
    """CPU seconds a call, after a fifth of the calls as warm-up."""
    for number in range(count // 5):
        task(_rng(number))
    start = time.process_time()
    for number in range(count):
        task(_rng(count + number))
    return (time.process_time() - start) / count


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fonts", type=Path, nargs="+", required=True)
    parser.add_argument("--corpora", type=Path, nargs="+", required=True)
    parser.add_argument("--quick", action="store_true", help="a short run to see that it works")
    return parser.parse_args()


if __name__ == "__main__":
    main()
