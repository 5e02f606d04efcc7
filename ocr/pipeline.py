"""A reader by model or pipeline: what ``ocr predict``, ``ocr.read`` and ``ocr eval`` open."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.correct.prior import guided, light_corrector
from ocr.errors import MissingExtraError, ModelError, UsageError
from ocr.models.adapter_folder import check_base, load_adapted, read_adapter_info, refuse_adapter
from ocr.models.aside import begin
from ocr.models.registry import PIPELINES, TRAINED
from ocr.models.schema import suggest
from ocr.models.weights import load_pipeline, read_model_config

if TYPE_CHECKING:
    from ocr.models.interface import LineReader

DEFAULT_PIPELINE = "two_stage"
DEFAULT_MODELS = {"two_stage": "two-stage-small", "end2end": "end2end-small"}
"""The shipped model that stands for each pipeline."""

SHIPPED = Path(__file__).parent / "weights"


def load(
    name: str | Path | None = None,
    pipeline: str | None = None,
    adapter: str | Path | None = None,
    device: str | None = None,
) -> LineReader:
    """The reader of a shipped model (by name) or of a model folder (by path); of the default model if both are None.

    ``pipeline`` alone takes the shipped model of that pipeline. With the folder of an ``adapter``, which knows its
    model, the reader is that of PyTorch. ``device`` is ``cpu`` (or None), or ``cuda`` (``cuda:1`` ...) for PyTorch on a
    GPU.

    Raises UsageError for an unknown pipeline or one that is not the model's and for a device that is not there,
    ModelError if there is no such model, if it is damaged or not the adapter's, MissingExtraError for an adapter or a
    GPU without PyTorch.
    """
    if device is not None and device != "cpu":
        return load_on(device, name, pipeline, adapter)
    if adapter is not None:
        return load_with_adapter(Path(adapter), name, pipeline)
    corrector = begin(light_corrector)  # whose n-grams take as long to be decompressed as the networks to be opened
    reader = load_unguided(name, pipeline)
    corrector()  # its n-grams are read once a process: guided finds them there
    return guided(reader)


def load_unguided(name: str | Path | None = None, pipeline: str | None = None) -> LineReader:
    """The reader of :func:`load` by the picture alone, without the n-grams that weigh its doubtful letters."""
    folder = find_model(name, pipeline)
    reader: LineReader = importlib.import_module(TRAINED[pipeline_of(folder)]).open_reader(folder)
    return reader


def load_on(device: str, name: str | Path | None, pipeline: str | None, adapter: str | Path | None) -> LineReader:
    """The reader on a GPU, see :func:`load`."""
    try:
        from ocr.models.cuda_reader import find_device, open_on
    except ImportError as error:
        raise MissingExtraError(f"reading with --device {device}", "train") from error
    place = find_device(device)
    if adapter is None:
        return open_on(load_pipeline(find_model(name, pipeline)), place, guided)
    return open_on(load_adapted(Path(adapter), find_base(Path(adapter), name, pipeline)), place, guided)


def load_with_adapter(adapter: Path, name: str | Path | None, pipeline: str | None) -> LineReader:
    """The reader of the adapter's model with the adapter folded in, see :func:`load`."""
    base = find_base(adapter, name, pipeline)
    try:
        import peft  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("reading with --adapter", "train") from error
    reader: LineReader = load_adapted(adapter, base).eval().reader()
    return guided(reader)


def find_base(adapter: Path, name: str | Path | None = None, pipeline: str | None = None) -> Path:
    """The model folder that an adapter belongs to, or the named one if it is that.

    Raises ModelError if there is none or it is another one, UsageError if it is of another pipeline.
    """
    stored = read_adapter_info(adapter).base
    if name is None and stored not in shipped() and not Path(stored).is_dir():
        raise ModelError(f"the adapter {adapter} belongs to {stored}, which is not here; give that model with --model")
    folder = find_model(stored if name is None else name, pipeline)
    check_base(adapter, folder)
    return folder


def find_model(name: str | Path | None = None, pipeline: str | None = None) -> Path:
    """The folder of a model, see :func:`load`."""
    if pipeline is not None and pipeline not in TRAINED:
        raise UsageError(f"unknown pipeline {pipeline!r}: {suggest(pipeline, list(PIPELINES))}")
    if name is None:
        return default_model(pipeline or DEFAULT_PIPELINE)
    for folder in (SHIPPED / str(name), Path(name)):
        refuse_adapter(folder)
        if (folder / "config.yaml").is_file():
            break
    else:
        raise ModelError(
            f"no model {str(name)!r}: give the folder of a model, or a shipped one; {suggest(str(name), shipped())}"
        )
    if pipeline not in (None, own := pipeline_of(folder)):
        raise UsageError(f"model {str(name)!r} is of pipeline {own}, not {pipeline}; leave out one of the two")
    return folder


def default_model(pipeline: str) -> Path:
    """The folder of the shipped model of a pipeline. Raises ModelError if this version ships none."""
    name = DEFAULT_MODELS.get(pipeline)
    if name not in shipped():
        raise ModelError(f"no model of pipeline {pipeline} is shipped: give the folder of a trained one as the model")
    return SHIPPED / str(name)


def model_name(folder: Path) -> str:
    """The name of a shipped model, the path of any other."""
    return folder.name if folder.resolve().parent == SHIPPED.resolve() else str(folder)


def pipeline_of(folder: Path) -> str:
    """The pipeline that a model folder names, or the corrector. Raises ModelError if it is none of this version."""
    name = str(read_model_config(folder)["pipeline"])
    if name not in TRAINED:
        raise ModelError(f"{folder}: pipeline {name!r} is unknown: {suggest(name, list(PIPELINES))}")
    return name


def shipped() -> list[str]:
    """Names of the models in the package."""
    return sorted(p.parent.name for p in SHIPPED.glob("*/config.yaml"))
