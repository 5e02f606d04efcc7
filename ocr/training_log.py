"""What a training run tells: progress on stderr; in its folder curve, scores, pictures, TensorBoard and a card."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from ocr.config import TrainConfig
from ocr.errors import MissingExtraError
from ocr.models.trainable import Batch, Pipeline, Scores
from ocr.run_card import write_card
from ocr.run_curves import draw_curves
from ocr.run_folder import CURVE, FINISHED, SCORES, Run
from ocr.run_record import append_row, begin_session, end_session
from ocr.run_samples import SampleFolder
from ocr.time_shares import COMPUTING, EVALUATING, SAVING, WAITING, TimeShares, waiting_share
from ocr.wandb_log import WandbLog, open_wandb

DRAWING_SECONDS = 120.0
"""Least time between two drawings of the curves, of a second or two each; the last one is always drawn."""


class TrainingLog:
    """Writes into the run's folder: ``run.json``, ``curve.jsonl``, ``scores.jsonl``, ``curves.png``, ``samples/``,
    ``events.*`` for TensorBoard, and ``best/card.md`` at the end.

    Raises OutputError if the folder cannot be written, MissingExtraError for W&B that is not installed.
    """

    def __init__(
        self, output: Path, config: TrainConfig, pipeline: Pipeline, initial: Path | None, from_step: int
    ) -> None:
        self.output, self.steps = output, config.loop.steps
        self._wandb: WandbLog | None = open_wandb(output, config, from_step) if config.loop.wandb else None
        begin_session(output, config, pipeline, initial, from_step)
        self.writer, self.samples = SummaryWriter(str(output)), SampleFolder(output)
        self._time = TimeShares()
        self._drawn = time.monotonic()
        self._reset()

    def _reset(self) -> None:
        self._steps, self._samples, self._skipped = 0, 0.0, 0
        self._sums: dict[str, float] = {}

    def watch(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The same batches; the share of time that the loop waits for them goes into the progress line."""
        return self._time.watch(batches)

    def record(self, losses: Mapping[str, float], samples: float) -> None:
        """Add a step's losses to those that the next progress line gives the mean of; one that is not finite is
        counted, but not averaged."""
        self._time.ends(COMPUTING)
        self._samples += samples
        if not all(map(math.isfinite, losses.values())):
            self._skipped += 1
            return
        self._steps += 1
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value

    def progress(self, step: int, rate: float, seconds: float, progress: float) -> None:
        """One line: mean losses and speed since the last one, share of waiting for data, time left by the schedule."""
        taken = self._time.taken()
        speed = self._samples / max(taken[COMPUTING] + taken[WAITING], 1e-9)
        waiting = waiting_share(taken)
        losses = {name: value / max(self._steps, 1) for name, value in self._sums.items()}
        left = seconds * (1 - progress) / progress if progress > 0 else 0.0
        parts = "  ".join(f"{name} {value:.4f}" for name, value in losses.items())
        skipped = f"  {self._skipped} not finite" if self._skipped else ""
        print(  # noqa: T201
            f"step {step}/{self.steps}  {parts}{skipped}  lr {rate:.1e}  {speed:.0f} samples/s  "
            f"waits {waiting:.0%}  {_clock(left)} left",
            file=sys.stderr, flush=True,
        )  # fmt: skip
        row = {"step": step, "seconds": round(seconds, 2), "rate": rate, "samples_per_second": round(speed, 2)}
        times = {phase: round(value, 3) for phase, value in taken.items() if value}
        append_row(self.output / CURVE, row | {"losses": losses, "skipped": self._skipped, "time": times})
        self._scalars({f"loss/{name}": value for name, value in losses.items()}, step)
        self._scalars({"rate/learning": rate, "rate/samples_per_second": speed, "rate/waiting": waiting}, step)
        self._reset()

    def scores(self, step: int, scores: Scores) -> None:
        """Validation scores, what is read in the samples, and the curves."""
        shown = "  ".join(f"{name} {value:.4f}" for name, value in scores.values.items())
        print(f"step {step}  validation  {shown}", file=sys.stderr, flush=True)  # noqa: T201
        append_row(self.output / SCORES, {"step": step, "objective": scores.objective} | scores.values)
        self._scalars({f"validation/{name}": value for name, value in scores.values.items()}, step)
        try:
            picture = self.samples.write(step, scores.readings)
        except OSError as error:
            picture = None
            _warn(f"no sample pictures: {error.strerror or error}")
        if picture is not None:
            self.writer.add_image("samples", picture, step, dataformats="HWC")
            if self._wandb:
                self._wandb.picture("samples", picture, step)
        self.writer.flush()
        if time.monotonic() - self._drawn > DRAWING_SECONDS:
            self._draw()
        self._time.ends(EVALUATING)

    def close(self) -> None:
        """The run is over: the last curves, the end in ``run.json``, and the card of the best model."""
        self._time.ends(SAVING)
        self._draw()
        self.writer.close()
        if self._wandb:
            self._wandb.close()
        end_session(self.output, FINISHED, time=self._time.taken())
        write_card(Run(self.output))

    def _scalars(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)
        if self._wandb:
            self._wandb.scalars(values, step)

    def _draw(self) -> None:
        """A picture that cannot be drawn ends no training."""
        try:
            draw_curves(Run(self.output))
        except (OSError, MissingExtraError) as error:
            _warn(f"no curves drawn: {error}")
        self._drawn = time.monotonic()


def _warn(message: str) -> None:
    print(f"warning: {message}", file=sys.stderr, flush=True)  # noqa: T201


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
