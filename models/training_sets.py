"""The labelled sets that any pipeline trains and validates on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ocr.data.check import check_samples
from ocr.data.config import DataConfig
from ocr.data.label_options import LabelOptions
from ocr.data.samples import Sample, load_samples
from ocr.errors import UsageError
from ocr.models.codec import Alphabet, normalise

LABELS = LabelOptions(ignore_kinds=frozenset({"handwritten", "signature"}))


def checked_samples(data: DataConfig, alphabet: Alphabet) -> list[Sample]:
    """The labelled training samples that passed the check; its report goes to stderr."""
    if not data.train and not data.corpora:
        raise UsageError("nothing to train on: set data.train=[SET, ...] or data.corpora=[FOLDER, ...] with data.fonts")
    if not data.train:
        return []
    train, val = load_sets(data.train, "train", data), load_sets(data.val, "val", data)
    report = check_samples(train, val, frozenset(alphabet.symbols), max_bad_fraction=data.max_bad, normalise=normalise)
    print(report, file=sys.stderr)  # noqa: T201
    return list(report.train)


def load_sets(paths: Sequence[str], split: str, data: DataConfig) -> list[Sample]:
    """The samples of several sets: a folder gives its ``split``, a manifest is taken as it is."""
    samples = [
        sample
        for path in map(Path, paths)
        for sample in load_samples(path, split=split if path.is_dir() else None, options=LABELS)
    ]
    return [s for s in samples if not data.languages or s.lang is None or s.lang in data.languages]
