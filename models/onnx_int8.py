"""ONNX files in int8, for every pipeline: weights and activations of linear layers and convolutions in 8 bits.

Post-training quantization by ONNX Runtime (arXiv 1712.05877): weights symmetric with a scale for each output channel,
activations with one scale a tensor, from the smallest to the largest value that calibration saw (static) or that the
tensor has when it is read (dynamic, linear layers alone). Products of activations with each other stay in fp32.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr.errors import ModelError
from ocr.models.file_hashes import save_hash
from ocr.models.onnx_file import store_as_half, store_as_single

LAYERS = {"MatMul", "Gemm", "Conv"}
LINEAR = ("MatMul", "Gemm")

STAY = {
    "recognizer": ("*Conv",),
    "detector": ("*Conv",),
    "spotter": ("*positions*", "*maps*"),
    "names": (),
    "context": (),
}
"""What stays in fp32 unless told otherwise: it costs more than it wins (scripts/LOG.md, 21 and 23 November 2026)."""

BETWEEN = {"Relu": 1, "Add": 2, "Resize": 1}
"""What is computed in 8 bits where all that goes into it is, and how many inputs of it are activations."""


def quantize_file(path: Path, inputs: Sequence[NDArray[np.float32]] | None, excluded: Sequence[str]) -> tuple[int, int]:
    """Replace an ONNX file of ours by its int8 version.

    Args:
        path: The file; its input is called ``images``.
        inputs: What the network is given in reading: activations are calibrated on it. None: dynamic quantization.
        excluded: Patterns (``*/Conv``) of the names of layers that stay in fp32.

    Returns:
        How many layers are in int8, and how many could be.

    Raises:
        ModelError: The file holds no layer to quantize, or there is nothing to calibrate on.
    """
    import onnx

    if inputs is not None and not inputs:
        raise ModelError(f"{path.name} was never run on the calibration pages; give pages with text")
    with tempfile.TemporaryDirectory() as folder:
        plain, prepared, result = (Path(folder) / f"{name}.onnx" for name in ("plain", "prepared", "result"))
        shutil.copyfile(path, plain)
        store_as_single(plain)
        prepare(plain, prepared)
        layers = quantizable(onnx.load(prepared), dynamic=inputs is None)
        if not layers:
            raise ModelError(f"{path} has no layer that could be in int8; is it quantized already?")
        left = [name for name in layers if stays(name, excluded)]
        chosen = [name for name in layers if name not in left]
        write_int8(prepared, result, inputs, chosen + between(onnx.load(prepared), chosen))
        store_as_half(result)
        shutil.copyfile(result, path)
        save_hash(path)
    return len(layers) - len(left), len(layers)


def prepare(source: Path, target: Path) -> None:
    """ONNX Runtime's own preparation: constants folded, batch norms taken into convolutions, shapes told."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    quant_pre_process(str(source), str(target), skip_symbolic_shape=True)


def quantizable(model: Any, *, dynamic: bool) -> list[str]:
    """Names of the layers with constant weights; a product of two activations is none."""
    constants = {tensor.name for tensor in model.graph.initializer}
    kinds = set(LINEAR) if dynamic else LAYERS
    return [node.name for node in model.graph.node if node.op_type in kinds and node.input[1] in constants]


def between(model: Any, layers: Sequence[str]) -> list[str]:
    """Names of what stands between convolutions of these layers: ReLUs, sums, enlargements.

    Quantized with them, a ReLU is what rounding does anyway, no step is spent on what it cuts off, and sums need not go
    to fp32 and back.
    """
    rounded = {
        out for node in model.graph.node if node.op_type == "Conv" and node.name in layers for out in node.output
    }
    found = []
    for node in model.graph.node:  # in the order of computing
        count = BETWEEN.get(node.op_type, 0)
        if count and all(name in rounded for name in node.input[:count]):
            rounded.update(node.output)
            found.append(node.name)
    return found


def stays(name: str, excluded: Sequence[str]) -> bool:
    """Whether a layer of this name is to stay in fp32."""
    return any(fnmatchcase(name, pattern) for pattern in excluded)


def write_int8(source: Path, target: Path, inputs: Sequence[NDArray[np.float32]] | None, layers: Sequence[str]) -> None:
    """Quantize these layers.

    Weights take 7 of the 8 bits: without VNNI, processors add pairs of products in 16 bits, which overflow with all 8.
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_dynamic, quantize_static

    logging.getLogger().setLevel(logging.ERROR)  # it warns of what prepare() has done
    if inputs is None:
        parted = [f"{name}_MatMul" for name in layers]  # a Gemm becomes a MatMul and a sum first
        quantize_dynamic(
            str(source), str(target), op_types_to_quantize=list(LINEAR), per_channel=True, reduce_range=True,
            weight_type=QuantType.QInt8, nodes_to_quantize=[*layers, *parted],
        )  # fmt: skip
        return
    # a linear layer's sum goes on in fp32: what follows (bias, norm, softmax) computes in fp32
    options = {"MatMulConstBOnly": True, "OpTypesToExcludeOutputQuantization": list(LINEAR)}
    quantize_static(
        str(source), str(target), calibration_reader(inputs), quant_format=QuantFormat.QDQ,
        op_types_to_quantize=[*sorted(LAYERS), *BETWEEN], per_channel=True, reduce_range=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, nodes_to_quantize=list(layers),
        extra_options=options,
    )  # fmt: skip


def calibration_reader(inputs: Sequence[NDArray[np.float32]]) -> Any:
    """ONNX Runtime's interface to calibration data."""
    from onnxruntime.quantization import CalibrationDataReader

    class Inputs(CalibrationDataReader):
        def __init__(self) -> None:
            self.left: Iterator[NDArray[np.float32]] = iter(inputs)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            images = next(self.left, None)
            return None if images is None else {"images": images}

    return Inputs()
