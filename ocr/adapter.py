"""What can be done with an adapter folder besides reading with it: fold it into its model, say what it is."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path

from ocr.errors import ModelError, UsageError
from ocr.models.adapter_folder import ADAPTER_WEIGHTS, load_adapted, read_adapter_info
from ocr.models.weights import read_model_config
from ocr.pipeline import find_base


def merge(adapter: Path, output: Path, model: str | None = None) -> dict[str, float]:
    """Write the adapter's model with the adapter folded in as a model folder, with ONNX files for the light install.

    ``model`` names the adapter's model if it is no longer where it was. Returns the largest difference between torch
    and ONNX Runtime for each network, in logits. Raises ModelError if the model is not the adapter's, UsageError if
    ``output`` is the adapter's own folder.
    """
    from ocr.export import export_pipeline

    if output.resolve() == adapter.resolve():
        raise UsageError(f"--output {output} is the adapter itself; give another folder for the model")
    pipeline = load_adapted(adapter, find_base(adapter, model))
    return export_pipeline(pipeline, read_model_config(adapter)["pipeline"], output)


def describe(adapter: Path) -> dict[str, str]:
    """What the adapter belongs to and how large it is. Raises ModelError if it is damaged."""
    from safetensors import SafetensorError, safe_open

    info, path = read_adapter_info(adapter), adapter / ADAPTER_WEIGHTS
    try:
        with safe_open(path, "numpy") as file:
            parameters = sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise ModelError(f"cannot read {path}: {error}; train the adapter again") from error
    return {
        "pipeline": str(read_model_config(adapter)["pipeline"]),
        "model": info.base,
        "weights": info.fingerprint,
        "rank": str(info.rank),
        "alpha": f"{info.alpha:g}",
        "targets": ", ".join(alike(info.targets)),
        "in full": ", ".join(info.full) or "nothing",
        "parameters": f"{parameters:,}",
        "bytes": f"{sum(file.stat().st_size for file in adapter.iterdir() if file.is_file()):,}",
    }


def alike(layers: Iterable[str]) -> list[str]:
    """Names of layers that differ by the number of their block alone as one: ``blocks.0-5.mlp.fc1``."""
    numbers: dict[str, list[int]] = {}
    for layer in layers:
        number = re.search(r"(?<=blocks\.)\d+", layer)
        pattern = layer[: number.start()] + "*" + layer[number.end() :] if number else layer
        numbers.setdefault(pattern, []).extend([int(number[0])] if number else [])
    return [pattern.replace("*", spans(found)) for pattern, found in numbers.items()]


def spans(numbers: Iterable[int]) -> str:
    """Numbers with runs drawn together: ``0-5,7``."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][-1] == number - 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ",".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)
