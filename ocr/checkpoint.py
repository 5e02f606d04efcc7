"""Checkpoints of a training run: safetensors and JSON, written beside and renamed, the last two and the best kept."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ocr.config import TrainConfig
from ocr.errors import ModelError, OutputError
from ocr.models.adapt import base_of, is_adapted, trained_state
from ocr.models.adapter_folder import save_adapter
from ocr.models.trainable import Pipeline
from ocr.models.weights import save_model

KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """Where a run stood: ``best`` objective so far, ``seconds`` of training."""

    step: int
    best: float
    seconds: float


@dataclass(frozen=True)
class StoredCheckpoint:
    folder: Path

    def restore(self, pipeline: Pipeline, average: dict[str, Tensor], optimizer: torch.optim.Optimizer) -> Checkpoint:
        """Fill pipeline, average and optimizer. Raises ModelError if the run's model was another one."""
        tensors = load_file(self.folder / "state.safetensors")
        progress = json.loads((self.folder / "progress.json").read_text())
        weights = _part(tensors, "weights.")
        if weights.keys() != average.keys() or progress.pop("base", "") != base_of(pipeline):
            raise ModelError(f"{self.folder} is of another model or adapter; train into a new folder")
        try:
            pipeline.load_state_dict(weights, strict=False)
        except RuntimeError as error:
            raise ModelError(
                f"{self.folder} is of another model: {str(error).splitlines()[0]}; train into a new folder"
            ) from error
        for name, tensor in _part(tensors, "average.").items():
            average[name].copy_(tensor)
        moments: dict[int, dict[str, Any]] = {}
        for name, tensor in _part(tensors, "optimizer.").items():
            number, key = name.split(".")
            moments.setdefault(int(number), {})[key] = tensor
        optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
        return Checkpoint(**progress)


def newest_checkpoint(output: Path) -> StoredCheckpoint | None:
    """The newest checkpoint that is whole, or None; a damaged one is passed over."""
    for folder in sorted(output.glob("checkpoint-*"), reverse=True):
        try:
            load_file(folder / "state.safetensors")
            json.loads((folder / "progress.json").read_text())
        except (OSError, SafetensorError, ValueError):
            continue
        return StoredCheckpoint(folder)
    return None


def save_checkpoint(
    output: Path, pipeline: Pipeline, average: dict[str, Tensor], optimizer: torch.optim.Optimizer, progress: Checkpoint
) -> None:
    """Write ``checkpoint-STEP`` whole or not at all. Raises OutputError if there is no space or permission."""
    tensors = {f"weights.{name}": tensor for name, tensor in trained_state(pipeline).items()}
    tensors |= {f"average.{name}": tensor for name, tensor in average.items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{key}": torch.as_tensor(value) for key, value in state.items()}
    folder = output / f"checkpoint-{progress.step:08d}"
    unfinished = output / f".{folder.name}"
    try:
        unfinished.mkdir(exist_ok=True)
        save_file(
            {name: tensor.contiguous().clone() for name, tensor in tensors.items()}, unfinished / "state.safetensors"
        )
        (unfinished / "progress.json").write_text(json.dumps(asdict(progress) | {"base": base_of(pipeline)}))
        for file in unfinished.iterdir():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    except (OSError, SafetensorError) as error:
        raise OutputError(
            f"cannot write a checkpoint to {output}: {error}; free some space or choose another folder"
        ) from error
    for old in sorted(output.glob("checkpoint-*"))[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def save_best(output: Path, config: TrainConfig, pipeline: Pipeline, average: dict[str, Tensor]) -> None:
    """The averaged weights as the model or adapter folder ``output / "best"``."""
    unfinished = output / ".best"
    try:
        if is_adapted(pipeline):
            save_adapter(unfinished, config.pipeline, pipeline, average)
        else:
            save_model(unfinished, config.pipeline, config.model, pipeline.alphabet, average)
        shutil.rmtree(output / "best", ignore_errors=True)
        unfinished.rename(output / "best")
    except OSError as error:
        raise OutputError(
            f"cannot write {output / 'best'}: {error}; free some space or choose another folder"
        ) from error


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
