"""A function over many items in worker processes that may die: PDFium stops its process on some damaged files."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

import cv2

from ocr.errors import Failure
from ocr.interruptible import result_of

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 4
"""Items given out ahead, a worker."""


class ProcessMap:
    """Worker processes, started when first needed; a context manager.

    A worker that computes for more than ``seconds`` on one item is ended by the system (on Windows there is no limit).
    """

    def __init__(self, workers: int, seconds: int) -> None:
        self.workers, self.seconds = workers, seconds
        self.pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> ProcessMap:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def run(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Failure]]:
        """Items with their results, in order; one whose worker died has a Failure instead.

        ``function``, items and results must be picklable. Exceptions of ``function`` are raised here.
        """
        waiting: deque[tuple[Item, Future[Result]]] = deque()
        for item in items:
            waiting.append((item, self._submit(function, item)))
            if len(waiting) >= AHEAD * self.workers:
                first, future = waiting.popleft()
                yield first, self._take(function, first, future)
        while waiting:
            first, future = waiting.popleft()
            yield first, self._take(function, first, future)

    def _submit(self, function: Callable[[Item], Result], item: Item) -> Future[Result]:
        if self.pool is None:
            self.pool = _new_pool(self.workers)
        try:
            return self.pool.submit(_limited, function, item, self.seconds)
        except BrokenProcessPool:
            self._stop()
            self.pool = _new_pool(self.workers)
            return self.pool.submit(_limited, function, item, self.seconds)

    def _take(self, function: Callable[[Item], Any], item: Item, future: Future[Any]) -> Any:
        """The result. Where the pool broke, each item that went down with it is tried again, alone in a new process."""
        try:
            return result_of(future)
        except BrokenProcessPool:
            pass
        with _new_pool(1) as pool, contextlib.suppress(BrokenProcessPool):
            return result_of(pool.submit(_limited, function, item, self.seconds))
        return Failure("worker_crash", f"the process that read it died, or computed for more than {self.seconds} s")

    def _stop(self) -> None:
        if self.pool is not None:
            self.pool.shutdown(wait=False, cancel_futures=True)
            self.pool = None


def _new_pool(workers: int) -> ProcessPoolExecutor:
    """New processes, not forked ones: those of a process whose OpenCV has run threads may hang in OpenCV."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, initializer=cv2.setNumThreads, initargs=(1,))


def _limited(function: Callable[[Item], Result], item: Item, seconds: int) -> Result:
    """Only the system can stop PDFium: a signal handler of Python's would wait for it to return."""
    if hasattr(signal, "SIGPROF"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return function(item)
    finally:
        if hasattr(signal, "SIGPROF"):
            signal.setitimer(signal.ITIMER_PROF, 0)
