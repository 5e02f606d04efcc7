"""Gather the results of ``ocr eval --json`` into one CSV under scripts/results, so that they can be compared later.

    python scripts/eval_csv.py scripts/results/peers_val.csv "ocr eval ... --json FILE" FILE [FILE ...]

The second argument is the command that made the files; it goes into the first line of the CSV as a comment.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

DIGITS = 4


def main(target: Path, command: str, sources: list[Path]) -> None:
    rows = [row for source in sources for row in json.loads(source.read_text("utf-8"))["results"]]
    with target.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# {command}\n")
        writer = csv.DictWriter(file, max(rows, key=len), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({k: round(v, DIGITS) if isinstance(v, float) else v for k, v in row.items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], [Path(argument) for argument in sys.argv[3:]])
