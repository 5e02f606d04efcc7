"""The labelled sets that any pipeline trains and validates on."""

from __future__ import annotations

import sys
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ocr.data.check import check_samples, label_texts
from ocr.data.config import DataConfig
from ocr.data.label_options import LabelOptions
from ocr.data.samples import Sample, load_samples
from ocr.data.stock import STOCK
from ocr.errors import UsageError
from ocr.models.codec import Alphabet, normalise

LABELS = LabelOptions(ignore_kinds=frozenset({"handwritten", "signature"}))


HELD_OUT = "held_out"
"""Name in scores of the samples that are taken out of the training sets."""

HELD_OUT_SEED = 7


def checked_samples(data: DataConfig, alphabet: Alphabet) -> list[Sample]:
    """The labelled training samples that passed the check; its report goes to stderr."""
    if not data.train and not data.corpora:
        raise UsageError("nothing to train on: set data.train=[SET, ...] or data.corpora=[FOLDER, ...] with data.fonts")
    if not data.train:
        return []
    train = training_samples(data)
    val = [sample for samples in validation_sets(data).values() for sample in samples]
    report = check_samples(train, val, frozenset(alphabet.symbols), max_bad_fraction=data.max_bad, normalise=normalise)
    print(report, file=sys.stderr)  # noqa: T201
    return list(report.train)


def training_samples(data: DataConfig) -> list[Sample]:
    """The labelled samples to train on, less those that are held out; their labels alone are read."""
    return _held_out(data)[0]


def validation_sets(data: DataConfig) -> dict[str, list[Sample]]:
    """The labelled samples to validate on, by the name of their set: those of ``val``, else what is held out."""
    if not data.val:
        held_out = _held_out(data)[1]
        return {HELD_OUT: held_out} if held_out else {}
    sets: dict[str, list[Sample]] = {}
    for path in data.val:
        name = stem = Path(path).stem
        while name in sets or name == STOCK:
            name = f"{stem}_{len(sets) + 1}"
        sets[name] = load_sets([path], "val", data)
    return sets


def _held_out(data: DataConfig) -> tuple[list[Sample], list[Sample]]:
    """The training samples, parted into those to train on and those held out: the same ones at every call."""
    samples = load_sets(data.train, "train", data)
    count = max(1, round(len(samples) * data.held_out)) if data.held_out and not data.val and len(samples) > 1 else 0
    chosen = set(np.random.default_rng(HELD_OUT_SEED).permutation(len(samples))[:count].tolist())
    return (
        [sample for number, sample in enumerate(samples) if number not in chosen],
        [sample for number, sample in enumerate(samples) if number in chosen],
    )


def label_symbols(data: DataConfig) -> Counter[str]:
    """The symbols (NFD) of the labels to train on, with how often they occur."""
    texts = (normalise(text) for sample in training_samples(data) for text in label_texts(sample))
    return Counter(symbol for text in texts for symbol in unicodedata.normalize("NFD", text))


def load_sets(paths: Sequence[str], split: str, data: DataConfig) -> list[Sample]:
    """The samples of several sets: a folder gives its ``split``, a manifest is taken as it is."""
    samples = [
        sample
        for path in map(Path, paths)
        for sample in load_samples(path, split=split if path.is_dir() else None, options=LABELS)
    ]
    return [s for s in samples if not data.languages or s.lang is None or s.lang in data.languages]
