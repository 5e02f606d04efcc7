"""From corpora to the table of frequent words that stands beside n-grams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ocr.correct.build_ngrams import paragraphs, table_of
from ocr.correct.words import WordTable, hashes_of, words_in
from ocr.metrics.text import has_hangul

FEWEST = 6
"""How often a word stands in the corpora at least."""


def build_words(folders: Sequence[Path], fewest: int = FEWEST) -> WordTable:
    """Count the words of the paragraphs that are not held out; those with Hangul are left to the n-grams, because
    particles make most of them too rare. Raises UsageError if there is no text."""
    counts: Counter[str] = Counter()
    for paragraph in paragraphs(folders):
        counts.update(words_in(paragraph))
    kept = {word: count for word, count in counts.items() if count >= fewest and not has_hangul(word)}
    shares = np.array(list(kept.values()), np.float64) / max(sum(kept.values()), 1)
    return WordTable(table_of(hashes_of(kept), np.log(shares)))
