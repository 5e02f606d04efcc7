"""Several processes that read pages side by side: what ``ocr predict --workers`` has a folder or a long PDF read by.

Each holds the model and computes on one core, so that two cores read two pages in the time of one; threads inside a
page gain less. A process that dies takes one page with it, and another takes its place.

Where the system can (Linux), the model is loaded once, by the parent, of which the others are forked: they need not
start Python and load it again, and they share its memory.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from ocr.errors import InputError
from ocr.interruptible import result_of
from ocr.predict import read_page

if TYPE_CHECKING:
    from ocr.document import Page
    from ocr.models.interface import Image, Reader

NO_LIMIT = 0.0
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
STOPPING = {signal.SIGINT, signal.SIGTERM}


class ReadingProcesses:
    """A :class:`~ocr.models.interface.Reader` that reads in ``count`` processes, which it owns: a context manager.

    ``load_reader`` is called once in each of them and must be picklable; what it raises is raised by the first page.
    A process starts with the first page that no other one is free for, so that few pages do not pay for many
    processes. ``at_once`` is for when there will be as many pages: all start, while the first page is being decoded.
    With ``forked`` it is called by :meth:`load` instead, and all start then; only for readers without threads and GPU.
    """

    def __init__(
        self, load_reader: Callable[[], Reader], count: int, at_once: bool = False, forked: bool = False
    ) -> None:
        self.ahead = count + 1
        self._load_reader, self._count, self._forked = load_reader, count, forked and can_fork()
        self._begun = False
        self._others = set(multiprocessing.active_children())
        self._pool = self._start()
        for _ in range(count if at_once and not self._forked else 0):
            self._pool.submit(_wait_for_nothing)

    def load(self) -> ReadingProcesses:
        """Itself; with the model loaded and all processes started if they are ``forked``. Raises what loading does."""
        if self._forked:
            with _one_thread():
                reader = self._load_reader()
            with _held(STOPPING), warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # ONNX Runtime has a thread, which only waits
                context = multiprocessing.get_context("fork")
                self._pool = ProcessPoolExecutor(self._count, context, _prepare_forked, (reader,))
                self._pool.submit(_wait_for_nothing)  # forks all of them, before the pool has a thread
        return self

    def __enter__(self) -> ReadingProcesses:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None or not self._begun:  # stopped, or no file had a page: nothing is worth waiting for
            for process in set(multiprocessing.active_children()) - self._others:
                process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def predict(self, images: Sequence[Image]) -> list[Page]:
        """One page for each image, side by side."""
        return [finish() for finish in [self.begin(image, NO_LIMIT) for image in images]]

    def begin(self, image: Image, seconds: float) -> Callable[[], Page]:
        """See :class:`~ocr.predict.AheadReader`."""
        return functools.partial(self._finish, self._submit(image, seconds), image, seconds)

    def _start(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")  # this process may have threads, of which forked ones would hang
        return ProcessPoolExecutor(self._count, context, _prepare, (self._load_reader,))

    def _submit(self, image: Image, seconds: float) -> Future[Page]:
        self._begun = True
        try:
            return self._pool.submit(_read, image, seconds)
        except BrokenProcessPool:
            self._pool = self._start()
            return self._pool.submit(_read, image, seconds)

    def _finish(self, first: Future[Page], image: Image, seconds: float) -> Page:
        """The page; read again, alone, if a process died meanwhile, since that may have been another page's fault."""
        try:
            return result_of(first)
        except BrokenProcessPool:
            pass
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _prepare, (self._load_reader,)) as alone:
            try:
                return result_of(alone.submit(_read, image, seconds))
            except BrokenProcessPool:
                height, width = image.shape[:2]
                message = f"the process that read its {width} x {height} pixels died; is there enough memory?"
                raise InputError("worker_crash", message) from None


def can_fork() -> bool:
    """Whether this process has one thread yet: a forked one lacks the others, and what waits for them would hang.

    Known on Linux; a process that has read or computed before (a program that calls ours) has threads of libraries.
    """
    return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """One thread for each library that is imported and each network that is loaded in here."""
    before = {variable: os.environ.get(variable) for variable in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for variable, value in before.items():
            if value is None:
                del os.environ[variable]
            else:
                os.environ[variable] = value


@contextlib.contextmanager
def _held(signals: set[signal.Signals]) -> Iterator[None]:
    """The signals come afterwards, and to a process forked in here when it lets them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_reader: Callable[[], Reader]


def _prepare(load_reader: Callable[[], Reader]) -> None:
    """In a new process: one thread for each library, before they are imported; an end with the end of the parent; the
    model, whose errors are for the first page."""
    global _reader
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the parent, which then ends its processes
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(dict.fromkeys(THREADS, "1"))
    _reader = functools.cache(load_reader)
    with contextlib.suppress(Exception):
        _reader()


def _prepare_forked(reader: Reader) -> None:
    """The same in a forked process, which has the model and the parent's handlers of signals."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _prepare(lambda: reader)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def _wait_for_nothing() -> None:
    """What a process is given to start for."""


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _read(image: Image, seconds: float) -> Page:
    import cv2

    cv2.setNumThreads(1)
    return read_page(_reader(), image, seconds)
