"""Where the time of a run goes, by a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator

from ocr.time_shares import COMPUTING, EVALUATING, SAVING, STARTING, WAITING, TimeShares, waiting_share


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_second_goes_to_one_phase() -> None:
    clock = Clock()

    def slow_batches() -> Iterator[int]:
        for number in range(10):
            clock.now += 100.0 if number == 0 else 2.0  # the first waits for workers to start
            yield number

    shares = TimeShares(clock)
    clock.now += 5.0
    batches = shares.watch(slow_batches())
    for step in range(3):
        next(batches)
        clock.now += 3.0  # forward, backward
        next(batches)  # gradient accumulation: a second batch in the same step
        clock.now += 4.0
        shares.ends(COMPUTING)
        clock.now += 1.0  # the running average
        if step == 1:
            clock.now += 50.0
            shares.ends(EVALUATING)
            clock.now += 7.0
    taken = shares.taken()
    # what stands between a step and the evaluation counts as evaluating; the last second is not given to a phase yet
    assert taken == {STARTING: 105.0, COMPUTING: 22.0, WAITING: 10.0, EVALUATING: 51.0, SAVING: 7.0}
    assert waiting_share(taken) == 10 / 32
    assert sum(shares.taken().values()) == 0


def test_no_steps_wait_for_nothing() -> None:
    assert waiting_share({}) == waiting_share({EVALUATING: 3.0}) == 0.0


def test_the_end_of_the_batches_is_passed_on() -> None:
    assert list(TimeShares().watch(iter([1, 2]))) == [1, 2]
