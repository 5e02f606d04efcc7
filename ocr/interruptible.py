"""Waiting for other processes so that Ctrl+C and SIGTERM are heard."""

from __future__ import annotations

import concurrent.futures
from typing import TypeVar

Result = TypeVar("Result")

WAKE_UP = 0.5
"""Seconds after which a waiting thread looks whether a signal has come."""


def result_of(future: concurrent.futures.Future[Result]) -> Result:
    """What ``future.result()`` is, waited for in short steps.

    Python runs a signal's handler in the main thread between two of its instructions. A signal that comes in the moment
    before that thread waits for a lock, or that the system gives to another thread, does not end the wait.
    """
    while not concurrent.futures.wait([future], WAKE_UP).done:
        pass
    return future.result()
