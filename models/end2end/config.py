"""All settings of the end-to-end pipeline; what a model folder's config.yaml holds under ``model``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from ocr.models.end2end.crops_config import SpotterCropConfig
from ocr.models.end2end.reading_config import LinkConfig, LookConfig, SpotConfig
from ocr.models.end2end.spotter_config import SpotterConfig, TargetConfig

PARTS = ("spotter",)
"""What can be trained."""


@dataclass(frozen=True)
class End2EndConfig:
    """What the weights were trained with (``bound_to_weights``) and how pages are read with them."""

    bound_to_weights: ClassVar[tuple[str, ...]] = ("spotter", "target")
    """Sections that a model folder always spells out; the others follow this version's defaults unless changed."""
    adjustable: ClassVar[tuple[str, ...]] = ("target",)
    """Of those, what may be set anew when training goes on from a model."""
    spotter: SpotterConfig = field(default_factory=SpotterConfig)
    target: TargetConfig = field(default_factory=TargetConfig)
    crops: SpotterCropConfig = field(default_factory=SpotterCropConfig)
    spot: SpotConfig = field(default_factory=SpotConfig)
    link: LinkConfig = field(default_factory=LinkConfig)
    look: LookConfig = field(default_factory=LookConfig)
