"""The learning-rate range test (arXiv 1506.01186): the rate rises from step to step until the loss goes up.

Where the loss falls fastest, by its own measure, is a good peak for ``loop.learning_rate``. Nothing of what was trained
is kept.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr.config import TrainConfig
from ocr.distributed import Processes
from ocr.errors import OutputError, TrainingError
from ocr.forgetting import guarded
from ocr.models.grow_alphabet import fit_alphabet
from ocr.train import begin, build_pipeline, choose_trained, prepare_device, train_step

STEPS = 120
LOWEST, HIGHEST = 1e-6, 1.0
"""Rates of the first and the last step."""

SMOOTHING = 0.9
"""Decay of the running mean of the loss."""

LOST = 3.0
"""A loss so many times as high as the lowest one ends the test."""

IGNORED = 0.1
"""Share of the steps, at the beginning, of which no suggestion is made: the running mean has just begun."""

ROWS = 20
"""Rows of the table."""

PICTURE, TABLE = "learning_rate.png", "learning_rate.csv"


@dataclass(frozen=True, slots=True)
class RateTest:
    """Learning rates (N,), the loss at each (N,), and its running mean (N,)."""

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smooth: NDArray[np.float64]


def find_rate(config: TrainConfig, output: Path, initial: Path | None = None) -> tuple[RateTest, float]:
    """Test rates as the configuration would train, and suggest one; picture and table go to ``output``.

    Raises UsageError for a config that cannot be trained, TrainingError if no rate lowers the loss, OutputError.
    """
    test = run_test(config, initial)
    write_table(test, output / TABLE)
    try:
        rate = suggest_rate(test)
    except TrainingError:
        draw_test(test, None, output / PICTURE)
        raise
    draw_test(test, rate, output / PICTURE)
    return test, rate


def run_test(config: TrainConfig, initial: Path | None) -> RateTest:
    """The loss at each rate, until it goes up or is no number any more."""
    config = guarded(config, initial)
    device, loop = prepare_device(config.loop)
    pipeline = build_pipeline(config, initial)
    fit_alphabet(pipeline, config.data, grow=False)
    parts = config.parts or pipeline.parts
    choose_trained(pipeline.to(device), config, parts, initial)
    state = begin(pipeline, config, loop, device, Processes())
    batches = pipeline.batches(parts, config.data, loop.seed, state.share(None))
    rates = np.geomspace(LOWEST, HIGHEST, STEPS)
    losses: list[float] = []
    pipeline.train()
    for step, rate in enumerate(rates):
        for group in state.optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        found = train_step(state, batches, loop, device)
        state.step = step + 1
        finite, _ = found.pop("finite"), found.pop("samples")
        losses.append(sum(found.values()))
        if (step + 1) % 10 == 0:
            print(f"step {step + 1}/{STEPS}  lr {rate:.1e}  loss {losses[-1]:.4f}", file=sys.stderr, flush=True)  # noqa: T201
        if not finite or smoothed(losses)[-1] > LOST * smoothed(losses).min():
            break
    told = np.isfinite(losses)
    return RateTest(rates[: len(losses)][told], np.array(losses)[told], smoothed(np.array(losses)[told]))


def smoothed(losses: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Running mean, free of the bias towards its beginning."""
    means, mean = [], 0.0
    for number, loss in enumerate(losses, start=1):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        means.append(mean / (1 - SMOOTHING**number))
    return np.array(means)


def suggest_rate(test: RateTest) -> float:
    """The rate at which the loss falls fastest by its own measure, before it is lowest.

    That is where its logarithm falls fastest: the plain fall is steepest where an untrained network's high loss goes,
    which any rate does away with. Raises TrainingError if the loss never falls.
    """
    first = int(IGNORED * len(test.rates))
    lowest = int(test.smooth.argmin()) if len(test.smooth) else 0
    if lowest - first < 2:
        raise TrainingError(
            f"no learning rate from {LOWEST:g} to {HIGHEST:g} lowers the loss; look at the data with ocr data check"
        )
    slopes = np.gradient(np.log(np.maximum(test.smooth, 1e-9)), np.log10(test.rates))
    return float(test.rates[first + int(slopes[first:lowest].argmin())])


def table_of(test: RateTest, rate: float) -> list[str]:
    """Rates and running means in some twenty rows, the one nearest to the suggestion marked."""
    shown = sorted({*np.linspace(0, len(test.rates) - 1, min(ROWS, len(test.rates))).round().astype(int).tolist()})
    nearest = min(shown, key=lambda row: abs(np.log(test.rates[row] / rate)))
    rows = [f"{test.rates[row]:>13.2e}  {test.smooth[row]:>10.4f}{'  <' if row == nearest else ''}" for row in shown]
    return [f"{'learning rate':>13}  {'loss':>10}", *rows]


def write_table(test: RateTest, path: Path) -> None:
    """All steps as CSV. Raises OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["learning_rate", "loss", "running_mean"])
            for row in zip(test.rates, test.losses, test.smooth, strict=True):
                writer.writerow([f"{value:.6g}" for value in row])
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; choose another --output") from error


def draw_test(test: RateTest, rate: float | None, path: Path) -> None:
    """The losses over the rates, with the suggestion, as a PNG. Raises OutputError."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 4.5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    axes.plot(test.rates, test.losses, color="#cccccc", linewidth=1.0, label="loss")
    axes.plot(test.rates, test.smooth, color="#2a6f97", linewidth=2.0, label="running mean")
    if rate is not None:
        axes.axvline(rate, color="#c1121f", linewidth=1.5, label=f"suggested: {rate:.1e}")
    axes.set_xscale("log")
    if len(test.smooth):
        low, high = float(test.smooth.min()), float(test.smooth[: max(1, len(test.smooth) // 2)].max())
        axes.set_ylim(low - 0.1 * (high - low) - 1e-6, high + 0.3 * (high - low) + 1e-6)
    axes.set_xlabel("learning rate")
    axes.set_ylabel("loss")
    axes.legend(frameon=False)
    try:
        figure.savefig(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; choose another --output") from error
