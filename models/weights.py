"""Model folders: ``config.yaml``, ``alphabet.txt`` and ``weights.safetensors`` (fp16); nothing is ever unpickled."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ocr.errors import ModelError, UsageError
from ocr.models.codec import Alphabet
from ocr.models.schema import from_plain, to_plain
from ocr.models.tensor_file import load_tensors, save_tensors

CONFIG, ALPHABET, WEIGHTS = "config.yaml", "alphabet.txt", "weights.safetensors"

TRAINING_ONLY = "distillation"
"""Sub-module of a pipeline that training alone needs; no model folder holds its tensors."""


def read_model_config(folder: Path) -> dict[str, Any]:
    """``{"pipeline": name, "model": {...}}``. Raises ModelError if the file is missing or damaged."""
    try:
        data = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ModelError(
            f"{folder} is no model folder: cannot read {CONFIG} ({' '.join(str(error).split())}); give one that "
            "ocr train or ocr export left, such as runs/train/best"
        ) from error
    if not isinstance(data, dict) or "pipeline" not in data:
        raise ModelError(f"{folder / CONFIG} does not name its pipeline; export the model again with ocr export")
    return data


def model_config(folder: Path, kind: type[Any]) -> Any:
    """The pipeline's configuration dataclass as stored in the folder."""
    try:
        return from_plain(kind, read_model_config(folder).get("model") or {}, "model")
    except UsageError as error:
        raise ModelError(f"{folder / CONFIG}: {error}") from error


def save_model(folder: Path, pipeline_name: str, config: Any, alphabet: Alphabet, state: Mapping[str, Any]) -> None:
    """Write a model folder; ``state`` maps tensor names to torch tensors, stored in fp16."""
    save_config(folder, pipeline_name, config, alphabet)
    kept = {name: tensor for name, tensor in state.items() if not name.startswith(f"{TRAINING_ONLY}.")}
    save_tensors({name: t.half() if t.is_floating_point() else t for name, t in kept.items()}, folder / WEIGHTS)


def save_config(folder: Path, pipeline_name: str, config: Any, alphabet: Alphabet) -> None:
    """Write ``config.yaml`` and ``alphabet.txt``.

    Of the configuration, what the weights depend on is written, and what differs from the defaults.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plain, defaults = to_plain(config), to_plain(type(config)())
    kept = {
        name: values for name, values in plain.items() if name in config.bound_to_weights or values != defaults[name]
    }
    text = yaml.safe_dump({"pipeline": pipeline_name, "model": kept}, sort_keys=False, allow_unicode=True)
    (folder / CONFIG).write_text(text, encoding="utf-8")
    alphabet.save(folder / ALPHABET)


def load_pipeline(folder: Path) -> Any:
    """The trainable pipeline of a model folder with its weights (fp32). Raises ModelError if anything does not fit."""
    pipeline = build_stored(folder)
    load_state(pipeline, folder / WEIGHTS)
    return pipeline


def build_stored(folder: Path) -> Any:
    """The trainable pipeline that a folder's ``config.yaml`` and ``alphabet.txt`` describe, with new weights."""
    from ocr.models.registry import TRAINED

    name = read_model_config(folder)["pipeline"]
    if name not in TRAINED:
        raise ModelError(f"{folder}: pipeline {name!r} is unknown to this version; known are {', '.join(TRAINED)}")
    module = importlib.import_module(TRAINED[name])
    config = without_pretrained(model_config(folder, module.config_class()))
    return module.build(config, Alphabet.load(folder / ALPHABET))


def without_pretrained(config: Any) -> Any:
    """The configuration with no backbone's published weights asked for: the folder's own replace them."""
    changed = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if field.name == "pretrained":
            changed[field.name] = False
        elif dataclasses.is_dataclass(value):
            changed[field.name] = without_pretrained(value)
    return dataclasses.replace(config, **changed)


def load_state(pipeline: Any, path: Path, replaced: Sequence[str] = ()) -> None:
    """Fill the pipeline's tensors from a safetensors file, but for those of the layers named in ``replaced``.

    Raises ModelError naming what does not fit.
    """
    left_out = tuple(f"{layer}." for layer in replaced)
    state = {name: tensor for name, tensor in load_tensors(path).items() if not name.startswith(left_out)}
    own = {name: tensor for name, tensor in pipeline.state_dict().items() if not name.startswith(left_out)}
    wrong = [n for n, t in state.items() if n not in own or own[n].shape != t.shape] + [
        n for n in own if n not in state
    ]
    if wrong:
        raise ModelError(
            f"{path} does not fit the model: {wrong[0]} and {len(wrong) - 1} more; was the config changed?"
        )
    pipeline.load_state_dict({name: t.to(own[name].dtype) for name, t in state.items()}, strict=not replaced)
