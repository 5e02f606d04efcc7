"""The spotter as ONNX files with dynamic height and width, which find and name characters; one page at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ocr.errors import ModelError
from ocr.models.end2end.line_context import SHAPES
from ocr.models.end2end.onnx_reader import OnnxContext, OnnxSpotter
from ocr.models.end2end.pipeline import ContextRunner, End2End
from ocr.models.end2end.reading_config import SpotConfig
from ocr.models.end2end.spotter import Spotter
from ocr.models.end2end.spotter_decode import Answers, Network
from ocr.models.onnx_file import write_onnx
from ocr.models.weights import load_pipeline

TOLERANCE = 3e-2
"""Largest difference of a map or class probability between torch and ONNX Runtime, both fp32."""


class Spotting(nn.Module):
    """The spotter as it looks: from images to the cells that may stand for characters, and features, channels last: so
    convolutions in 8 bits leave them and naming reads them, and to turn them round takes time."""

    def __init__(self, spotter: Spotter, config: SpotConfig) -> None:
        super().__init__()
        self.spotter, self.config = spotter, config

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        cells, maps, fine, coarse = self.spotter.spot(images, self.config.least, self.config.peak)
        return cells, maps, fine.permute(0, 2, 3, 1), coarse.permute(0, 2, 3, 1)


class Naming(nn.Module):
    """The spotter as it names: from features and cells to class probabilities, and features of characters."""

    def __init__(self, spotter: Spotter) -> None:
        super().__init__()
        self.spotter = spotter

    def forward(self, fine: Tensor, coarse: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
        return self.spotter.named(fine.permute(0, 3, 1, 2), coarse.permute(0, 3, 1, 2), cells)


class Rereading(nn.Module):
    """The look along lines as it reads: from features and shapes to probabilities."""

    def __init__(self, spotter: Spotter) -> None:
        super().__init__()
        self.spotter = spotter

    def forward(self, features: Tensor, shapes: Tensor) -> tuple[Tensor, Tensor]:
        symbols, links = self.spotter.reconsider(features, shapes)
        return torch.softmax(symbols, dim=-1), torch.softmax(links, dim=-1)


def export_networks(folder: Path) -> dict[str, float]:
    """Write ``spotter.onnx``, ``names.onnx`` and, if there is a context, ``context.onnx`` beside a model's weights.

    Returns the largest difference from torch. Raises ModelError if it exceeds the tolerance.
    """
    pipeline: End2End = load_pipeline(folder)
    pipeline.eval()
    rng = np.random.default_rng(0)
    path, names = folder / "spotter.onnx", folder / "names.onnx"
    inputs = [rng.uniform(0, 255, (1, 1, *shape)).astype(np.float32) for shape in ((256, 320), (416, 224))]
    dense = {"fine": {1: "rows", 2: "columns"}, "coarse": {1: "half_rows", 2: "half_columns"}}
    dynamic = {"images": {2: "height", 3: "width"}, "cells": {0: "spots"}, "maps": {0: "spots"}} | dense
    spotting = Spotting(pipeline.spotter, pipeline.config.spot)
    write_onnx(spotting, {"images": inputs[0]}, ["cells", "maps", "fine", "coarse"], dynamic, path)
    example = example_features(pipeline.spotter, inputs[0])
    outputs = ["probabilities", "features"]
    dynamic = {name: {0: "spots"} for name in ("cells", *outputs)} | dense
    write_onnx(Naming(pipeline.spotter), example, outputs, dynamic, names)
    differences = {"spotter": largest_difference(pipeline.runner(), OnnxSpotter(path, names), inputs)}
    if pipeline.spotter.context is not None:
        differences["context"] = export_context(pipeline.spotter, folder / "context.onnx", rng)
    return differences


def export_context(spotter: Spotter, path: Path, rng: np.random.Generator) -> float:
    """Write the look along lines; the largest difference of a probability. Raises ModelError as above."""
    examples = [example_lines(spotter, rng, *shape) for shape in ((3, 9), (2, 30))]
    axes = {0: "lines", 1: "characters"}
    dynamic = {name: axes for name in ("features", "shapes", "symbols", "links")}
    inputs = dict(zip(("features", "shapes"), examples[0], strict=True))
    write_onnx(Rereading(spotter), inputs, ["symbols", "links"], dynamic, path)
    own, exported = ContextRunner(spotter), OnnxContext(path)
    pairs = [pair for lines in examples for pair in zip(own(*lines), exported(*lines), strict=True)]
    return checked(float(np.max([np.abs(first - second).max() for first, second in pairs])), "look along lines")


@torch.no_grad()
def example_features(spotter: Spotter, images: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Features of images as :class:`Naming` takes them, and three cells."""
    features = spotter.eval().features(torch.from_numpy(images))
    fine, coarse = (tensor.permute(0, 2, 3, 1).contiguous().numpy() for tensor in features)
    return {"fine": fine, "coarse": coarse, "cells": np.array([(0, 0, 0), (0, 3, 5), (0, 7, 2)])}


def everything(images: NDArray[np.float32], network: Network) -> Answers:
    """The network's answers at all cells."""
    cells, maps, name = network(images)
    return cells, maps, *name(np.arange(len(cells)))


def example_lines(
    spotter: Spotter, rng: np.random.Generator, lines: int, characters: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features and shapes of lines of print, the last of them half as long as the others."""
    features = rng.normal(0, 1, (lines, characters, spotter.classify.in_features))
    shapes = np.zeros((lines, characters, SHAPES))
    shapes[..., 0] = 10 * np.arange(characters)
    shapes[..., 2:4] = rng.uniform(8, 24, (lines, characters, 2))
    shapes[..., 4:7] = rng.dirichlet(np.ones(3), (lines, characters))
    shapes[..., 7] = rng.uniform(0.3, 1, (lines, characters))
    shapes[-1, characters // 2 :] = 0
    return features.astype(np.float32), shapes.astype(np.float32)


def largest_difference(torch_network: Network, onnx_network: Network, inputs: list[NDArray[np.float32]]) -> float:
    """Over the cells that both name; a cell at the very edge of a threshold may be named by one alone."""
    worst = [0.0]
    for images in inputs:
        (own, *own_values, _), (other, *other_values, _) = (
            everything(images, network) for network in (torch_network, onnx_network)
        )
        index = {tuple(cell): i for i, cell in enumerate(other.tolist())}
        both = [i for i, cell in enumerate(own.tolist()) if tuple(cell) in index]
        if len(both) < 0.98 * max(len(own), len(other)) - 1:
            raise ModelError(f"the exported spotter names {len(other)} cells, the trained one {len(own)}")
        same = [index[tuple(cell)] for cell in own[both].tolist()]
        for mine, exported in zip(own_values, other_values, strict=True):
            worst.append(float(np.abs(mine[both] - exported[same]).max(initial=0)))
    return checked(float(np.max(worst)), "spotter")


def checked(worst: float, part: str) -> float:
    """The difference itself. Raises ModelError if it exceeds the tolerance."""
    if not worst <= TOLERANCE:
        raise ModelError(f"the exported {part} differs from the trained one by {worst:.3g}, more than {TOLERANCE:g}")
    return worst
