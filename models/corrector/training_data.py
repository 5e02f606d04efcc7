"""Training batches of the corrector: rows of bytes, lines of the corpora one after the other, or pairs of lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from ocr.data.batch_stream import BatchStream, make_loader
from ocr.data.config import DataConfig
from ocr.data.line_pairs import LinePair, training_pairs
from ocr.data.series import Share
from ocr.data.synthetic.text import TextSampler
from ocr.errors import UsageError
from ocr.models.codec import normalise
from ocr.models.corrector.byte_codec import END, PADDING, encode, rows_of
from ocr.models.corrector.config import CorrectorConfig


def training_batches(config: CorrectorConfig, data: DataConfig, seed: int, share: Share) -> BatchStream:
    """Endless batches. Raises UsageError without corpora and pairs."""
    if not data.corpora and not data.pairs:
        raise UsageError(
            "nothing to train on: set data.corpora=[FOLDER, ...] with a sub-folder of text a language, or "
            "data.pairs=[FILE, ...] with lines as they were read and as they are"
        )
    texts = TextSampler([Path(folder) for folder in data.corpora], data.text) if data.corpora else None
    pairs = training_pairs(data)

    def make(share: Share) -> DataLoader[dict[str, Tensor]]:
        rows = (
            PairRows(pairs, texts, config, data.replay, seed, share) if pairs else ByteRows(texts, config, seed, share)
        )
        return make_loader(rows, data.workers, ahead=8)

    return BatchStream({"corrector": make}, share)


class ByteRows(IterableDataset[dict[str, Tensor]]):
    """Batches ``tokens`` (rows, context + 1), each drawn by its number alone."""

    def __init__(self, texts: TextSampler | None, config: CorrectorConfig, seed: int, share: Share) -> None:
        self.texts, self.config, self.seed, self.share = texts, config, seed, share

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        worker = get_worker_info()
        workers, own = (worker.num_workers, worker.id) if worker else (1, 0)
        number = self.share.number + self.share.rank + own * self.share.processes
        while True:
            arrays = self.batch(np.random.default_rng([self.seed, number]))
            yield {name: torch.from_numpy(rows) for name, rows in arrays.items()}
            number += workers * self.share.processes

    def batch(self, rng: np.random.Generator) -> dict[str, NDArray[np.int64]]:
        """One batch, by its own random numbers."""
        return {"tokens": self.text_rows(rng, self.config.batch.rows)}

    def text_rows(self, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Rows (count, context + 1) of the corpora."""
        assert self.texts is not None
        length, settings = self.config.language.context + 1, self.config.batch
        rows = np.empty((count, length), np.int64)
        for row in rows:
            ids = [END]
            language = self.texts.language(rng)  # of the whole row, as on a page
            while len(ids) < length:
                size = int(rng.integers(settings.shortest, settings.longest + 1))
                ids += [*encode(normalise(self.texts.line(rng, size, language))), END]
            row[:] = ids[:length]
        return rows


class PairRows(ByteRows):
    """Batches of pairs: ``tokens``, first the right lines, then ``replay`` of all rows from the corpora so that nothing
    is forgotten, and ``noisy``, the right lines as they were read."""

    def __init__(
        self, pairs: Sequence[LinePair], texts: TextSampler | None, config: CorrectorConfig, replay: float, seed: int,
        share: Share,
    ) -> None:  # fmt: skip
        super().__init__(texts, config, seed, share)
        self.pairs, self.replayed = pairs, round(replay * config.batch.rows) if texts else 0

    def batch(self, rng: np.random.Generator) -> dict[str, NDArray[np.int64]]:
        context = self.config.language.context
        drawn = rng.integers(len(self.pairs), size=max(self.config.batch.rows - self.replayed, 1))
        clean, noisy = (
            rows_of([normalise(text) for text in texts], context)[0]
            for texts in ([self.pairs[i].clean for i in drawn], [self.pairs[i].noisy for i in drawn])
        )
        if not self.replayed:
            return {"tokens": clean, "noisy": noisy}
        other = self.text_rows(rng, self.replayed)
        tokens = np.full((len(clean) + len(other), max(clean.shape[1], other.shape[1])), PADDING, np.int64)
        tokens[: len(clean), : clean.shape[1]] = clean
        tokens[len(clean) :, : other.shape[1]] = other
        return {"tokens": tokens, "noisy": noisy}
