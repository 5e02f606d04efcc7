"""The results table of the README, from the CSV that scripts/eval_csv.py wrote.

    python scripts/readme_table.py scripts/results/val.csv

One row a set; word F1 for pages and page texts, CER for lines, with CPU seconds a sample, an engine a column.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

SHOWN = {"pages": ("word_f1", "word F1"), "texts": ("word_f1", "word F1"), "lines": ("cer", "CER")}


def main(source: Path) -> None:
    rows = list(csv.DictReader(line for line in source.open(encoding="utf-8") if not line.startswith("#")))
    engines = list(dict.fromkeys(row["engine"] for row in rows))
    print("| set | score | " + " | ".join(engines) + " |")
    print("| --- | --- |" + " --- |" * len(engines))
    for name, kind in dict.fromkeys((row["set"], row["kind"]) for row in rows):
        cells = []
        for engine in engines:
            found = [row for row in rows if (row["set"], row["kind"], row["engine"]) == (name, kind, engine)]
            cells.append(cell(found[0], SHOWN[kind][0]) if found else "–")
        samples = next(row["samples"] for row in rows if (row["set"], row["kind"]) == (name, kind))
        print(f"| {name}, {samples} {kind} | {SHOWN[kind][1]} | " + " | ".join(cells) + " |")


def cell(row: dict[str, str], metric: str) -> str:
    return f"{float(row[metric]):.3f} ({float(row['cpu_seconds_per_sample']):.2g} s)"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
