"""Words beside characters: how frequent a whole word is, in a table of a few hundred kilobytes.

N-grams of six characters cannot tell ``conversatons`` from ``conversations``. Here the probability of a word is a
mixture of that of its characters and of its share in the corpora; what is no word there keeps that of its characters.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr.correct.language import LanguageModel
from ocr.correct.ngram import Hashes, Table, load_tables, save_tables
from ocr.correct.search import REACH, is_upper

WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
"""Letters, with apostrophes and hyphens between them."""

SHARE = 0.5
"""Of the table in the probability of a word that it knows."""

NAME = "words"


class WordTable:
    """Frequent words without Hangul, by hashes, with the logarithms of their shares."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def logarithms(self, words: Sequence[str]) -> NDArray[np.float64]:
        """In nats (N,); minus infinity for words that are not there. Case does not count."""
        found, values = self.table.find(hashes_of(words))
        return np.where(found, values, -np.inf)

    def save(self, path: Path) -> None:
        save_tables(path, {NAME: self.table})

    @classmethod
    def load(cls, path: Path) -> WordTable:
        """Raises ModelError if the file is missing or damaged, or not the one that ``hashes.json`` beside it names."""
        return cls(load_tables(path)[NAME])


class WordMixture:
    """A :class:`~ocr.correct.language.LanguageModel` over another one, of characters, and a table of words."""

    def __init__(self, characters: LanguageModel, words: WordTable) -> None:
        self.characters, self.words = characters, words

    def score(self, texts: Sequence[str], contexts: Sequence[str]) -> NDArray[np.float64]:
        """See :class:`~ocr.correct.language.LanguageModel`; texts in capitals as if in small letters."""
        owners: list[int] = []
        parts: list[tuple[str, str, bool]] = []  # what stands before, the part, whether it is a word
        for number, (text, context) in enumerate(zip(texts, contexts, strict=True)):
            written = text.lower() if is_upper(text) else text
            for start, stop, is_word in parts_of(written):
                owners.append(number)
                parts.append(((context + written[:start])[-REACH:], written[start:stop], is_word))
        values = self.characters.score([part for _, part, _ in parts], [before for before, _, _ in parts])
        known = np.where([is_word for *_, is_word in parts], self.words.logarithms([part for _, part, _ in parts]), 0)
        mixed = np.logaddexp(math.log(1 - SHARE) + values, math.log(SHARE) + known)
        values = np.where([is_word for *_, is_word in parts], mixed, values)
        return np.bincount(owners, values, minlength=len(texts)).astype(np.float64)


def parts_of(text: str) -> list[tuple[int, int, bool]]:
    """Words and what stands between them: start, stop, whether it is a word."""
    parts, done = [], 0
    for match in WORD.finditer(text):
        start, stop = match.span()
        if start > done:
            parts.append((done, start, False))
        parts.append((start, stop, True))
        done = stop
    return [*parts, (done, len(text), False)] if done < len(text) else parts


def words_in(text: str) -> list[str]:
    """As they are counted and looked up."""
    return [folded(word) for word in WORD.findall(text)]


def folded(word: str) -> str:
    return word.lower().replace("’", "'")


def hashes_of(words: Iterable[str]) -> Hashes:
    return np.array([hash_of(folded(word)) for word in words], np.uint64)


@lru_cache(maxsize=1 << 14)
def hash_of(word: str) -> int:
    return int.from_bytes(blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "little")
