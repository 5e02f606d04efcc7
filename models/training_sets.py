"""The labelled sets that any pipeline trains and validates on."""

from __future__ import annotations

import sys
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr.data.check import check_samples
from ocr.data.config import DataConfig
from ocr.data.label_options import LabelOptions
from ocr.data.sample_mix import SampleMix, as_mix, check_weights
from ocr.data.samples import Sample, label_texts, load_samples
from ocr.data.stock import STOCK
from ocr.data.stored_samples import StoredSamples
from ocr.errors import UsageError
from ocr.models.codec import Alphabet, normalise

LABELS = LabelOptions(ignore_kinds=frozenset({"handwritten", "signature"}))


HELD_OUT = "held_out"
"""Name in scores of the samples that are taken out of the training sets."""

HELD_OUT_SEED = 7


HELD_OUT_MOST = 2000
"""Samples held out of a large set at most: they are all read at every evaluation."""


def checked_samples(data: DataConfig, alphabet: Alphabet) -> SampleMix:
    """The labelled training samples that passed the check; its report goes to stderr."""
    if not data.train and not data.corpora:
        raise UsageError("nothing to train on: set data.train=[SET, ...] or data.corpora=[FOLDER, ...] with data.fonts")
    if not data.train:
        return SampleMix([])
    train = training_samples(data)
    val = [sample for samples in validation_sets(data).values() for sample in samples]
    report = check_samples(train, val, frozenset(alphabet.symbols), max_bad_fraction=data.max_bad, normalise=normalise)
    print(report, file=sys.stderr)  # noqa: T201
    return as_mix(report.train)


def training_samples(data: DataConfig) -> SampleMix:
    """The labelled samples to train on, less those that are held out; their labels alone are read."""
    samples, held_out = _with_held_out(data)
    return samples.chosen(np.delete(np.arange(len(samples)), held_out))


def validation_sets(data: DataConfig) -> dict[str, Sequence[Sample]]:
    """The labelled samples to validate on, by the name of their set: those of ``val``, else what is held out."""
    if not data.val:
        samples, held_out = _with_held_out(data)
        return {HELD_OUT: list(samples.chosen(held_out))} if len(held_out) else {}
    sets: dict[str, Sequence[Sample]] = {}
    for path in data.val:
        name = stem = Path(path).stem
        while name in sets or name == STOCK:
            name = f"{stem}_{len(sets) + 1}"
        sets[name] = load_set(path, "val", data)
    return sets


def _with_held_out(data: DataConfig) -> tuple[SampleMix, NDArray[np.int64]]:
    """All labelled samples, and the positions of those held out, which rise: the same ones at every call."""
    check_weights(data.weights, len(data.train))  # before anything is read
    samples = SampleMix([load_set(path, "train", data) for path in data.train], data.weights)
    count = max(1, round(len(samples) * data.held_out)) if data.held_out and not data.val and len(samples) > 1 else 0
    drawn = np.random.default_rng(HELD_OUT_SEED).permutation(len(samples))[: min(count, HELD_OUT_MOST)]
    return samples, np.sort(drawn)


def label_symbols(data: DataConfig) -> Counter[str]:
    """The symbols (NFD) of the labels to train on, with how often they occur."""
    symbols: Counter[str] = Counter()
    for samples in training_samples(data).sets:
        if isinstance(samples, StoredSamples):  # symbol by symbol: only white space is then counted otherwise
            for character, count in samples.characters.items():
                written = " " if character.isspace() else normalise(character)
                symbols.update(dict.fromkeys(unicodedata.normalize("NFD", written), count))
        else:
            texts = (normalise(text) for sample in samples for text in label_texts(sample))
            symbols.update(symbol for text in texts for symbol in unicodedata.normalize("NFD", text))
    return symbols


def load_set(path: str, split: str, data: DataConfig) -> Sequence[Sample]:
    """The samples of a set in the wanted languages: a folder gives its ``split``, a manifest is taken as it is."""
    samples = load_samples(Path(path), split=split if Path(path).is_dir() else None, options=LABELS)
    if not data.languages:
        return samples
    if isinstance(samples, StoredSamples):
        return samples.in_languages(data.languages)
    return [sample for sample in samples if sample.lang is None or sample.lang in data.languages]
