"""Both networks of the two-stage pipeline as ONNX files with dynamic batch, height and width."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ocr.errors import ModelError
from ocr.models.two_stage.onnx_reader import OnnxNetwork
from ocr.models.two_stage.pipeline import TwoStage
from ocr.models.two_stage.recognise import Network
from ocr.models.weights import load_pipeline

OPSET = 17
LARGE = 256
"""Constants with at least so many numbers are stored in fp16."""

TOLERANCE = 2e-2
"""Largest difference of a logit between torch and ONNX Runtime, both fp32."""


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
        write_onnx(pipeline.get_submodule(part), inputs[0], dynamic, path)
        store_as_half(path)
        differences[part] = largest_difference(pipeline.runner(part), OnnxNetwork(path), inputs, part)
    return differences


def write_onnx(network: torch.nn.Module, example: NDArray[np.float32], dynamic: dict[int, str], path: Path) -> None:
    """Trace the network on one example. The exporter's own chatter is kept off stderr."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(), (torch.from_numpy(example),), str(path), input_names=["images"], output_names=["logits"],
            dynamic_axes={"images": dynamic}, opset_version=OPSET, dynamo=False,
        )  # fmt: skip


def largest_difference(
    torch_network: Network, onnx_network: Network, inputs: list[NDArray[np.float32]], part: str
) -> float:
    """Raises ModelError if the networks differ by more than the tolerance on any input."""
    worst = max(float(np.abs(torch_network(x) - onnx_network(x)).max()) for x in inputs)
    if not worst <= TOLERANCE:
        raise ModelError(f"the exported {part} differs from the trained one by {worst:.3g}, more than {TOLERANCE:g}")
    return worst


def store_as_half(path: Path) -> None:
    """Keep the network's large constants in fp16 with a cast to fp32 behind each, which halves the file.

    ONNX Runtime folds the casts when it loads the file and computes in fp32. The weights are fp16 already; what the
    exporter has multiplied together (convolutions and their batch norms) is rounded once more.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= LARGE:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + "_half"))
            casts.append(onnx.helper.make_node("Cast", [name + "_half"], [name], to=onnx.TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    onnx.save(model, path)
