"""The spotter as an ONNX file with dynamic height and width; it answers for one page at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ocr.errors import ModelError
from ocr.models.end2end.onnx_reader import OnnxSpotter
from ocr.models.end2end.pipeline import End2End, SpotterRunner
from ocr.models.end2end.reading_config import SpotConfig
from ocr.models.end2end.spotter import Spotter
from ocr.models.onnx_file import write_onnx
from ocr.models.weights import load_pipeline

TOLERANCE = 3e-2
"""Largest difference of a map or class probability between torch and ONNX Runtime, both fp32."""


class Spotting(nn.Module):
    """The spotter as it reads: from images to the cells that may stand for characters."""

    def __init__(self, spotter: Spotter, config: SpotConfig) -> None:
        super().__init__()
        self.spotter, self.config = spotter, config

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.spotter.spot(images, self.config.presence, self.config.peak)


def export_networks(folder: Path) -> dict[str, float]:
    """Write ``spotter.onnx`` beside the weights of a model folder.

    Returns the largest difference from torch. Raises ModelError if it exceeds the tolerance.
    """
    pipeline: End2End = load_pipeline(folder)
    pipeline.eval()
    path = folder / "spotter.onnx"
    rng = np.random.default_rng(0)
    inputs = [rng.uniform(0, 255, (1, 1, *shape)).astype(np.float32) for shape in ((256, 320), (416, 224))]
    dynamic = {"images": {2: "height", 3: "width"}} | {n: {0: "spots"} for n in ("cells", "maps", "probabilities")}
    spotting = Spotting(pipeline.spotter, pipeline.config.spot)
    write_onnx(spotting, inputs[0], ["cells", "maps", "probabilities"], dynamic, path)
    return {"spotter": largest_difference(pipeline.runner(), OnnxSpotter(path), inputs)}


def largest_difference(
    torch_network: SpotterRunner, onnx_network: OnnxSpotter, inputs: list[NDArray[np.float32]]
) -> float:
    """Over the cells that both name; a cell at the very edge of a threshold may be named by one alone."""
    worst = 0.0
    for images in inputs:
        (own, *own_values), (other, *other_values) = torch_network(images), onnx_network(images)
        index = {tuple(cell): i for i, cell in enumerate(other.tolist())}
        pairs = [(i, index[tuple(cell)]) for i, cell in enumerate(own.tolist()) if tuple(cell) in index]
        if len(pairs) < 0.98 * max(len(own), len(other)) - 1:
            raise ModelError(f"the exported spotter names {len(other)} cells, the trained one {len(own)}")
        for mine, exported in zip(own_values, other_values, strict=True):
            worst = max([worst, *(float(np.abs(mine[i] - exported[j]).max()) for i, j in pairs)])
    if not worst <= TOLERANCE:
        raise ModelError(f"the exported spotter differs from the trained one by {worst:.3g}, more than {TOLERANCE:g}")
    return worst
