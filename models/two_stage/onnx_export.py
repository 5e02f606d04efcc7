"""Both networks of the two-stage pipeline as ONNX files with dynamic batch, height and width."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr.errors import ModelError
from ocr.models.onnx_file import write_onnx
from ocr.models.two_stage.onnx_reader import OnnxNetwork
from ocr.models.two_stage.pipeline import TwoStage
from ocr.models.two_stage.recognise import Network
from ocr.models.weights import load_pipeline

TOLERANCE = 2e-2
"""Largest difference of a logit between torch and ONNX Runtime, both fp32;"""

RELATIVE = 2e-3
"""or, where logits are large, as a share of the largest: constants of the file are stored in fp16."""


def export_networks(folder: Path) -> dict[str, float]:
    """Write ``detector.onnx`` and ``recognizer.onnx`` beside the weights of a model folder.

    Returns the largest difference in logits of each network. Raises ModelError if one exceeds the tolerance.
    """
    pipeline: TwoStage = load_pipeline(folder)
    pipeline.eval()
    height = pipeline.config.recognizer.height
    rng = np.random.default_rng(0)
    axes = {
        "recognizer": {0: "lines", 3: "width"},
        "detector": {0: "pages", 2: "height", 3: "width"},
    }
    shapes = {
        "recognizer": [(2, 1, height, 192), (1, 1, height, 704)],
        "detector": [(1, 1, 256, 320), (1, 1, 416, 224)],
    }
    differences = {}
    for part, dynamic in axes.items():
        path = folder / f"{part}.onnx"
        inputs = [rng.uniform(0, 255, shape).astype(np.float32) for shape in shapes[part]]
        write_onnx(pipeline.get_submodule(part), {"images": inputs[0]}, ["logits"], {"images": dynamic}, path)
        differences[part] = largest_difference(pipeline.runner(part), OnnxNetwork(path), inputs, part)
    return differences


def largest_difference(
    torch_network: Network, onnx_network: Network, inputs: list[NDArray[np.float32]], part: str
) -> float:
    """Raises ModelError if the networks differ by more than the tolerance on any input."""
    answers = [torch_network(x) for x in inputs]
    worst = float(np.max([np.abs(y - onnx_network(x)).max() for x, y in zip(inputs, answers, strict=True)]))
    allowed = max(TOLERANCE, RELATIVE * max(float(np.abs(y).max()) for y in answers))
    if not worst <= allowed:
        raise ModelError(f"the exported {part} differs from the trained one by {worst:.3g}, more than {allowed:.2g}")
    return worst
