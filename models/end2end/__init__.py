"""Pipeline 1: one ViT looks at the page and says for every patch whether a character is there, which, and what follows.

Everything heavy is imported when it is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocr.models.codec import Alphabet
    from ocr.models.end2end.config import End2EndConfig
    from ocr.models.end2end.pipeline import End2End
    from ocr.models.end2end.reader import End2EndReader


def config_class() -> type[End2EndConfig]:
    """The dataclass that holds all settings of this pipeline."""
    from ocr.models.end2end.config import End2EndConfig

    return End2EndConfig


def open_reader(folder: Path) -> End2EndReader:
    """The reader of a model folder with ``spotter.onnx``, by ONNX Runtime; needs no torch."""
    from ocr.models.end2end.onnx_reader import open_onnx_reader

    return open_onnx_reader(folder)


def build(config: End2EndConfig, alphabet: Alphabet) -> End2End:
    """The trainable pipeline with new weights; imports torch."""
    from ocr.models.end2end.pipeline import End2End

    return End2End(config, alphabet)
