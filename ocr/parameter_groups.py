"""What AdamW is given: which weights decay, and which learn at a lower rate than the others."""

from __future__ import annotations

from typing import Any

from ocr.config import LoopConfig
from ocr.errors import UsageError
from ocr.models.layer_decay import backbone_depths
from ocr.models.trainable import Pipeline


def parameter_groups(pipeline: Pipeline, loop: LoopConfig) -> list[dict[str, Any]]:
    """Groups of what is trained: ``params``, ``weight_decay`` (none on norms, biases and other vectors) and ``scale``,
    the share of the learning rate they learn at.

    Raises UsageError for a ``loop.layer_decay`` that is out of range or has no pretrained backbone to work on.
    """
    if not 0 < loop.layer_decay <= 1:
        raise UsageError(f"loop.layer_decay={loop.layer_decay:g} must be above 0 and at most 1; usual are 0.65 to 0.9")
    depths = backbone_depths(pipeline) if loop.layer_decay < 1 else {}
    trained = {name: parameter for name, parameter in pipeline.named_parameters() if parameter.requires_grad}
    if loop.layer_decay < 1 and not depths.keys() & trained.keys():
        raise UsageError(
            f"loop.layer_decay={loop.layer_decay:g} is for pretrained backbones, and no part that is trained has one; "
            "set model.recognizer.backbone (or that of another part), or leave it out"
        )
    groups: dict[tuple[float, bool], dict[str, Any]] = {}
    for name, parameter in trained.items():
        scale, is_vector = loop.layer_decay ** depths.get(name, 0), parameter.ndim <= 1
        decay = 0.0 if is_vector else loop.weight_decay
        group = groups.setdefault((-scale, is_vector), {"params": [], "weight_decay": decay, "scale": scale})
        group["params"].append(parameter)
    return [groups[key] for key in sorted(groups)]
