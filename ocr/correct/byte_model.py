"""The byte-level network in ONNX Runtime as a language model; needs no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr.models.corrector.byte_codec import encode, rows_of
from ocr.models.onnx_session import open_session

ROWS = 32
"""Rows of a batch; texts of about equal length go together."""


class ByteModel:
    """A :class:`~ocr.correct.language.LanguageModel` over ``bytes.onnx``. Raises ModelError if it cannot be loaded."""

    def __init__(self, path: Path, context: int = 160) -> None:
        self.session, self.context = open_session(path), context

    def score(self, texts: Sequence[str], contexts: Sequence[str]) -> NDArray[np.float64]:
        """See :class:`~ocr.correct.language.LanguageModel`."""
        sizes = [len(encode(text)) for text in texts]
        rows = [context.lstrip() + text for context, text in zip(contexts, texts, strict=True)]
        order = sorted(range(len(texts)), key=lambda i: len(rows[i]))
        result = np.zeros(len(texts))
        for start in range(0, len(order), ROWS):
            group = order[start : start + ROWS]
            ids, lengths = rows_of([rows[i] for i in group], self.context)
            nats = self.session.run(None, {"ids": ids})[0]  # (N, T - 1)
            for row, i, length in zip(nats, group, lengths, strict=True):
                stop = int(length) - 2  # without the end mark
                result[i] = float(row[max(stop - sizes[i], 0) : stop].sum())
        return result


def bits_a_character(nats: float, characters: int) -> float:
    return -nats / math.log(2) / characters
