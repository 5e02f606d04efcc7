"""Lines as they were read and as they should be: what the corrector is adapted to.

A file of pairs is TSV (two columns, read and right, no heading) or JSON lines (``{"noisy": ..., "clean": ...}``), in
UTF-8.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ocr.data.config import DataConfig
from ocr.errors import UsageError

HELD_OUT_SEED = 7

HELD_OUT_MOST = 2000
"""Pairs held out of a large file at most: all are scored at every evaluation."""

FORMATS = "a pair is NOISY<tab>CLEAN (.tsv, .txt) or {'noisy': ..., 'clean': ...} (.jsonl), one a line"


@dataclass(frozen=True, slots=True)
class LinePair:
    """A line as a recogniser read it, and as it is; both may be the same."""

    noisy: str
    clean: str


def load_pairs(path: Path) -> list[LinePair]:
    """The pairs of a file; empty lines are passed over. Raises UsageError naming the line that is none."""
    try:
        rows = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read pairs {path}: {' '.join(str(error).split())}; {FORMATS}") from error
    parse = _from_json if path.suffix in (".jsonl", ".json") else _from_columns
    pairs = []
    for number, row in enumerate(rows, start=1):
        if not row.strip():
            continue
        pair = parse(row.rstrip("\r"))
        if pair is None:
            raise UsageError(f"{path}:{number} is no pair of lines: {FORMATS}")
        pairs.append(pair)
    if not pairs:
        raise UsageError(f"{path} holds no pairs: {FORMATS}")
    return pairs


def _from_columns(row: str) -> LinePair | None:
    columns = row.split("\t")
    return LinePair(*columns) if len(columns) == 2 and all(column.strip() for column in columns) else None


def _from_json(row: str) -> LinePair | None:
    try:
        data = json.loads(row)
        noisy, clean = data["noisy"], data["clean"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    texts = isinstance(noisy, str) and isinstance(clean, str) and noisy.strip() and clean.strip()
    return LinePair(noisy, clean) if texts else None


def training_pairs(data: DataConfig) -> list[LinePair]:
    """The pairs to train on, less those that are held out."""
    pairs, held_out = _with_held_out(data)
    return [pair for i, pair in enumerate(pairs) if i not in held_out]


def validation_pairs(data: DataConfig) -> list[LinePair]:
    """The pairs to validate on: those of ``pairs_val``, else what is held out of ``pairs``."""
    if data.pairs_val:
        return _all_of(data.pairs_val)
    pairs, held_out = _with_held_out(data)
    return [pairs[i] for i in sorted(held_out)]


def _with_held_out(data: DataConfig) -> tuple[list[LinePair], set[int]]:
    """All pairs, and the positions of those held out: the same ones at every call."""
    pairs = _all_of(data.pairs)
    if not data.held_out or data.pairs_val or len(pairs) < 2:
        return pairs, set()
    count = min(max(1, round(len(pairs) * data.held_out)), HELD_OUT_MOST)
    return pairs, set(np.random.default_rng(HELD_OUT_SEED).permutation(len(pairs))[:count].tolist())


def _all_of(files: Sequence[str]) -> list[LinePair]:
    return [pair for file in files for pair in load_pairs(Path(file))]
