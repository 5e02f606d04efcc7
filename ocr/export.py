"""ONNX export of a model folder, with a parity check against torch."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ocr.errors import ModelError, UsageError
from ocr.models.adapter_folder import refuse_adapter
from ocr.models.registry import TRAINED
from ocr.models.schema import suggest
from ocr.models.trainable import Pipeline
from ocr.models.weights import load_pipeline, read_model_config, save_model

CARD = "card.md"


def export(folder: Path, output: Path, parts: Mapping[str, Path] | None = None) -> dict[str, float]:
    """Write ``output`` as a model folder that the light install reads; ``folder`` holds safetensors weights.

    ``parts`` names model folders that single parts are taken from, for parts that were trained apart. Returns the
    largest difference between torch and ONNX Runtime for each network, in logits. Raises ModelError if the exported
    network does not do what the trained one does or parts do not fit, UsageError for an unknown part.
    """
    refuse_adapter(folder)
    pipeline = load_pipeline(folder)
    for part, other in (parts or {}).items():
        replace_part(pipeline, part, other)
    differences = export_pipeline(pipeline, read_model_config(folder)["pipeline"], output)
    if (folder / CARD).is_file() and not parts and not (output / CARD).exists():  # with other parts it tells but half
        shutil.copyfile(folder / CARD, output / CARD)
    return differences


def export_pipeline(pipeline: Pipeline, name: str, output: Path) -> dict[str, float]:
    """Write the pipeline of that name as a model folder with ONNX files, see :func:`export`."""
    save_model(output, name, pipeline.config, pipeline.alphabet, pipeline.state_dict())
    differences: dict[str, float] = importlib.import_module(f"{TRAINED[name]}.onnx_export").export_networks(output)
    return differences


def replace_part(pipeline: Pipeline, part: str, folder: Path) -> None:
    """Give the pipeline a part of another model folder, of whatever size (a student's, a pruned one's).

    Raises UsageError for an unknown part, ModelError for another alphabet or pipeline.
    """
    if part not in pipeline.parts:
        raise UsageError(f"part {part!r}: {suggest(part, list(pipeline.parts))}")
    other = load_pipeline(folder)
    if type(other) is not type(pipeline) or other.alphabet != pipeline.alphabet:
        raise ModelError(f"the {part} of {folder} has another alphabet or pipeline; export models of one alphabet")
    pipeline.config = replace(pipeline.config, **{part: getattr(other.config, part)})
    setattr(pipeline, part, other.get_submodule(part))
