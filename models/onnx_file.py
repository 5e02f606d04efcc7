"""Writing ONNX files, for every pipeline: trace a network, keep large constants in fp16, note the file's hash."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ocr.models.file_hashes import save_hash

OPSET = 17
LARGE = 256
"""Constants with at least so many numbers are stored in fp16."""


def write_onnx(
    network: torch.nn.Module,
    example: Mapping[str, NDArray[Any]],
    outputs: Sequence[str],
    dynamic: dict[str, dict[int, str]],
    path: Path,
) -> None:
    """Trace the network on one example of its inputs, by name. The exporter's own chatter is kept off stderr."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(), tuple(torch.from_numpy(array) for array in example.values()), str(path),
            input_names=list(example), output_names=list(outputs), dynamic_axes=dynamic, opset_version=OPSET,
            dynamo=False,
        )  # fmt: skip
    store_as_half(path)
    save_hash(path)


def store_as_half(path: Path) -> None:
    """Keep the network's large constants in fp16 with a cast to fp32 behind each, which halves the file.

    ONNX Runtime folds the casts when it loads the file and computes in fp32. The weights are fp16 already; what the
    exporter has multiplied together (convolutions and their batch norms) is rounded once more. Scales of quantized
    layers stay in fp32.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    casts = []
    scales = {node.input[1] for node in model.graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")}
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= LARGE and tensor.name not in scales:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + "_half"))
            casts.append(onnx.helper.make_node("Cast", [name + "_half"], [name], to=onnx.TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    onnx.save(model, path)


def store_as_single(path: Path) -> None:
    """The inverse of :func:`store_as_half`: constants in fp32, without casts, as tools for ONNX files expect them."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    casts = [node for node in model.graph.node if node.op_type == "Cast" and node.input[0] in constants]
    for cast in casts:
        tensor = constants[cast.input[0]]
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float16:
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float32), cast.output[0]))
            model.graph.node.remove(cast)
    onnx.save(model, path)
