"""LoRA by peft: narrow matrices beside the linear layers of the transformer blocks, everything else frozen.

The second matrix starts at zero, so an adapted pipeline first reads exactly as its base does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ocr.errors import UsageError
from ocr.models.adapt_config import AdaptConfig
from ocr.models.quantize import in_block, quantize_backbone
from ocr.models.schema import suggest
from ocr.models.trainable import Pipeline

ADAPTER = "default"
"""peft's name for the one adapter of a model."""


def adapt(pipeline: Pipeline, config: AdaptConfig, parts: Sequence[str], base: str, fingerprint: str) -> None:
    """Freeze the pipeline, in place, but for LoRA in its parts and what ``config.also`` names.

    ``base`` and ``fingerprint`` say which weights the adapter belongs to; they are stored with it as peft's
    ``base_model_name_or_path`` and ``revision``. Raises UsageError for an unknown target and for bits that are not
    to be had.
    """
    from peft import LoraConfig, inject_adapter_in_model  # takes seconds, and most training needs none of it

    targets, full = target_layers(pipeline, config, parts), layers_trained_in_full(pipeline, config, parts)
    if config.method == "qlora":
        quantize_parts(pipeline, parts, config.bits)
    lora = LoraConfig(
        r=config.rank, lora_alpha=config.alpha, lora_dropout=config.dropout, target_modules=targets,  # type: ignore[arg-type]
        base_model_name_or_path=base, revision=fingerprint,
    )  # fmt: skip
    inject_adapter_in_model(lora, pipeline, ADAPTER)
    # Trained in place, not in peft's copies: the frozen originals are in the base, whose heads may even be smaller.
    lora.modules_to_save = full
    for name in full:
        pipeline.get_submodule(name).requires_grad_(True)
    for module in pipeline.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.__class__ = FixedBatchNorm2d
            module.eval()


def target_layers(pipeline: Pipeline, config: AdaptConfig, parts: Sequence[str]) -> list[str]:
    """Full names of the linear layers of these parts that end in one of the targets: those in transformer blocks, and
    the network's ``adapted_layers`` that are not trained in full anyway."""
    more = {f"{part}.{layer}" for part in parts for layer in pipeline.get_submodule(part).adapted_layers}  # type: ignore[union-attr]
    more -= set(layers_trained_in_full(pipeline, config, parts))
    layers = [
        name
        for name, module in pipeline.named_modules()
        if isinstance(module, nn.Linear) and name.split(".")[0] in parts and (in_block(name) or name in more)
    ]
    for target in config.targets:
        if not any(name.endswith(f".{target}") for name in layers):
            known = sorted({name.split(".")[-1] for name in layers})
            raise UsageError(f"adapt.targets={list(config.targets)}: no layer {target!r}; {suggest(target, known)}")
    wanted = tuple(f".{target}" for target in config.targets)
    return [name for name in layers if not wanted or name.endswith(wanted)]


def layers_trained_in_full(pipeline: Pipeline, config: AdaptConfig, parts: Sequence[str]) -> list[str]:
    """Full names of the last layers and layer norms of these parts, as far as they are wanted."""
    names = []
    for part in parts:
        network = pipeline.get_submodule(part)
        if "head" in config.also:
            names += [f"{part}.{layer}" for layer in network.last_layers]  # type: ignore[union-attr]
        if "norms" in config.also:
            norms = (name for name, module in network.named_modules() if isinstance(module, nn.LayerNorm))
            names += [f"{part}.{name}" for name in norms]
    return names


def quantize_parts(pipeline: Pipeline, parts: Sequence[str], bits: int) -> None:
    """Hold the linear layers in the blocks of these parts in few bits. Raises UsageError where it cannot be done."""
    compute_dtype = torch.bfloat16 if next(pipeline.parameters()).is_cuda else torch.float32
    for part in parts:
        quantize_backbone(pipeline.get_submodule(part).requires_grad_(False), bits, compute_dtype)


def is_narrow(name: str) -> bool:
    """Whether a tensor of this name belongs to a narrow matrix."""
    return ".lora_A." in name or ".lora_B." in name


def is_first_narrow(name: str) -> bool:
    """Whether a tensor of this name is the first of two narrow matrices, the one that does not start at zero."""
    return ".lora_A." in name


def is_adapted(pipeline: Pipeline) -> bool:
    return hasattr(pipeline, "peft_config")


def lora_of(pipeline: Pipeline) -> Any:
    """peft's configuration of the pipeline's adapter."""
    return pipeline.peft_config[ADAPTER]  # type: ignore[union-attr, index]


def base_of(pipeline: Pipeline) -> str:
    """Fingerprint of the weights that an adapted pipeline belongs to, empty for any other."""
    return str(lora_of(pipeline).revision) if is_adapted(pipeline) else ""


def trained_state(pipeline: Pipeline) -> dict[str, Tensor]:
    """The tensors that make up a training's result: those of the adapter if there is one, else all."""
    state: dict[str, Tensor] = pipeline.state_dict()
    if not is_adapted(pipeline):
        return state
    return {name: state[name] for name, parameter in pipeline.named_parameters() if parameter.requires_grad}


class FixedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation by its stored statistics in training as in reading: the base must not change."""

    def train(self, mode: bool = True) -> FixedBatchNorm2d:
        return super().train(False)
