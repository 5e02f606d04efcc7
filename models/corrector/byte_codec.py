"""Text to byte ids and back, as in ByT5 (arXiv 2105.13626): three specials, then the 256 bytes of UTF-8.

Text is NFC: a Hangul syllable takes three bytes, against six to nine in NFD.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PADDING, END, UNKNOWN = 0, 1, 2
"""``END`` stands before the first line and after each."""

FIRST_BYTE = 3
CLASSES = FIRST_BYTE + 256


def encode(text: str) -> list[int]:
    """Ids of the text's NFC bytes, without marks."""
    return [FIRST_BYTE + byte for byte in unicodedata.normalize("NFC", text).encode("utf-8", "ignore")]


def rows_of(texts: Sequence[str], context: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each text between end marks, cut to ``context`` bytes, padded: ids (N, T), and lengths (N,) in ids."""
    rows = [[END, *encode(text)[:context], END] for text in texts]
    lengths = np.array([len(row) for row in rows], np.int64)
    ids = np.full((len(rows), int(lengths.max(initial=0))), PADDING, np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
    return ids, lengths
