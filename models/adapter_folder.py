"""Adapter folders in peft's format: ``adapter_config.json`` and ``adapter_model.safetensors``.

Beside them stand the pipeline's ``config.yaml`` and ``alphabet.txt``. peft's ``base_model_name_or_path`` names the
base (a shipped model or a folder), its ``revision`` is the SHA-256 of the base's weights.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr.errors import ModelError
from ocr.models.file_hashes import hash_of_file
from ocr.models.tensor_file import load_tensors, save_tensors
from ocr.models.weights import WEIGHTS, build_stored, load_state, save_config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from ocr.models.trainable import Pipeline

ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"

PREFIX = "base_model.model."
"""What peft puts before the names of tensors in its files."""


@dataclass(frozen=True, slots=True)
class AdapterInfo:
    """What ``adapter_config.json`` says.

    Attributes:
        base: Name or folder of the model that it belongs to.
        fingerprint: SHA-256 of that model's weights, see :func:`fingerprint_of`.
        rank: Width of the narrow matrices.
        alpha: Their product counts ``alpha / rank`` times.
        targets: Ends of the names of the adapted layers.
        full: Names of the layers that are replaced as a whole.
    """

    base: str
    fingerprint: str
    rank: int
    alpha: float
    targets: tuple[str, ...]
    full: tuple[str, ...]


def is_adapter(folder: Path) -> bool:
    return (folder / ADAPTER_CONFIG).is_file()


def refuse_adapter(folder: Path) -> None:
    """Raises ModelError if what should be a model folder is one of an adapter."""
    if is_adapter(folder):
        raise ModelError(
            f"{folder} is an adapter, not a model: read with --adapter {folder}, "
            f"or make a model of it with ocr adapter merge {folder} --output FOLDER"
        )


def read_adapter_info(folder: Path) -> AdapterInfo:
    """Raises ModelError if the folder holds no adapter of ours."""
    try:
        data = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
        return AdapterInfo(
            str(data["base_model_name_or_path"]), str(data["revision"]), int(data["r"]), float(data["lora_alpha"]),
            tuple(sorted(data["target_modules"])), tuple(data["modules_to_save"] or ()),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{folder} is no adapter: cannot read {ADAPTER_CONFIG} ({' '.join(str(error).split())}); "
            "give the folder that ocr train adapt.method=lora left, such as runs/train/best"
        ) from error


def fingerprint_of(model: Path) -> str:
    """SHA-256 of the weights of a model folder. Raises ModelError if they are not there."""
    try:
        return hash_of_file(model / WEIGHTS)
    except OSError as error:
        raise ModelError(
            f"cannot read {model / WEIGHTS}: {error.strerror}; an adapter needs its model's weights"
        ) from error


def check_base(folder: Path, base: Path) -> None:
    """Raises ModelError if the adapter in ``folder`` was trained on other weights than those of ``base``."""
    info, found = read_adapter_info(folder), fingerprint_of(base)
    if found != info.fingerprint:
        raise ModelError(
            f"the adapter {folder} was trained on {info.base} with weights {info.fingerprint[:12]}, but {base} holds "
            f"{found[:12]}; give the model it belongs to with --model, or train the adapter again"
        )


def save_adapter(folder: Path, pipeline_name: str, pipeline: Pipeline, state: Mapping[str, Tensor]) -> None:
    """Write an adapter folder; ``state`` is what :func:`ocr.models.adapt.trained_state` gave, stored in fp16.

    As in model folders, fp16 halves the file and costs less than the rounding of the base's own weights did.
    """
    from peft import get_peft_model_state_dict

    from ocr.models.adapt import ADAPTER, lora_of

    save_config(folder, pipeline_name, pipeline.config, pipeline.alphabet)
    lora = lora_of(pipeline)
    lora.save_pretrained(str(folder))
    told = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    told["target_modules"] = sorted(told["target_modules"])  # a set in peft, whose order is another in each process
    (folder / ADAPTER_CONFIG).write_text(json.dumps(told, indent=2, sort_keys=True), encoding="utf-8")
    narrow = get_peft_model_state_dict(pipeline, dict(state), ADAPTER, save_embedding_layers=False)
    full = {name: tensor for name, tensor in state.items() if in_layers(name, lora.modules_to_save)}
    tensors = {PREFIX + name: tensor.half() for name, tensor in {**narrow, **full}.items()}
    save_tensors(tensors, folder / ADAPTER_WEIGHTS, {"format": "pt"})


def load_adapted(folder: Path, base: Path) -> Any:
    """The pipeline of the adapter in ``folder`` with the weights of ``base`` and the adapter folded in (fp32).

    Raises ModelError if base and adapter do not belong together or a file is damaged.
    """
    check_base(folder, base)
    pipeline, info = build_stored(folder), read_adapter_info(folder)
    load_state(pipeline, base / WEIGHTS, replaced=info.full)
    return fold_in(pipeline, folder)


def fold_in(pipeline: Any, folder: Path) -> Any:
    """The pipeline with the adapter's products added to its layers and other layers replaced, without peft's wrappers.

    Raises ModelError for tensors that do not fit.
    """
    from peft import LoraConfig, LoraModel, set_peft_model_state_dict

    from ocr.models.adapt import ADAPTER, is_narrow

    lora = LoraConfig.from_pretrained(str(folder))
    full, lora.modules_to_save = lora.modules_to_save or [], None
    tuner = LoraModel(pipeline, lora, ADAPTER)
    wanted = {name for name in pipeline.state_dict() if is_narrow(name) or in_layers(name, full)}
    path = folder / ADAPTER_WEIGHTS
    tensors = {name.removeprefix(PREFIX): tensor.float() for name, tensor in load_tensors(path).items()}
    try:
        result: Any = set_peft_model_state_dict(pipeline, tensors, ADAPTER)
    except RuntimeError as error:
        raise ModelError(f"{path} does not fit the model: {' '.join(str(error).split())[:200]}") from error
    wrong = [*(wanted & set(result.missing_keys)), *result.unexpected_keys]
    if wrong:
        raise ModelError(f"{path} does not fit the model: {wrong[0]} and {len(wrong) - 1} more; is the file whole?")
    return tuner.merge_and_unload()


def in_layers(name: str, layers: Any) -> bool:
    """Whether a tensor of this name belongs to one of the layers."""
    return name.startswith(tuple(f"{layer}." for layer in layers))
