"""A frozen teacher beside a pipeline: its answers and features on the same batch become one more part of the loss."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ocr.errors import UsageError
from ocr.models.codec import BLANK, Alphabet
from ocr.models.distil_config import DistilConfig
from ocr.models.distil_loss import feature_distance, frame_divergence, map_divergence, spotter_divergence
from ocr.models.trainable import Batch, Output, Pipeline
from ocr.models.weights import TRAINING_ONLY, load_pipeline, read_model_config


def distil(pipeline: Pipeline, config: DistilConfig, folder: Path, parts: Sequence[str]) -> None:
    """Give the pipeline, in place, the model of ``folder`` as a teacher of these parts; see :func:`taught`.

    Raises UsageError if the teacher is of another pipeline and more than its readings (``unlabelled``) is wanted.
    """
    if not config.logits and not config.features:
        return
    teacher: Pipeline = load_pipeline(folder)
    if type(teacher) is not type(pipeline):
        raise UsageError(
            f"distil.teacher={config.teacher} is of pipeline {read_model_config(folder)['pipeline']}, whose answers "
            "have another form; set distil.logits=0 distil.features=0 and let it label distil.unlabelled"
        )
    device = next(pipeline.parameters()).device
    setattr(pipeline, TRAINING_ONLY, Distillation(pipeline, teacher.to(device), config, parts).to(device))


def taught(pipeline: Pipeline, losses: dict[str, Tensor], output: Output, batch: Batch) -> dict[str, Tensor]:
    """The named losses, weighted, with ``distil`` besides; as they are where there is no teacher."""
    distillation = getattr(pipeline, TRAINING_ONLY, None)
    if distillation is None:
        return losses
    weighted = {name: distillation.config.labels * loss for name, loss in losses.items()}
    return weighted | {"distil": distillation(output, batch)}


class Distillation(nn.Module):
    """The teacher, which is no sub-module and so in no checkpoint, and the projections to its features."""

    def __init__(self, student: Pipeline, teacher: Pipeline, config: DistilConfig, parts: Sequence[str]) -> None:
        super().__init__()
        self.config = config
        self._teacher = [teacher.eval().requires_grad_(False)]
        self._classes = common_classes(student.alphabet, teacher.alphabet)
        self._features: dict[str, Tensor] = {}
        self.projections = nn.ModuleDict()
        for part in parts if config.features else ():
            own, other = (network.get_submodule(f"{part}.encoder") for network in (student, teacher))
            self.projections[part] = nn.Linear(own.width, other.width)  # type: ignore[arg-type]
            for name, encoder in ((part, own), (f"teacher.{part}", other)):
                encoder.register_forward_hook(_Keeper(self._features, name))

    @property
    def teacher(self) -> Pipeline:
        return self._teacher[0]

    def forward(self, output: Output, batch: Batch) -> Tensor:
        """The weighted divergence and distance, summed over the parts: a scalar."""
        kind = next(iter(output.values())).dtype
        device = next(iter(output.values())).device
        with torch.no_grad(), torch.autocast(device.type, kind, enabled=kind != torch.float32):
            answers = self.teacher(self.as_teacher_sees(batch))
        losses = [self.config.logits * self.divergence(part, output, answers, batch[part]) for part in batch]
        for part, project in self.projections.items():
            own, other = (tokens_of(self._features[name]) for name in (part, f"teacher.{part}"))
            losses.append(self.config.features * feature_distance(project(own.float()), other))
        return torch.stack(losses).sum()

    def divergence(self, part: str, output: Output, answers: Output, tensors: dict[str, Tensor]) -> Tensor:
        """How far the student's answers are from the teacher's."""
        temperature = self.config.temperature
        if part == "detector":
            return map_divergence(output[part], answers[part], tensors["weights"], temperature)
        own, other = self._classes
        if part == "recognizer":
            lengths = tensors["target_lengths"]
            pair = output[part][..., own], answers[part][..., other]
            return frame_divergence(*pair, tensors["widths"], lengths, temperature)
        student = output[part], output["symbols"][..., own]
        return spotter_divergence(student, (answers[part], answers["symbols"][..., other]), tensors, temperature)

    def as_teacher_sees(self, batch: Batch) -> Batch:
        """The batch with lines at the height that the teacher reads."""
        if "recognizer" not in batch:
            return batch
        lines, height = batch["recognizer"], self.teacher.config.recognizer.height
        images = lines["images"]
        if images.shape[2] == height:
            return batch
        width = 4 * max(1, round(images.shape[3] * height / images.shape[2] / 4))
        resized = F.interpolate(images, size=(height, width), mode="bilinear", antialias=True)
        return {**batch, "recognizer": {**lines, "images": resized}}


class _Keeper:
    """A forward hook that keeps a module's newest output by name; a class, so that it can be copied."""

    def __init__(self, features: dict[str, Tensor], name: str) -> None:
        self.features, self.name = features, name

    def __call__(self, module: nn.Module, inputs: Any, output: Tensor) -> None:
        self.features[self.name] = output


def tokens_of(features: Tensor) -> Tensor:
    """Features of a line (N, T, D) as they are, those of a page (N, D, h, w) as tokens (N, h * w, D)."""
    return features if features.ndim == 3 else features.flatten(2).transpose(1, 2)


def common_classes(own: Alphabet, other: Alphabet) -> tuple[Any, Any]:
    """The classes of two alphabets that stand for the same symbols, the blank first: indices for the last axis.

    Slices of everything where the alphabets are the same.
    """
    if own == other:
        return slice(None), slice(None)
    numbers = {symbol: number for number, symbol in enumerate(other.symbols, start=1)}
    pairs = [(i, numbers[symbol]) for i, symbol in enumerate(own.symbols, start=1) if symbol in numbers]
    return [BLANK, *(i for i, _ in pairs)], [BLANK, *(j for _, j in pairs)]
