"""All that a training run changes as it goes: to be scored, saved, and restored."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from ocr.checkpoint import CHOSEN, Progress, StoredCheckpoint, part_of, save_best, save_checkpoint, state_tensors
from ocr.config import TrainConfig
from ocr.data.batch_stream import BatchStream
from ocr.data.series import Share
from ocr.distributed import Processes
from ocr.models.adapt import trained_state
from ocr.models.interpolation import interpolated
from ocr.models.trainable import Batch, Pipeline, Scores, Validation
from ocr.step_back import step_back
from ocr.stop_signals import StopRequestedError, StopSignals
from ocr.training_log import TrainingLog


@dataclass
class TrainState:
    """A run at a step.

    Attributes:
        pipeline: What is trained.
        network: The same as called in training; several processes exchange gradients in it.
        reading: The same to evaluate and to save with; a copy where ``pipeline`` lies in shards.
        average: Running average of what is trained.
        step: Optimizer steps done.
        best: Lowest objective so far.
        kept: Scores of the weights kept as the best ones.
        scores: The newest scores.
        saved: Step of the newest checkpoint.
        batch: The newest batch.
        start: What is trained as it was in the model that the run started from; None: it started from nothing.
        chosen: The averages that were kept as the best ones, where there is a ``start``; checkpoints hold them too.
        began: When training would have begun without the breaks, on the clock of :func:`time.monotonic`.
    """

    pipeline: Pipeline
    network: nn.Module
    reading: Pipeline
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    processes: Processes
    average: dict[str, Tensor]
    step: int = 0
    best: float = math.inf
    kept: Scores | None = None
    scores: Scores = field(default_factory=lambda: Scores(math.inf, {}))
    saved: int = -1
    batch: Batch = field(default_factory=dict)
    start: dict[str, Tensor] | None = None
    chosen: dict[str, Tensor] | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Time of training so far."""
        return time.monotonic() - self.began

    def restore(self, found: StoredCheckpoint) -> None:
        """Go back to a checkpoint. Raises ModelError if it is of another model."""
        found.restore(self.pipeline, self.average, self.optimizer)
        progress = found.progress
        self.scaler.load_state_dict(progress.scaler)
        self.step, self.saved, self.best, self.kept = progress.step, progress.step, progress.best, progress.kept
        self.scores = progress.kept or self.scores
        self.began = time.monotonic() - progress.seconds
        chosen = part_of(found.tensors, CHOSEN)
        if self.start is not None and chosen:
            own = {name: tensor.to(self.start[name].device) for name, tensor in chosen.items()}
            self.chosen = self.start | own  # what is frozen is not in the checkpoint

    def share(self, found: StoredCheckpoint | None) -> Share:
        """This process's share of the batches, from where the checkpoint stands."""
        taken, positions = (found.progress.batches, found.positions) if found else (0, {})
        return Share(taken, self.processes.rank, self.processes.count, positions)

    def score_and_save(
        self, output: Path, config: TrainConfig, validation: Validation | None, batches: BatchStream, log: TrainingLog,
        stop: StopSignals,
    ) -> None:  # fmt: skip
        """Evaluate in the main process while the others wait, keep the weights if they are the best, and save."""
        average, scored = self.processes.whole(self.average), 1.0
        if validation is not None:
            try:
                with stop.at_once():
                    self.scores = evaluate(self.reading, average, validation)
            except StopRequestedError:
                scored = 0.0  # to be done when the run goes on
        scored = self.processes.total([scored * self.processes.is_main])[0]
        if scored and validation is not None:
            log.scores(self.step, self.scores)
            objective = self.scores.objective
            if objective is None or objective < self.best:  # nothing to judge by: the newest is the best
                self.best, self.kept = objective or 0.0, self.scores
                save_best(output, config, self.reading, average)
                if self.start is not None:
                    self.chosen = {name: tensor.clone() for name, tensor in average.items()}
        self.save(output, batches, scored=bool(scored))

    def step_back(self, output: Path, config: TrainConfig, before: Scores, validation: Validation) -> Scores | None:
        """Keep the best weights part of the way back to the model that the run started from (:mod:`ocr.step_back`).

        Done again, after a kill or for a run that was at its end, it keeps the same weights. Returns their scores; None
        if the checkpoint that the run went on from does not hold what had been chosen, and nothing better came.
        """
        if self.start is None or self.chosen is None or self.kept is None:
            return None
        start, chosen, scores, weights = self.start, self.chosen, self.kept, self.chosen
        if config.loop.step_back:
            _, weights, scores = step_back(
                before, scores, lambda share: interpolated(start, chosen, share),
                lambda weights: evaluate(self.reading, weights, validation), config.loop.forget_limit,
            )  # fmt: skip
        save_best(output, config, self.reading, weights)  # even all of the way: a session before may have stepped back
        return scores

    def save(self, output: Path, batches: BatchStream, *, scored: bool = True) -> None:
        """Write a checkpoint; called by all processes, written by the main one."""
        positions = self.processes.merged(batches.positions)
        tensors = state_tensors(self.pipeline, self.average, self.optimizer, positions)
        progress = Progress(
            self.step, batches.number, self.best, self.seconds, scored, self.kept, self.scaler.state_dict()
        )
        if self.processes.is_main:
            if self.chosen is not None:
                frozen = {name for name, own in self.pipeline.named_parameters() if not own.requires_grad}
                tensors |= {CHOSEN + name: own for name, own in self.chosen.items() if name not in frozen}
            save_checkpoint(output, self.pipeline, tensors, progress)
        self.saved = self.step


def evaluate(pipeline: Pipeline, average: dict[str, Tensor], validation: Validation) -> Scores:
    """Scores of the averaged weights; the pipeline gets its own weights back."""
    own = {name: tensor.clone() for name, tensor in trained_state(pipeline).items()}
    try:
        pipeline.load_state_dict(average, strict=False)  # of an adapted pipeline only the adapter
        pipeline.eval()
        return validation(pipeline)
    finally:
        pipeline.load_state_dict(own, strict=False)
        pipeline.train()


@torch.no_grad()
def update_average(average: dict[str, Tensor], pipeline: Pipeline, decay: float) -> None:
    """Exponential moving average of what is trained; counters are copied."""
    own = pipeline.state_dict()
    for name, mean in average.items():
        if mean.is_floating_point():
            mean.lerp_(own[name], 1 - decay)
        else:
            mean.copy_(own[name])


@torch.no_grad()
def restore_statistics(average: dict[str, Tensor], pipeline: Pipeline) -> None:
    """Batch normalisation that saw numbers that are not finite goes back to the average of its statistics."""
    for name, statistics in pipeline.named_buffers():
        if name in average and not torch.isfinite(statistics).all():
            statistics.copy_(average[name])
