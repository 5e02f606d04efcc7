"""ONNX export of a model folder, with a parity check against torch."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path

from ocr.errors import ModelError, UsageError
from ocr.models.registry import PIPELINES
from ocr.models.weights import ALPHABET, CONFIG, WEIGHTS, read_model_config

QUANTIZATION = ("none", "int8")


def export(folder: Path, output: Path, quantize: str = "int8") -> dict[str, float]:
    """Write ``output`` as a model folder that the light install reads; ``folder`` holds safetensors weights.

    Returns the largest difference between torch and ONNX Runtime for each network, in logits. Raises ModelError if the
    exported network does not do what the trained one does, UsageError for an unknown quantization.
    """
    if quantize not in QUANTIZATION:
        raise UsageError(f"quantize={quantize!r} must be one of {', '.join(QUANTIZATION)}")
    name = read_model_config(folder)["pipeline"]
    if name not in PIPELINES:
        raise ModelError(f"{folder}: pipeline {name!r} is unknown to this version; known are {', '.join(PIPELINES)}")
    output.mkdir(parents=True, exist_ok=True)
    if folder.resolve() != output.resolve():
        for file in (CONFIG, ALPHABET, WEIGHTS):
            shutil.copyfile(folder / file, output / file)
    differences: dict[str, float] = importlib.import_module(f"{PIPELINES[name]}.onnx_export").export_networks(
        folder, output, quantize == "int8"
    )
    return differences
