"""Checkpoints of a training run: safetensors and JSON, written beside and renamed, the last two and the best kept.

``checkpoint-STEP`` holds ``state.safetensors`` (weights, their average, the optimizer's moments, where the lanes of the
data stand; of a run from a model also the averages that were best) and ``progress.json``, which ends with the SHA-256
of both. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ocr.config import TrainConfig
from ocr.distributed import fill, in_shards_like, whole
from ocr.errors import ModelError, OutputError, UsageError
from ocr.models.adapt import base_of, is_adapted, trained_state
from ocr.models.adapter_folder import save_adapter
from ocr.models.file_hashes import hash_of_file
from ocr.models.safetensors_header import read_header
from ocr.models.trainable import Pipeline, Scores
from ocr.models.weights import save_model

KEPT = 2
STATE, PROGRESS = "state.safetensors", "progress.json"

CHOSEN = "chosen."
"""What the names of the averages begin with that were kept as the best ones."""

SPARE_BYTES = 8 << 20
"""Free space wanted beside what a checkpoint takes."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes:
        step: Optimizer steps done.
        batches: Batches of the series taken by all processes together.
        best: Lowest objective so far.
        seconds: Time of training.
        scored: Whether an evaluation that was due at this step is done.
        kept: Scores of the weights in ``best``; without pictures when read back.
        scaler: State of the gradient scaler of fp16.
    """

    step: int = 0
    batches: int = 0
    best: float = math.inf
    seconds: float = 0.0
    scored: bool = True
    kept: Scores | None = None
    scaler: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredCheckpoint:
    """A checkpoint as it was read; ``base`` is the fingerprint of the model that an adapter belongs to."""

    folder: Path
    tensors: dict[str, Tensor]
    progress: Progress
    base: str

    def restore(self, pipeline: Pipeline, average: dict[str, Tensor], optimizer: torch.optim.Optimizer) -> None:
        """Fill pipeline, average and optimizer. Raises ModelError if the run's model was another one."""
        weights, own = part_of(self.tensors, "weights."), trained_state(pipeline)
        wrong = [name for name in own if name not in weights or own[name].shape != weights[name].shape]
        if wrong or weights.keys() != average.keys() or self.base != base_of(pipeline):
            reason = f" ({wrong[0]} differs)" if wrong else ""
            raise ModelError(f"{self.folder} is of another model or adapter{reason}; train into a new folder")
        for name, tensor in weights.items():
            fill(own[name], tensor)
            fill(average[name], self.tensors[f"average.{name}"])
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        moments: dict[int, dict[str, Any]] = {}
        for kind in ("optimizer.", "number."):
            for name, tensor in part_of(self.tensors, kind).items():
                number, key = name.split(".", 1)
                like, value = parameters[int(number)], tensor.item() if kind == "number." else tensor
                if kind == "optimizer." and tensor.shape == like.shape:
                    value = in_shards_like(like, tensor.to(like.device))
                moments.setdefault(int(number), {})[key] = value
        optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})

    @property
    def positions(self) -> dict[str, Tensor]:
        """Where the lanes of the data stand, see :class:`ocr.data.series.Share`."""
        return part_of(self.tensors, "position.")


def state_tensors(
    pipeline: Pipeline, average: Mapping[str, Tensor], optimizer: torch.optim.Optimizer, positions: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """All tensors of a checkpoint, out of their shards; called by all processes that train together."""
    tensors = {f"weights.{name}": whole(tensor) for name, tensor in trained_state(pipeline).items()}
    tensors |= {f"average.{name}": whole(tensor) for name, tensor in average.items()}
    for number, state in optimizer.state_dict()["state"].items():
        for key, value in state.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{number}.{key}"] = whole(value)
            elif value is not None:
                tensors[f"number.{number}.{key}"] = torch.as_tensor(value)
    return tensors | {f"position.{name}": position for name, position in positions.items()}


def find_checkpoint(output: Path, resume: bool) -> StoredCheckpoint | None:
    """The checkpoint to go on from: the newest that is whole, None if the run has none yet.

    A damaged one is named on stderr and passed over. Raises ModelError if none of several is whole, UsageError if there
    are some and the run is not to be resumed.
    """
    tidy(output)
    folders = sorted(output.glob("checkpoint-*"), reverse=True)
    if folders and not resume:
        raise UsageError(f"{output} holds checkpoints of a run; go on with --resume, or choose another --output")
    for folder in folders:
        try:
            return read_checkpoint(folder)
        except ModelError as error:
            print(f"warning: {error}; the one before it is taken", file=sys.stderr)  # noqa: T201
    if folders:
        raise ModelError(f"no checkpoint in {output} is whole; train again without --resume in another folder")
    return None


def read_checkpoint(folder: Path) -> StoredCheckpoint:
    """A checkpoint, checked by its hashes. Raises ModelError naming the file that is damaged."""
    path = folder / PROGRESS
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        stored = data.pop("sha256")
        if stored["progress"] != hash_of_json(data):
            raise ModelError(f"{path} is damaged: it does not have the hash that it names")
        if stored["state"] != hash_of_file(folder / STATE):
            raise ModelError(f"{folder / STATE} is damaged: it does not have the hash that {PROGRESS} names")
        read_header(folder / STATE)
        tensors = load_file(folder / STATE)
        kept, base = data.pop("kept"), str(data.pop("base"))
        best = math.inf if data["best"] is None else float(data["best"])
        progress = Progress(**data | {"best": best, "kept": None if kept is None else read_scores(kept)})
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"checkpoint {folder} cannot be read ({' '.join(str(error).split())[:120]})") from error
    return StoredCheckpoint(folder, tensors, progress, base)


