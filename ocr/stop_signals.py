"""Ctrl+C and SIGTERM while training: the step at hand is finished and saved first, then the signal takes its course."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequestedError(Exception):
    """Raised inside :meth:`StopSignals.at_once` when a signal comes."""


class StopSignals:
    """A context in which, after :meth:`listen`, signals are noted in ``requested`` (0: none).

    A second one ends the process as ever.
    """

    def __init__(self) -> None:
        self.requested = 0
        self._interruptible = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignals:
        return self

    def listen(self) -> None:
        """From now on there is something to save. Signals that the process was started to ignore stay ignored, such as
        Ctrl+C in what a shell script runs in the background."""
        if threading.current_thread() is threading.main_thread():
            heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._note) for number in heard}

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            self.raise_again()
        self.requested = number
        os.write(2, b"stopping: this step is saved first\n")  # printing is not allowed in here
        if self._interruptible:
            raise StopRequestedError

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """For what takes long and can be done again, such as an evaluation: a signal raises StopRequestedError."""
        self._interruptible = True
        try:
            if self.requested:
                raise StopRequestedError
            yield
        finally:
            self._interruptible = False

    def raise_again(self) -> None:
        """Let the signal do what it does outside of training."""
        number = self.requested
        self.__exit__()
        signal.raise_signal(number)
