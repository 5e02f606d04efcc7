"""Batches of all parts that are trained, from worker processes that may die, with the place where they stand."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader

from ocr.data.series import POSITION, Share
from ocr.errors import InputError

MakeLoader = Callable[[Share], "DataLoader[dict[str, Tensor]]"]
"""Makes the loader of a part that begins where the share says."""

DEATHS = 3
"""Deaths of worker processes before the same batch after which training stops."""


PATIENCE = 600.0
"""Seconds after which a worker process that has not made its batch counts as dead."""


SIGNAL_AT_PARENTS_DEATH = 1
"""``PR_SET_PDEATHSIG`` of Linux."""


class BatchStream:
    """Endless batches ``{part: {name: tensor}}`` of a share of the series; an iterator.

    If a worker process dies, all of them are started again and go on with the same batch.
    """

    def __init__(self, makers: Mapping[str, MakeLoader], share: Share) -> None:
        self.makers, self.number, self.deaths = makers, share.number, 0
        self.positions, self.share = dict(share.positions), share
        self.streams: dict[str, Iterator[dict[str, Tensor]]] = {part: self._stream(part) for part in makers}

    def __iter__(self) -> BatchStream:
        return self

    def __next__(self) -> dict[str, dict[str, Tensor]]:
        batch = {part: self._take(part) for part in self.makers}
        self.number += self.share.processes
        self.deaths = 0
        return batch

    def _stream(self, part: str) -> Iterator[dict[str, Tensor]]:
        loader = self.makers[part](replace(self.share, number=self.number, positions=self.positions))
        stream = iter(loader)
        if hasattr(signal, "SIGCHLD") and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else torch raises a worker's death wherever training stands
        return stream

    def _take(self, part: str) -> dict[str, Tensor]:
        """The next batch of a part. Raises InputError (``worker_crash``) if its worker dies over and over."""
        while True:
            try:
                batch = next(self.streams[part])
                break
            except RuntimeError as error:
                if not str(error).startswith(("DataLoader worker (pid", "DataLoader timed out")):
                    raise
                self._restart(part, error)
        position = batch.pop(POSITION, None)
        if position is not None:
            self.positions[f"{part}.{int(position[1])}"] = position
        return batch

    def _restart(self, part: str, error: RuntimeError) -> None:
        self.deaths += 1
        reason = " ".join(str(error).split())[:120]
        if self.deaths >= DEATHS:
            raise InputError(
                "worker_crash",
                f"the process that prepares batch {self.number} of the {part} died {DEATHS} times ({reason}); "
                "lower data.workers if memory is short, or set data.workers=0 to see where it fails",
            ) from error
        print(f"warning: started again what prepares the batches of the {part}: {reason}", file=sys.stderr)  # noqa: T201
        self.streams[part] = self._stream(part)


def prepare_worker(parent: int, worker: int) -> None:
    """Worker processes leave Ctrl+C to the training process, and end at SIGTERM or when that process ends.

    torch's own workers look for their parent too, but take any for it if it is killed while they start.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SIGNAL_AT_PARENTS_DEATH, signal.SIGKILL)
    if multiprocessing.get_start_method() != "forkserver" and os.getppid() != parent:
        os._exit(1)


def make_loader(
    dataset: Any, workers: int, ahead: int, sampler: Any = None, collate: Callable[[Any], Any] | None = None
) -> DataLoader[dict[str, Tensor]]:
    """A loader with ``ahead`` batches a worker made in advance; without a sampler the dataset makes whole batches."""
    return DataLoader(
        dataset,
        batch_size=None if sampler is None else 1,
        batch_sampler=sampler,
        num_workers=workers,
        collate_fn=collate,
        prefetch_factor=ahead if workers else None,
        worker_init_fn=partial(prepare_worker, os.getpid()),
        timeout=PATIENCE if workers else 0,
    )
