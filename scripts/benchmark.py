"""Pages a second, seconds for one cold page, and peak memory: both pipelines, tesseract and rapidocr on the same pages.

    python scripts/benchmark.py SET [SET ...] --cores 2 --rounds 3

The engines take turns on the pages of each set's val split, each a process of its own on the same cores, started anew
every round: loading is part of the time. Tesseract in its best set-up, one single-threaded process a core. `cold_s` is
the median of one page in a new process. Rows go to scripts/results/speed.csv; the ratios are over tesseract of the same
run. Run it on a quiet machine: `load` tells how quiet it was. Linux only.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import os
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from benchmark_cold_start import versions
from benchmark_memory import ocr_command, watch
from result_rows import append_rows

from ocr.data.samples import load_samples

RESULTS = Path(__file__).parent / "results" / "speed.csv"
BASELINE = "tesseract"
RAPIDOCR = """
import sys, cv2
from ocr.peers.rapidocr import load
reader = load(["en"])
for path in sys.argv[1:]:
    reader.predict([cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)])
"""


@dataclass
class Times:
    """Of one engine on one set, a value a round: seconds for all pages, for one cold page, MB of peak memory."""

    all_pages: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def commands(pages: list[Path], options: argparse.Namespace, folder: Path) -> dict[str, list[str]]:
    """By engine, what reads the pages and prints or drops what it read: the pipelines, and peers that are installed."""
    found = {
        pipeline: [ocr_command(), "predict", *map(str, pages), "--pipeline", pipeline, "--format", "jsonl", "--quiet"]
        for pipeline in options.pipelines
    }
    if shutil.which("tesseract"):
        listing = folder / "pages.txt"
        listing.write_text("".join(f"{page}\n" for page in pages), encoding="utf-8")
        tesseract = ["env", "OMP_THREAD_LIMIT=1", "tesseract", "{}", "stdout"]
        found[BASELINE] = ["xargs", "-a", str(listing), "-d", "\n", "-P", str(options.cores), "-I", "{}", *tesseract]
    if importlib.util.find_spec("rapidocr"):
        found["rapidocr"] = [sys.executable, "-c", RAPIDOCR, *map(str, pages)]
    return found


def measure(pages: list[Path], options: argparse.Namespace) -> dict[str, Times]:
    times: dict[str, Times] = defaultdict(Times)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as all_of_them:
        cold, whole = commands(pages[:1], options, Path(one)), commands(pages, options, Path(all_of_them))
        for number in range(options.rounds):
            for engine, command in whole.items():
                times[engine].cold.append(watch(cold[engine])[2])
                _, pss, seconds = watch(command)
                times[engine].all_pages.append(seconds)
                times[engine].memory.append(pss)
                print(f"round {number + 1} of {options.rounds}  {engine}  {seconds:.1f} s", file=sys.stderr)
    return times


def rows_of(name: str, pages: int, times: dict[str, Times], options: argparse.Namespace) -> list[dict[str, object]]:
    """A row an engine; medians over the rounds."""
    middle = {engine: statistics.median(entry.all_pages) for engine, entry in times.items()}
    return [
        {
            "date": datetime.date.today().isoformat(), "set": name, "pages": pages, "engine": engine,
            "pages_per_second": round(pages / middle[engine], 3),
            "seconds_per_page": round(middle[engine] / pages, 3),
            "speed_ratio": round(middle[BASELINE] / middle[engine], 2) if BASELINE in middle else "",
            "cold_s": round(statistics.median(entry.cold), 2),
            "peak_mb": round(max(entry.memory)),
            "rounds": options.rounds, "cores": options.cores, "load": round(os.getloadavg()[0], 1),
            "versions": versions(),
        }
        for engine, entry in times.items()
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+", help="labelled sets of pages")
    parser.add_argument("--pipelines", nargs="+", default=["two_stage", "end2end"])
    parser.add_argument("--pages", type=int, default=20, help="at most so many of each set")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])  # inherited by what is started
    for folder in options.sets:
        samples = [sample for sample in load_samples(folder, split="val") if not sample.is_crop]
        pages = [sample.image for sample in samples[: options.pages]]
        rows = rows_of(folder.name, len(pages), measure(pages, options), options)
        append_rows(rows, options.output)
        for row in rows:
            print(*(f"{key} {row[key]}" for key in ("set", "engine", "pages_per_second", "cold_s", "peak_mb")))


if __name__ == "__main__":
    main()
