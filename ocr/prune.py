"""``ocr compress prune``: a trained model with fewer blocks, heads, hidden channels and narrower convolutions, by what
matters on data."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from ocr.data.config import DataConfig
from ocr.data.stock import stock_folder
from ocr.errors import UsageError
from ocr.export import export_pipeline
from ocr.models.factor import factored_state
from ocr.models.importance import block_importance, mean_loss
from ocr.models.prune import check_factorable, check_prunable, kept_heads, kept_hidden, narrowed, without_block
from ocr.models.registry import PIPELINES
from ocr.models.schema import suggest
from ocr.models.trainable import Batch, Pipeline
from ocr.models.weights import load_pipeline, read_model_config

BATCHES = 8
"""Batches over which importance is measured."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """A part before and after: parameters, and the loss over the same batches. ``blocks`` tells which went."""

    parameters: tuple[int, int]
    loss: tuple[float, float]
    blocks: tuple[int, ...]


def prune(
    folder: Path, output: Path, *, parts: Sequence[str] = (), heads: float = 0.0, mlp: float = 0.0, blocks: int = 0,
    rank: float = 1.0, stem_rank: float = 1.0, data: Sequence[Path] = (),
) -> dict[str, Pruned]:  # fmt: skip
    """Write ``output`` as a smaller model folder with ONNX files.

    ``heads`` and ``mlp`` are the shares of the heads and of the MLPs' hidden channels that go, ``blocks`` how many
    blocks; of every part, or of those named. ``rank`` is the share of their channels that convolutions keep, of parts
    that can have them in factors, and ``stem_rank`` that of those in the stem, where less loses least.
    Importance is measured on labelled sets (``data``), else on the stock set.
    Raises UsageError for shares out of range, unknown parts and parts on a pretrained backbone.
    """
    least = min(rank, stem_rank)
    if not (0 <= heads < 1 and 0 <= mlp < 1 and 0 < least <= 1) or not (heads or mlp or blocks or least < 1):
        raise UsageError(
            "give --heads and --mlp as shares from 0 to below 1, or a number of --blocks, that shall go, "
            "or as --rank or --stem-rank the share of channels, above 0 and below 1, that stays"
        )
    if output.resolve() == folder.resolve():
        raise UsageError(f"--output {output} is the model itself; give another folder for the smaller one")
    pipeline: Pipeline = load_pipeline(folder)
    unknown = [part for part in parts if part not in pipeline.parts]
    if unknown:
        raise UsageError(f"--part {unknown[0]}: {suggest(unknown[0], list(pipeline.parts))}")
    chosen = parts or pipeline.parts
    for part in chosen:
        check_prunable(pipeline.config, part, blocks)
        check_factorable(pipeline.config, part, least)
    name, found = str(read_model_config(folder)["pipeline"]), {}
    for part in chosen:
        batches = measured_batches(pipeline, part, data)
        before, size = mean_loss(pipeline, batches), parameters(pipeline, part)
        pipeline, gone = shorten(pipeline, name, part, batches, blocks)
        pipeline = narrow(pipeline, name, part, batches, heads, mlp)
        pipeline = factor(pipeline, name, part, batches, (rank, stem_rank))
        sizes = size, parameters(pipeline, part)
        found[part] = Pruned(sizes, (before, mean_loss(pipeline, batches)), gone)
    export_pipeline(pipeline, name, output)
    return found


def shorten(
    pipeline: Pipeline, name: str, part: str, batches: Sequence[Batch], blocks: int
) -> tuple[Pipeline, tuple[int, ...]]:
    """The pipeline without so many blocks, each time the one whose loss is missed least; and which they were."""
    left = list(range(getattr(pipeline.config, part).depth))
    gone = []
    for _ in range(blocks):
        shorter = [build(name, pipeline, *without_block(pipeline.state_dict(), pipeline.config, part, number))
                   for number in range(len(left))]  # fmt: skip
        losses = [mean_loss(candidate, batches) for candidate in shorter]
        listed = ", ".join(f"{block} {loss:.3g}" for block, loss in zip(left, losses, strict=True))
        print(f"{part}: loss without block {listed}", file=sys.stderr)  # noqa: T201
        best = losses.index(min(losses))
        pipeline = shorter[best]
        gone.append(left.pop(best))
    return pipeline, tuple(gone)


def narrow(pipeline: Pipeline, name: str, part: str, batches: Sequence[Batch], heads: float, mlp: float) -> Pipeline:
    """The pipeline without these shares of heads and hidden channels."""
    if not heads and not mlp:
        return pipeline
    importance = block_importance(pipeline, part, batches)
    counts = kept_heads(len(importance[0].heads), heads), kept_hidden(len(importance[0].hidden), mlp)
    return build(name, pipeline, *narrowed(pipeline.state_dict(), pipeline.config, part, importance, *counts))


def factor(pipeline: Pipeline, name: str, part: str, batches: Sequence[Batch], ranks: tuple[float, float]) -> Pipeline:
    """The pipeline with these shares of the channels in its convolutions, and in those of the stem."""
    if min(ranks) == 1:
        return pipeline
    section = replace(getattr(pipeline.config, part), rank=ranks[0], stem_rank=ranks[1])
    config = replace(pipeline.config, **{part: section})
    empty: Pipeline = importlib.import_module(PIPELINES[name]).build(config, pipeline.alphabet)
    return build(name, pipeline, factored_state(pipeline, empty, batches), config)


def build(name: str, pipeline: Pipeline, state: dict[str, Any], config: Any) -> Pipeline:
    """A pipeline of this configuration with these tensors."""
    new: Pipeline = importlib.import_module(PIPELINES[name]).build(config, pipeline.alphabet)
    new.load_state_dict(state)
    return new.eval()


def measured_batches(pipeline: Pipeline, part: str, sets: Sequence[Path]) -> list[Batch]:
    """A few batches of the sets with stock data between them, or of the stock set alone."""
    trained, replay = tuple(map(str, sets)) or (str(stock_folder() / "pages"),), 0.4 if sets else 0.8
    data = DataConfig(train=trained, held_out=0.0, replay=replay, workers=0, page_crops=2)
    return list(islice(pipeline.batches([part], data, seed=0), BATCHES))


def parameters(pipeline: Pipeline, part: str) -> int:
    return sum(parameter.numel() for parameter in pipeline.get_submodule(part).parameters())
