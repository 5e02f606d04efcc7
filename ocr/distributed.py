"""Several training processes, started by ``accelerate launch`` or ``torchrun``: what of the loop concerns all of them.

Each process trains on its own share of the series of batches (:mod:`ocr.data.series`); gradients are averaged, by DDP
(arXiv 2006.15704) or with parameters in shards by FSDP (arXiv 2304.11277). The main process alone evaluates, logs and
writes; the others have a throw-away folder in place of the run's, and nothing to say on stderr. In batch normalisation
each batch has its own statistics, as with ``loop.accumulate``, and the running ones follow all of them.

The gradient is the mean over the processes of the gradients of their batches' losses: that of one process with
``loop.accumulate`` N times as high, to the bit for two. It is not that of one process with a batch N times as large,
whose losses are means over other numbers of lines, characters or hard negatives; only the samples are the same.
"""

from __future__ import annotations

import contextlib
import copy
import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ocr.errors import UsageError
from ocr.models.schema import suggest

KINDS = ("ddp", "fsdp")

PATIENCE = timedelta(hours=6)
"""How long processes wait for one another: the main one may evaluate for long."""


class Processes:
    """This process among those that train together; a run that was started alone is one of one."""

    def __init__(self, accelerator: Any = None, sharded: bool = False, spare: Path | None = None) -> None:
        self.accelerator, self.sharded, self.spare = accelerator, sharded, spare
        self.rank = accelerator.process_index if accelerator else 0
        self.count = accelerator.num_processes if accelerator else 1

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def folder(self, output: Path) -> Path:
        """Where this process writes: the run's folder, but a throw-away one for all but the main process."""
        return output if self.spare is None else self.spare

    def for_reading(self, pipeline: nn.Module) -> Any:
        """The pipeline to evaluate and save with: itself, or a copy that is not going to be in shards."""
        return copy.deepcopy(pipeline) if self.sharded else pipeline

    def wrap(self, pipeline: nn.Module, device: torch.device) -> nn.Module:
        """The pipeline as a network whose backward pass averages gradients over the processes."""
        if self.accelerator is None:
            return pipeline
        if not self.sharded:
            wrapped: nn.Module = self.accelerator.prepare_model(pipeline, device_placement=False)
            return wrapped
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        mesh = init_device_mesh(device.type, (self.count,))
        for name, module in pipeline.named_modules():
            if name.split(".")[-1].isdigit() and name.split(".")[-2] == "blocks":
                fully_shard(module, mesh=mesh)
        fully_shard(pipeline, mesh=mesh)
        return pipeline

    def gradients_of(self, network: nn.Module, last: bool) -> AbstractContextManager[object]:
        """For a forward and backward pass: gradients are exchanged only in the ``last`` one of a step."""
        if self.accelerator is None or self.sharded or last:
            return contextlib.nullcontext()
        held_back: AbstractContextManager[object] = self.accelerator.no_sync(network)
        return held_back

    def total(self, values: list[float]) -> list[float]:
        """Sums over all processes, the same in each of them."""
        if self.accelerator is None:
            return values
        tensor = torch.tensor(values, dtype=torch.float64, device=self.accelerator.device)
        torch.distributed.all_reduce(tensor)
        sums: list[float] = tensor.tolist()
        return sums

    @contextlib.contextmanager
    def statistics_in_turn(self, pipeline: nn.Module) -> Iterator[None]:
        """For a forward and backward pass: batch normalisation then holds the statistics that a single process would
        have if it had taken the batches of all processes one after the other, in the order of their ranks."""
        layers = [] if self.accelerator is None else learning_norms(pipeline)
        before = [[tensor.clone() for tensor in statistics_of(layer)] for layer in layers]
        counts = [int(layer.num_batches_tracked) for layer in layers]
        yield
        for layer, old, count in zip(layers, before, counts, strict=True):
            if int(layer.num_batches_tracked) > count:  # else its part was not trained
                blend_statistics(layer, old, self.rank, self.count)

    def merged(self, positions: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The newest position of every lane of all processes; called by all of them."""
        if self.accelerator is None:
            return dict(positions)
        from accelerate.utils import gather_object

        newest: dict[str, Tensor] = {}
        for name, numbers in gather_object([(name, p.tolist()) for name, p in positions.items()]):
            if name not in newest or numbers[2] > newest[name][2]:
                newest[name] = torch.tensor(numbers)
        return newest

    def whole(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The tensors out of their shards; called by all processes, in the same order."""
        return {name: whole(tensor) for name, tensor in tensors.items()}


@contextlib.contextmanager
def join_processes(kind: str, on_cpu: bool) -> Iterator[Processes]:
    """This process among those of the launcher, or alone. ``kind``: ``ddp`` or ``fsdp``.

    Raises UsageError for another kind.
    """
    if kind not in KINDS:
        raise UsageError(f"loop.distributed={kind!r}: {suggest(kind, list(KINDS))}")
    sharded = os.environ.pop("ACCELERATE_USE_FSDP", "").lower() == "true" or kind == "fsdp"
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Processes()
        return
    from accelerate import Accelerator
    from accelerate.utils import DistributedDataParallelKwargs, InitProcessGroupKwargs

    handlers = [DistributedDataParallelKwargs(broadcast_buffers=False), InitProcessGroupKwargs(timeout=PATIENCE)]
    accelerator = Accelerator(mixed_precision="no", cpu=on_cpu, kwargs_handlers=handlers)  # type: ignore[arg-type]
    with ExitStack() as stack:
        spare = None
        if not accelerator.is_main_process:
            spare = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ocr-process-")))
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        yield Processes(accelerator, sharded, spare)
        accelerator.end_training()


def learning_norms(pipeline: nn.Module) -> list[Any]:
    """The batch normalisation layers whose statistics a forward pass may move."""
    norms = (module for module in pipeline.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm))
    return [norm for norm in norms if norm.training and norm.running_mean is not None]


def statistics_of(layer: Any) -> tuple[Tensor, Tensor]:
    return layer.running_mean, layer.running_var


@torch.no_grad()
def blend_statistics(layer: Any, before: list[Tensor], rank: int, count: int) -> None:
    """Each process moved the same statistics ``s`` by its batch's own ``b`` to ``k s + m b``, with ``k = 1 - m``.

    In turn they would come to ``k^N s`` plus ``k^(N - 1 - rank) m b`` of every rank, which is one sum over processes.
    """
    kept = 1 - layer.momentum
    for after, old in zip(statistics_of(layer), before, strict=True):
        after.sub_(kept * old).mul_(kept ** (count - 1 - rank))
        torch.distributed.all_reduce(after)
        after.add_(kept**count * old)
    layer.num_batches_tracked += count - 1


def whole(tensor: Tensor) -> Tensor:
    """A tensor out of its shards."""
    full = getattr(tensor, "full_tensor", None)
    return tensor if full is None else full()


def fill(target: Tensor, value: Tensor) -> None:
    """Copy ``value`` into ``target``, in place, whether that is in shards or not."""
    with torch.no_grad():
        target.copy_(in_shards_like(target, value.to(target.device)))


def in_shards_like(target: Tensor, value: Tensor) -> Tensor:
    """``value``, in shards as ``target`` is."""
    if not hasattr(target, "full_tensor"):
        return value
    from torch.distributed.tensor import distribute_tensor

    like: Any = target
    return distribute_tensor(value, like.device_mesh, like.placements)
