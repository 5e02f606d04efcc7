"""Rows of ``scripts/results``: a CSV file whose header is written once."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path


def append_rows(rows: Sequence[Mapping[str, object]], target: Path) -> None:
    """Add rows that all have the columns of the first one; folder and header are made where they are missing."""
    new = not target.exists()
    target.parent.mkdir(exist_ok=True)
    with target.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(rows)
