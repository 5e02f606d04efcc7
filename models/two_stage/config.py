"""All settings of the two-stage pipeline; what a model folder's config.yaml holds under ``model``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from ocr.models.two_stage.detector_config import DecodeConfig, DetectorConfig, KernelConfig, PrepareConfig
from ocr.models.two_stage.reading_config import ReadingConfig
from ocr.models.two_stage.recognizer_config import RecognizerConfig

PARTS = ("detector", "recognizer")
"""What can be trained, apart or together."""


@dataclass(frozen=True)
class TwoStageConfig:
    """What the weights were trained with (``bound_to_weights``) and how pages are read with them."""

    bound_to_weights: ClassVar[tuple[str, ...]] = ("detector", "recognizer", "kernel")
    """Sections that a model folder always spells out; the others follow this version's defaults unless changed."""
    adjustable: ClassVar[tuple[str, ...]] = ("recognizer.dropout", "recognizer.drop_path", "kernel")
    """Of those, what may be set anew when training goes on from a model."""
    detector: DetectorConfig = field(default_factory=DetectorConfig)
    recognizer: RecognizerConfig = field(default_factory=RecognizerConfig)
    kernel: KernelConfig = field(default_factory=KernelConfig)
    prepare: PrepareConfig = field(default_factory=PrepareConfig)
    decode: DecodeConfig = field(default_factory=DecodeConfig)
    reading: ReadingConfig = field(default_factory=ReadingConfig)
