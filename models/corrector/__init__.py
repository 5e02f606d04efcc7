"""The corrector: a byte-level language model that says how likely a line is as text. It reads no pages.

Everything heavy is imported when it is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ocr.errors import UsageError

if TYPE_CHECKING:
    from ocr.models.codec import Alphabet
    from ocr.models.corrector.config import CorrectorConfig
    from ocr.models.corrector.pipeline import Corrector


def config_class() -> type[CorrectorConfig]:
    """The dataclass that holds all settings of the language model."""
    from ocr.models.corrector.config import CorrectorConfig

    return CorrectorConfig


def build(config: CorrectorConfig, alphabet: Alphabet) -> Corrector:
    """The trainable language model with new weights; imports torch and transformers."""
    from ocr.models.corrector.pipeline import Corrector

    return Corrector(config, alphabet)


def open_reader(folder: Path) -> NoReturn:
    """Raises UsageError: it reads no pages."""
    raise UsageError(f"{folder} is a language model and reads no pages; give it to ocr predict with --corrector")
