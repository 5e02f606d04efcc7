"""What is known about models without loading them: parameters by part, bytes by precision, what training them takes.

A model is a model folder (``config.yaml``, ``weights.safetensors``) or a checkpoint as timm and transformers write it
(``config.json``, ``model.safetensors``). Only the headers of the weights are read: no torch, no numbers.
"""

from __future__ import annotations

import importlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from ocr.errors import ModelError, UsageError
from ocr.model_memory import (
    StoredBytes,
    TrainingBytes,
    activation_bytes,
    last_parameters,
    lora_parameters,
    stored_bytes,
    training_bytes,
)
from ocr.models.registry import PIPELINES
from ocr.models.safetensors_header import StoredTensor, read_header
from ocr.models.schema import suggest
from ocr.models.weights import CONFIG, WEIGHTS, model_config
from ocr.parameters import Layer, layers_of
from ocr.pipeline import SHIPPED, pipeline_of, shipped

CHECKPOINT_CONFIG, CHECKPOINT_WEIGHTS, CARD = "config.json", "model.safetensors", "card.md"

DEEPEST = 6
"""Folders below a given one that are searched for models."""

TASKS = {
    "two_stage": "pages: lines found, then read",
    "end2end": "pages: characters found, read, linked",
    "detector": "finds lines",
    "recognizer": "reads lines",
    "spotter": "finds and reads characters",
    "encoder": "looks at images",
    "decoder": "writes text",
    "backbone": "looks at images",
}
"""What pipelines and parts do."""

DEFAULT_BATCHES = {
    "recognizer": ("recognizer", "line_pixels"),
    "detector": ("detector", "page_crops"),
    "spotter": ("end2end", "page_crops"),
}
"""File of ``ocr/configs`` a part is trained with, and its setting of ``data`` that says how large a batch is."""

POSITIONS = re.compile(r"pos_embed|position_embedding|embed_positions")


@dataclass(frozen=True)
class Part:
    """A network of a model. ``batch`` says in words what ``activations`` (bytes in fp32) are an estimate for."""

    name: str
    layers: tuple[Layer, ...]
    batch: str
    activations: int


@dataclass(frozen=True)
class Model:
    """A model by its parts; ``card`` holds the sections on scores and licence of ``card.md``, by their headings."""

    name: str
    folder: Path
    task: str
    is_shipped: bool
    parts: tuple[Part, ...]
    card: dict[str, str]


@dataclass(frozen=True)
class Figures:
    """What the tables say of some parts that are trained together."""

    parts: tuple[Part, ...]

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        return tuple(layer for part in self.parts for layer in part.layers)

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def kinds(self) -> dict[str, tuple[int, int]]:
        """Layers and parameters by kind of layer."""
        layers, parameters = Counter(layer.kind for layer in self.layers), Counter[str]()
        for layer in self.layers:
            parameters[layer.kind] += layer.parameters
        return {kind: (layers[kind], count) for kind, count in parameters.most_common()}

    @property
    def lora(self) -> int:
        """Parameters of the narrow matrices that LoRA trains."""
        return lora_parameters(self.layers)

    @property
    def last(self) -> int:
        """Parameters of the last layers, which are trained in full with LoRA."""
        return sum(last_parameters(part.name, part.layers) for part in self.parts)

    @property
    def adapter_bytes(self) -> int:
        """What an adapter takes on disk: all that was trained, in fp16."""
        return 2 * (self.lora + self.last)

    @property
    def stored(self) -> StoredBytes:
        return stored_bytes(self.layers)

    @property
    def training(self) -> dict[str, TrainingBytes]:
        """Bytes in training: of everything (``full``), of an adapter on fp32 weights (``lora``) or NF4 (``qlora``).

        Activations are those of full training in fp32 for all three: gradients pass through frozen layers as well.
        """
        activations = sum(part.activations for part in self.parts)
        trained = self.lora + self.last
        return {
            "full": training_bytes(0, self.parameters, activations),
            "lora": training_bytes(self.stored.fp32 - 4 * self.last, trained, activations),
            "qlora": training_bytes(self.stored.nf4 - 2 * self.last, trained, activations),
        }


def find_models(folders: Sequence[Path]) -> tuple[list[Model], list[ModelError]]:
    """The shipped models and those in or below the folders, and why some of them cannot be shown.

    Raises UsageError for a folder that does not exist.
    """
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(
                f"no folder {str(folder)!r}: give one, or a command; {suggest(str(folder), ['list', 'show'])}"
            )
    found = {(SHIPPED / name).resolve(): name for name in shipped()}
    for folder in folders:
        for path in model_folders(folder):
            found.setdefault(path.resolve(), str(path))
    models, errors = [], []
    for path, name in found.items():
        try:
            models.append(open_model(path, name))
        except ModelError as error:
            errors.append(error)
    return models, errors


def model_folders(top: Path) -> Iterator[Path]:
    """Folders of models, the given one or below it; hidden folders and links are passed over."""
    for path, below, _ in os.walk(top):
        folder = Path(path)
        deep = len(folder.relative_to(top).parts) >= DEEPEST
        below[:] = [] if deep else sorted(name for name in below if not name.startswith("."))
        if is_model(folder) or is_checkpoint(folder):
            yield folder


def is_model(folder: Path) -> bool:
    return (folder / CONFIG).is_file() and (folder / WEIGHTS).is_file()


def is_checkpoint(folder: Path) -> bool:
    return (folder / CHECKPOINT_CONFIG).is_file() and (folder / CHECKPOINT_WEIGHTS).is_file()


