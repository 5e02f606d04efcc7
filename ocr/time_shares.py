"""Where the time of a training run goes: waiting for data, computing, evaluating, saving."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

STARTING, WAITING, COMPUTING, EVALUATING, SAVING = "starting", "waiting", "computing", "evaluating", "saving"

PHASES = (STARTING, COMPUTING, WAITING, EVALUATING, SAVING)

Item = TypeVar("Item")


class TimeShares:
    """Adds up seconds by phase. Each call of :meth:`ends` gives the time since the one before to a phase.

    The loop need not be changed for it: a step ends where its losses are recorded, an evaluation where its scores are
    told, and what comes between the scores and the next batch is saving.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._mark, self._evaluated, self._started = clock, clock(), False, False
        self._seconds = dict.fromkeys(PHASES, 0.0)

    def ends(self, phase: str) -> None:
        """What was done since the last call was this phase."""
        now = self._clock()
        self._seconds[phase] += now - self._mark
        self._mark, self._evaluated = now, phase == EVALUATING

    def watch(self, batches: Iterator[Item]) -> Iterator[Item]:
        """The same batches; the time that the loop waits for each is counted."""
        while True:
            self.ends(SAVING if self._evaluated else COMPUTING if self._started else STARTING)
            try:
                batch = next(batches)
            except StopIteration:
                return
            self.ends(WAITING if self._started else STARTING)  # the first batch waits for workers to start
            self._started = True
            yield batch

    def taken(self) -> dict[str, float]:
        """Seconds by phase since the last call of this method."""
        seconds, self._seconds = self._seconds, dict.fromkeys(PHASES, 0.0)
        return seconds


def waiting_share(seconds: dict[str, float]) -> float:
    """Share of waiting for data in the time of the steps, 0 to 1."""
    steps = seconds.get(WAITING, 0.0) + seconds.get(COMPUTING, 0.0)
    return seconds.get(WAITING, 0.0) / steps if steps > 0 else 0.0
