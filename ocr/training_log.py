"""What a training run tells: progress on stderr, TensorBoard scalars and sample pictures, scores as JSON lines."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from ocr.models.trainable import Scores

SCORES = "scores.jsonl"
"""File of a run that has a row an evaluation."""


class TrainingLog:
    """Writes into the run's folder: ``events.*`` for TensorBoard and ``scores.jsonl``."""

    def __init__(self, output: Path, steps: int, minutes: float) -> None:
        self.output, self.steps, self.minutes = output, steps, minutes
        self.writer = SummaryWriter(str(output))
        self._since, self._steps, self._samples = time.monotonic(), 0, 0.0
        self._sums: dict[str, float] = {}

    def record(self, losses: Mapping[str, float], samples: float) -> None:
        """Add a step's losses to those that the next progress line gives the mean of."""
        self._steps += 1
        self._samples += samples
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value

    def progress(self, step: int, rate: float, seconds: float, progress: float) -> None:
        """One line: mean losses and speed since the last one, time left by the schedule."""
        now = time.monotonic()
        samples = self._samples / max(now - self._since, 1e-9)
        losses = {name: value / max(self._steps, 1) for name, value in self._sums.items()}
        self._since, self._steps, self._samples, self._sums = now, 0, 0.0, {}
        left = seconds * (1 - progress) / progress if progress > 0 else 0.0
        parts = "  ".join(f"{name} {value:.4f}" for name, value in losses.items())
        line = f"step {step}/{self.steps}  {parts}  lr {rate:.1e}  {samples:.0f} samples/s  {_clock(left)} left"
        print(line, file=sys.stderr, flush=True)  # noqa: T201
        for name, value in losses.items():
            self.writer.add_scalar(f"loss/{name}", value, step)
        self.writer.add_scalar("rate/learning", rate, step)
        self.writer.add_scalar("rate/samples_per_second", samples, step)

    def scores(self, step: int, scores: Scores) -> None:
        """Validation scores and pictures."""
        shown = "  ".join(f"{name} {value:.4f}" for name, value in scores.values.items())
        print(f"step {step}  validation  {shown}", file=sys.stderr, flush=True)  # noqa: T201
        for name, value in scores.values.items():
            self.writer.add_scalar(f"validation/{name}", value, step)
        for name, picture in scores.pictures.items():
            self.writer.add_image(name, picture, step, dataformats="HWC")
        with (self.output / SCORES).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, "objective": scores.objective} | scores.values) + "\n")

    def close(self) -> None:
        self.writer.close()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"