def find_model(name: str) -> Model:
    """A shipped model by name, or a folder. Raises ModelError if there is none or it is damaged."""
    for folder in (SHIPPED / name, Path(name)):
        if is_model(folder) or is_checkpoint(folder):
            return open_model(folder, name)
    raise ModelError(
        f"no model {name!r}: give a shipped one or a folder with {CONFIG} and {WEIGHTS}, or with {CHECKPOINT_CONFIG} "
        f"and {CHECKPOINT_WEIGHTS}; {suggest(name, shipped())}"
    )


def open_model(folder: Path, name: str) -> Model:
    """What is known about the model of a folder. Raises ModelError if it is damaged."""
    is_shipped = SHIPPED.resolve() in folder.resolve().parents
    parts = open_parts if is_model(folder) else open_checkpoint
    return Model(name, folder, *parts(folder, is_shipped), read_card(folder))


def open_parts(folder: Path, is_shipped: bool) -> tuple[str, bool, tuple[Part, ...]]:
    """Task and parts of a model folder."""
    pipeline = pipeline_of(folder)
    config = model_config(folder, importlib.import_module(PIPELINES[pipeline]).config_class())
    groups = by_first_name(read_header(folder / WEIGHTS))
    parts = tuple(make_part(name, layers_of(tensors), config) for name, tensors in groups.items())
    return TASKS.get(pipeline, pipeline), is_shipped, parts


def by_first_name(tensors: Sequence[StoredTensor]) -> dict[str, list[StoredTensor]]:
    groups: dict[str, list[StoredTensor]] = {}
    for tensor in tensors:
        groups.setdefault(tensor.name.partition(".")[0], []).append(tensor)
    return dict(sorted(groups.items()))


def make_part(name: str, layers: tuple[Layer, ...], config: Any) -> Part:
    """A part of one of our pipelines, with the batch that its default configuration trains on."""
    if name not in DEFAULT_BATCHES:
        return Part(name, layers, "unknown", 0)
    file, setting = DEFAULT_BATCHES[name]
    text = (Path(__file__).parent / "configs" / f"{file}.yaml").read_text(encoding="utf-8")
    amount = int(yaml.safe_load(text)["data"][setting])
    if name == "recognizer":
        height = config.recognizer.height
        pixels, token, words = amount * height, 4 * height, f"lines of {height} px, {amount:,} px of width"
    else:
        side = crop_side(name, config)
        pixels, token, words = amount * side**2, 16 * 16, f"{amount} crops of {side} x {side} px"
    return Part(name, layers, f"{words} ({file}.yaml)", activation_bytes(name, layers, pixels, token))


def crop_side(name: str, config: Any) -> int:
    """Height and width in px of the page crops that a part is trained on."""
    from ocr.data.detection import CropConfig

    return int(config.crops.size if name == "spotter" else CropConfig().size)


def open_checkpoint(folder: Path, is_shipped: bool) -> tuple[str, bool, tuple[Part, ...]]:
    """Kind and parts of a checkpoint of timm or transformers: encoder and decoder, or one backbone."""
    try:
        config = json.loads((folder / CHECKPOINT_CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"cannot read {folder / CHECKPOINT_CONFIG}: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(config, dict):
        raise ModelError(f"{folder / CHECKPOINT_CONFIG} is no JSON object, as timm and transformers write it")
    tensors = read_header(folder / CHECKPOINT_WEIGHTS)
    groups = by_first_name(tensors)
    if set(groups) != {"encoder", "decoder"}:
        groups = {"backbone": list(tensors)}
    architecture = str(config.get("architecture") or config.get("model_type") or "of unknown kind")[:60]
    parts = []
    for name, members in groups.items():
        layers, tokens = layers_of(members), position_count(members)
        batch = f"one input of {tokens} tokens" if tokens else "unknown"
        parts.append(Part(name, layers, batch, activation_bytes(name, layers, tokens, 1)))
    return f"backbone {architecture}", is_shipped, tuple(parts)


def position_count(tensors: Sequence[StoredTensor]) -> int:
    """Tokens of an input, by the learnt positions (1, tokens, D) or (tokens, D); 0 if there are none."""
    found = [t for t in tensors if t.is_floating_point and POSITIONS.search(t.name) and len(t.shape) in (2, 3)]
    return found[0].shape[-2] if found else 0


def read_card(folder: Path) -> dict[str, str]:
    """The sections of ``card.md`` whose headings speak of scores or licence; none if there is no card."""
    try:
        text = (folder / CARD).read_text(encoding="utf-8", errors="replace")[:100_000]
    except OSError:
        return {}
    sections = re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    wanted = re.compile("score|licen[cs]e", re.IGNORECASE)
    return {heading: body.strip() for heading, body in sections if wanted.search(heading)}


def to_dict(model: Model) -> dict[str, Any]:
    """All figures of a model as JSON holds them, in all and by part."""
    parts = {part.name: _figures(Figures((part,))) | {"batch": part.batch} for part in model.parts}
    return {
        "name": model.name,
        "folder": str(model.folder),
        "task": model.task,
        "shipped": model.is_shipped,
        **_figures(Figures(model.parts)),
        "parts": parts,
        "card": model.card,
    }


def _figures(figures: Figures) -> dict[str, Any]:
    training = {way: {**asdict(held), "total": held.total} for way, held in figures.training.items()}
    kinds = {kind: {"layers": layers, "parameters": count} for kind, (layers, count) in figures.kinds.items()}
    return {
        "parameters": figures.parameters,
        "lora_parameters": figures.lora,
        "last_layers_parameters": figures.last,
        "adapter_bytes": figures.adapter_bytes,
        "bytes": asdict(figures.stored),
        "training_bytes": training,
        "layers": kinds,
    }
