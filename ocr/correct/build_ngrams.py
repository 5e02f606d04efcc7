"""From corpora to character n-grams: count, discount, keep those that say most, order by order."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr.correct.ngram import STEPS, CharacterNgrams, Hashes, Table, codes_of, hashes_at, key_of
from ocr.data.synthetic.records import record_lines
from ocr.data.synthetic.text import TextSampler
from ocr.models.codec import normalise

PARTS = 16
"""Parts that the places of the text are counted in, by the character before, to save memory."""


@dataclass(frozen=True, slots=True)
class NgramSettings:
    """Attributes:
    order: Characters of the longest n-gram.
    discount: Taken off each count.
    fewest: Count below which an n-gram of three characters or more is left out.
    least_gain: Nats that an n-gram must save over the corpora against the shorter one, to be kept (Seymore and
        Rosenfeld 1996). What decides the size: some 2 bytes each in the file, its context's among them.
    records: Characters of receipts and forms that are made up (data/synthetic/records.py), for each of the corpora.
    """

    order: int = 6
    discount: float = 0.8
    fewest: int = 6
    least_gain: float = 38.0
    records: float = 0.2


def build_ngrams(folders: Sequence[Path], settings: NgramSettings) -> CharacterNgrams:
    """Count the paragraphs that are not held out. Raises UsageError if there is no text."""
    running = "\n".join(paragraphs(folders))
    codes = codes_of("\n".join([running, *records(folders, int(settings.records * len(running)))]))
    print(f"{len(codes):,} characters", file=sys.stderr)  # noqa: T201
    model = CharacterNgrams([unigrams(codes)], [Table(np.empty(0, np.uint32), np.empty(0, np.uint8))])
    for order in range(2, settings.order + 1):
        ngrams, contexts = one_order(codes, counted(codes, order, settings), order, model, settings)
        model = CharacterNgrams([*model.ngrams, ngrams], [*model.contexts, contexts])
        print(f"order {order}: {len(ngrams.keys):,} n-grams, {len(contexts.keys):,} contexts", file=sys.stderr)  # noqa: T201
    return model


def paragraphs(folders: Sequence[Path]) -> Iterator[str]:
    texts = TextSampler(folders, lines_a_file=10**9)
    return (normalise(line) for files in texts.corpora.values() for lines in files for line in lines)


def records(folders: Sequence[Path], characters: int) -> Iterator[str]:
    """Lines of made-up receipts and forms, whose items are words of the corpora."""
    return map(normalise, record_lines(TextSampler(folders), characters))


def unigrams(codes: NDArray[np.uint32]) -> Table:
    characters, counts = np.unique(codes, return_counts=True)
    return table_of(hashes_at(characters, np.arange(len(characters)), 1)[0], np.log(counts / counts.sum()))


Counts = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
"""A place of each n-gram, how often it occurs, and how often its context does."""


def one_order(
    codes: NDArray[np.uint32], counts_of: Counts, order: int, model: CharacterNgrams, settings: NgramSettings
) -> tuple[Table, Table]:
    """N-grams of one length and what is left to the shorter context in each of their contexts."""
    places, counts, total = counts_of
    before = hashes_at(codes, places - 1, order - 1)[-1]
    _, owner = np.unique(before, return_inverse=True)
    share = (counts - settings.discount) / total
    lower = np.exp(model.at(codes, places))
    gain = counts * np.log(share / lower + np.maximum(1 - np.bincount(owner, share), 1e-6)[owner])
    chosen = np.flatnonzero(gain > settings.least_gain)
    places, share, lower = places[chosen], share[chosen], lower[chosen]
    contexts, owner = np.unique(before[chosen], return_inverse=True)
    left = np.maximum(1 - np.bincount(owner, share), 1e-6)
    ngrams = table_of(hashes_at(codes, places, order)[-1], np.log(share + left[owner] * lower))
    weights = table_of(contexts, np.log(left))
    kept = weights.values > 0  # what rounds to no weight need not be stored
    return ngrams, Table(weights.keys[kept], weights.values[kept])


def counted(codes: NDArray[np.uint32], order: int, settings: NgramSettings) -> Counts:
    """A place of each n-gram that occurs often enough, how often it does, and how often its context does."""
    fewest = settings.fewest if order > 2 else 2
    part_of = (codes % PARTS).astype(np.uint8)
    found: list[tuple[NDArray[Any], NDArray[Any], NDArray[np.float64]]] = []
    for part in range(PARTS):
        here = np.flatnonzero(part_of[:-1] == part) + 1  # places behind a character of this part
        here = here[here >= order]
        _, first, count = np.unique(hashes_at(codes, here, order)[-1], return_index=True, return_counts=True)
        places = here[first]
        _, owner = np.unique(hashes_at(codes, places - 1, order - 1)[-1], return_inverse=True)
        total = np.bincount(owner, count)[owner]
        often = count >= fewest
        found.append((places[often], count[often], total[often].astype(np.float64)))
    places, counts, totals = (np.concatenate(part) for part in zip(*found, strict=True))
    return places, counts, totals


def table_of(hashes: Hashes, logarithms: NDArray[np.float64]) -> Table:
    keys, first = np.unique(key_of(hashes), return_index=True)
    return Table(keys, np.clip(np.rint(-logarithms[first] * STEPS), 0, 63).astype(np.uint8))
