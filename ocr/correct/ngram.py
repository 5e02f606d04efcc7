"""A character n-gram model in NumPy: one file of a few megabytes, scored in one pass over all candidates.

Probabilities are those of absolute discounting (Ney, Essen, Kneser 1994), interpolated with the shorter context. An
n-gram is found by a few bits of its hash in a sorted array (randomised language models, Talbot and Osborne 2007).
"""

from __future__ import annotations

import io
import lzma
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr.errors import ModelError
from ocr.models.file_hashes import check_hash

STEPS = 4.0
"""Steps a nat that logarithms are stored in: 0 to -16 nats in 64."""

BITS = 26
"""Of a hash that are kept. With 300,000 n-grams of a length, one in 200 that was never seen is taken for another."""

UNKNOWN = -15.9
"""Log-probability of a character that the corpora lack."""

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
SHIFT = np.uint64(29)

Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Table:
    """Sorted keys (bits of a hash) with the negative logarithm of each in steps."""

    keys: NDArray[np.uint32]
    values: NDArray[np.uint8]

    def find(self, hashes: Hashes) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Which of the hashes are there, and their logarithms in nats (0 where they are not)."""
        if not len(self.keys):
            return np.zeros(len(hashes), np.bool_), np.zeros(len(hashes))
        wanted = key_of(hashes)
        places = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        found = self.keys[places] == wanted
        return found, np.where(found, self.values[places] / -STEPS, 0.0)


class CharacterNgrams:
    """A :class:`~ocr.correct.language.LanguageModel`; ``ngrams[k]`` and ``contexts[k]`` belong to order k + 1."""

    def __init__(self, ngrams: Sequence[Table], contexts: Sequence[Table]) -> None:
        self.ngrams, self.contexts = tuple(ngrams), tuple(contexts)

    @property
    def order(self) -> int:
        return len(self.ngrams)

    def score(self, texts: Sequence[str], contexts: Sequence[str]) -> NDArray[np.float64]:
        """See :class:`~ocr.correct.language.LanguageModel`; each digit is as likely as any other."""
        reach = self.order - 1
        gap = "\0" * reach
        pieces = [gap + context[-reach:] if reach else "" for context in contexts]
        codes = codes_of("".join(piece + text for piece, text in zip(pieces, texts, strict=True)))
        lengths = np.array([len(text) for text in texts], np.int64)
        sizes = np.array([len(piece) for piece in pieces], np.int64)
        stops = np.cumsum(lengths + sizes)
        owner = np.repeat(np.arange(len(texts)), lengths)
        positions = np.arange(len(owner)) + np.repeat(stops - np.cumsum(lengths), lengths)
        values = self.at(codes, positions) - LOG_DIGITS * (codes[positions] == DIGIT)
        return np.bincount(owner, values, minlength=len(texts)).astype(np.float64)

    def at(self, codes: NDArray[np.uint32], positions: NDArray[np.int64]) -> NDArray[np.float64]:
        """Log-probabilities (N,) of the codes at these positions of a text, given what stands before them."""
        count = len(positions)
        hashes = hashes_at(codes, np.concatenate([positions, positions - 1]), self.order)  # of n-grams and contexts
        result, pending, weight = np.full(count, UNKNOWN), np.arange(count), np.zeros(count)
        for k in range(self.order - 1, -1, -1):
            found, logarithms = self.ngrams[k].find(hashes[k][pending])
            hit = pending[found]
            result[hit] = weight[hit] + logarithms[found]
            pending = pending[~found]
            if not k or not len(pending):
                break
            weight[pending] += self.contexts[k].find(hashes[k - 1][count + pending])[1]
        result[pending] += weight[pending]
        return result

    def save(self, path: Path) -> None:
        """One file, see :func:`save_tables`."""
        named = ((NGRAMS, self.ngrams), (CONTEXTS, self.contexts))
        save_tables(path, {f"{name}{k}": table for name, some in named for k, table in enumerate(some, start=1)})

    @classmethod
    def load(cls, path: Path) -> CharacterNgrams:
        """Raises ModelError if the file is missing or damaged, or not the one that ``hashes.json`` beside it names."""
        tables = load_tables(path)
        order = sum(name.startswith(NGRAMS) for name in tables)
        if not order:
            raise ModelError(f"cannot read n-grams {path}: it holds none, or those of an earlier version; {REMEDY}")
        try:
            return cls(*([tables[f"{side}{k}"] for k in range(1, order + 1)] for side in (NGRAMS, CONTEXTS)))
        except KeyError as error:
            raise ModelError(f"cannot read n-grams {path}: {error}; {REMEDY}") from error


NGRAMS, CONTEXTS = "ngrams_of_codes", "contexts_of_codes"
"""Names in the file; others than those of files in which each digit was by itself."""

REMEDY = "build them with ocr lexicon ngrams"


def save_tables(path: Path, tables: Mapping[str, Table]) -> None:
    """One file: arrays by LZMA, of the keys the differences, their bytes apart."""
    arrays: dict[str, Any] = {}
    for name, table in tables.items():
        steps = np.diff(table.keys, prepend=np.uint32(0)).view(np.uint8).reshape(-1, 4)
        arrays |= {f"{name}_{byte}": steps[:, byte].copy() for byte in range(4)}
        arrays[f"{name}_values"] = table.values
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    path.write_bytes(lzma.compress(buffer.getvalue(), preset=9))


def load_tables(path: Path) -> dict[str, Table]:
    """What :func:`save_tables` wrote. Raises ModelError if the file is missing, damaged or not the one that
    ``hashes.json`` beside it names."""
    check_hash(path)
    try:
        with np.load(io.BytesIO(lzma.decompress(path.read_bytes())), allow_pickle=False) as file:
            names = [name.removesuffix("_values") for name in file.files if name.endswith("_values")]
            return {name: table_from(file, name) for name in names}
    except (OSError, ValueError, KeyError, EOFError, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise ModelError(f"cannot read n-grams {path}: {error}; {REMEDY}") from error


def table_from(file: Any, name: str) -> Table:
    steps = np.stack([file[f"{name}_{byte}"] for byte in range(4)], axis=1).view(np.uint32)[:, 0]
    return Table(np.cumsum(steps, dtype=np.uint32), file[f"{name}_values"])


DIGIT = ord("0")
LOG_DIGITS = math.log(10)
CODES = str.maketrans("123456789", "0" * 9)


def codes_of(text: str) -> NDArray[np.uint32]:
    """Code points, all digits as one: what stands around them tells that 12.50 is written so, not which they are."""
    return np.frombuffer(text.translate(CODES).encode("utf-32-le", "replace"), np.uint32)


def hashes_at(codes: NDArray[np.uint32], positions: NDArray[np.int64], order: int) -> list[Hashes]:
    """For each length up to ``order``, hashes (N,) of the characters that end at these places of a text."""
    hashes: list[Hashes] = []
    current = np.zeros(len(positions), np.uint64)
    for k in range(order):
        earlier = positions - k
        code = np.where(earlier >= 0, codes[np.maximum(earlier, 0)], 0).astype(np.uint64)
        current = mixed(current + (code + np.uint64(1)) * MULTIPLIER + np.uint64(k))
        hashes.append(current)
    return hashes


def mixed(values: Hashes) -> Hashes:
    """A bijection of 64 bits that spreads what differs over all of them."""
    values = (values ^ (values >> SHIFT)) * MULTIPLIER
    return values ^ (values >> SHIFT)


def key_of(hashes: Hashes) -> NDArray[np.uint32]:
    return (hashes >> np.uint64(64 - BITS)).astype(np.uint32)
