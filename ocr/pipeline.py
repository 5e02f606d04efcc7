"""A reader by name or folder: what ``ocr predict``, ``ocr.read`` and ``ocr eval`` open."""

from __future__ import annotations

import importlib
from pathlib import Path

from ocr.errors import ModelError
from ocr.models.interface import LineReader
from ocr.models.registry import PIPELINES
from ocr.models.schema import suggest
from ocr.models.weights import read_model_config

DEFAULT_MODEL = "two-stage-small"
SHIPPED = Path(__file__).parent / "weights"


def load(name: str | Path | None = None) -> LineReader:
    """The reader of a shipped model (by name) or of a model folder (by path); the default one if None.

    Raises ModelError if there is no such model, or if it is damaged.
    """
    folder = find_model(name)
    pipeline = read_model_config(folder)["pipeline"]
    if pipeline not in PIPELINES:
        raise ModelError(f"{folder}: pipeline {pipeline!r} is unknown: {suggest(str(pipeline), list(PIPELINES))}")
    reader: LineReader = importlib.import_module(PIPELINES[pipeline]).open_reader(folder)
    return reader


def find_model(name: str | Path | None = None) -> Path:
    """The folder of a shipped model or of a path. Raises ModelError with a suggestion."""
    name = name or DEFAULT_MODEL
    for folder in (SHIPPED / str(name), Path(name)):
        if (folder / "config.yaml").is_file():
            return folder
    raise ModelError(
        f"no model {str(name)!r}: give the folder of a model, or a shipped one; {suggest(str(name), shipped())}"
    )


def shipped() -> list[str]:
    """Names of the models in the package."""
    return sorted(p.parent.name for p in SHIPPED.glob("*/config.yaml"))
