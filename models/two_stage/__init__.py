"""Pipeline 2: a ViT detects text lines, a ViT recognises them. Everything heavy is imported when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocr.models.codec import Alphabet
    from ocr.models.two_stage.config import TwoStageConfig
    from ocr.models.two_stage.pipeline import TwoStage
    from ocr.models.two_stage.reader import TwoStageReader


def config_class() -> type[TwoStageConfig]:
    """The dataclass that holds all settings of this pipeline."""
    from ocr.models.two_stage.config import TwoStageConfig

    return TwoStageConfig


def open_reader(folder: Path) -> TwoStageReader:
    """The reader of a model folder with ``detector.onnx`` and ``recognizer.onnx``, by ONNX Runtime; needs no torch."""
    from ocr.models.two_stage.onnx_reader import open_onnx_reader

    return open_onnx_reader(folder)


def build(config: TwoStageConfig, alphabet: Alphabet) -> TwoStage:
    """The trainable pipeline with new weights; imports torch."""
    from ocr.models.two_stage.pipeline import TwoStage

    return TwoStage(config, alphabet)
