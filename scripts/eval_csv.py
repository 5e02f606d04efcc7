"""Gather the results of ``ocr eval --json`` into one CSV under scripts/results, so that they can be compared later.

    python scripts/eval_csv.py scripts/results/peers_val.csv "ocr eval ... --json FILE" FILE [FILE ...]

The second argument is the command that made the files; it goes into the first line of the CSV as a comment.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

DIGITS = 4


def main(target: Path, command: str, sources: list[Path]) -> None:
    rows = [row for source in sources for row in json.loads(source.read_text("utf-8"))["results"]]
    with target.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# {command}\n")
        writer = csv.DictWriter(file, max(rows, key=len), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({key: cell(value) for key, value in row.items()})


def cell(value: Any) -> Any:
    """A value as it stands in the CSV: numbers rounded, lists joined."""
    if isinstance(value, list):
        return "+".join(value)
    return round(value, DIGITS) if isinstance(value, float) else value


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], [Path(argument) for argument in sys.argv[3:]])
