"""Training batches of the corrector: rows of bytes, lines of the corpora one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from ocr.data.batch_stream import BatchStream, make_loader
from ocr.data.config import DataConfig
from ocr.data.series import Share
from ocr.data.synthetic.text import TextSampler
from ocr.errors import UsageError
from ocr.models.codec import normalise
from ocr.models.corrector.byte_codec import END, encode
from ocr.models.corrector.config import CorrectorConfig


def training_batches(config: CorrectorConfig, data: DataConfig, seed: int, share: Share) -> BatchStream:
    """Endless batches. Raises UsageError without corpora."""
    if not data.corpora:
        raise UsageError("nothing to train on: set data.corpora=[FOLDER, ...] with a sub-folder of text a language")
    texts = TextSampler([Path(folder) for folder in data.corpora], data.text)

    def make(share: Share) -> DataLoader[dict[str, Tensor]]:
        return make_loader(ByteRows(texts, config, seed, share), data.workers, ahead=8)

    return BatchStream({"corrector": make}, share)


class ByteRows(IterableDataset[dict[str, Tensor]]):
    """Batches ``tokens`` (rows, context + 1), each drawn by its number alone."""

    def __init__(self, texts: TextSampler, config: CorrectorConfig, seed: int, share: Share) -> None:
        self.texts, self.config, self.seed, self.share = texts, config, seed, share

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        worker = get_worker_info()
        workers, own = (worker.num_workers, worker.id) if worker else (1, 0)
        number = self.share.number + self.share.rank + own * self.share.processes
        while True:
            yield {"tokens": torch.from_numpy(self._batch(np.random.default_rng([self.seed, number])))}
            number += workers * self.share.processes

    def _batch(self, rng: np.random.Generator) -> NDArray[np.int64]:
        length, settings = self.config.language.context + 1, self.config.batch
        rows = np.empty((settings.rows, length), np.int64)
        for row in rows:
            ids = [END]
            language = self.texts.language(rng)  # of the whole row, as on a page
            while len(ids) < length:
                size = int(rng.integers(settings.shortest, settings.longest + 1))
                ids += [*encode(normalise(self.texts.line(rng, size, language))), END]
            row[:] = ids[:length]
        return rows