def save_checkpoint(output: Path, pipeline: Pipeline, tensors: Mapping[str, Tensor], progress: Progress) -> None:
    """Write ``checkpoint-STEP`` whole or not at all, and remove all but the newest two.

    Raises OutputError if there is no space or permission.
    """
    check_space(output, sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()))
    folder = output / f"checkpoint-{progress.step:08d}"
    kept = progress.kept
    scores = None if kept is None else {"objective": kept.objective, "values": kept.values, "symbols": kept.symbols}
    data: dict[str, Any] = {"step": progress.step, "batches": progress.batches, "seconds": progress.seconds}
    data |= {"best": progress.best if math.isfinite(progress.best) else None, "scored": progress.scored}
    data |= {"scaler": progress.scaler, "kept": scores, "base": base_of(pipeline)}

    def write(unfinished: Path) -> None:
        contiguous = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
        save_file(contiguous, unfinished / STATE)
        hashes = {"state": hash_of_file(unfinished / STATE), "progress": hash_of_json(data)}
        (unfinished / PROGRESS).write_text(json.dumps(data | {"sha256": hashes}), encoding="utf-8")

    replace_folder(folder, write)
    for old in sorted(output.glob("checkpoint-*"))[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def save_best(output: Path, config: TrainConfig, pipeline: Pipeline, average: dict[str, Tensor]) -> None:
    """The averaged weights as the model or adapter folder ``output / "best"``. Raises OutputError."""
    check_space(output, sum(2 * tensor.numel() for tensor in average.values()))

    def write(unfinished: Path) -> None:
        if is_adapted(pipeline):
            save_adapter(unfinished, config.pipeline, pipeline, average)
        else:
            save_model(unfinished, config.pipeline, config.model, pipeline.alphabet, average)

    replace_folder(output / "best", write)


def replace_folder(folder: Path, write: Callable[[Path], None]) -> None:
    """Fill a new folder beside, bring it to the disk, and put it in the place of an old one by renaming.

    Killed at any moment it leaves the old folder or the new one, but for the instant between two renamings, which
    :func:`tidy` puts right. Raises OutputError, with the old folder still there.
    """
    unfinished, old = folder.with_name(f".{folder.name}"), folder.with_name(f".{folder.name}.old")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        write(unfinished)
        for path in (*unfinished.iterdir(), unfinished):
            to_disk(path)
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
            folder.rename(old)
        unfinished.rename(folder)
        to_disk(folder.parent)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise OutputError(f"cannot write {folder}: {error}; free some space or choose another folder") from error
    shutil.rmtree(old, ignore_errors=True)


def tidy(output: Path) -> None:
    """What a kill left behind goes; after one between two renamings the old ``best`` comes back."""
    if not (output / "best").exists() and (output / ".best.old").exists():
        (output / ".best.old").rename(output / "best")
    for unfinished in (*output.glob(".checkpoint-*"), *output.glob(".best*")):
        shutil.rmtree(unfinished, ignore_errors=True)


def check_space(output: Path, needed: int) -> None:
    """Raises OutputError if less than ``needed`` bytes and a little more are free."""
    free = shutil.disk_usage(output).free
    if free < needed + SPARE_BYTES:
        raise OutputError(
            f"no space left on {output}, needs about {(needed + SPARE_BYTES) / 1e6:.0f} MB and {free / 1e6:.0f} MB are "
            "free; free some and go on with --resume"
        )


def to_disk(path: Path) -> None:
    """Wait until a file or the list of a folder's files is on the disk."""
    if os.name == "nt" and path.is_dir():
        return  # folders cannot be opened there
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def hash_of_json(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def read_scores(data: Mapping[str, Any]) -> Scores:
    symbols = {
        name: {symbol: (int(right), int(count)) for symbol, (right, count) in counts.items()}
        for name, counts in data["symbols"].items()
    }
    return Scores(data["objective"], dict(data["values"]), symbols=symbols)


def part_of(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
