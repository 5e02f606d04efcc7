"""Configuration of a training run: YAML over the defaults of the dataclasses, ``key.path=value`` over YAML."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from ocr.data.config import DataConfig
from ocr.errors import UsageError
from ocr.models.registry import PIPELINES
from ocr.models.schema import from_plain, suggest


@dataclass(frozen=True)
class LoopConfig:
    """The training loop.

    Attributes:
        steps: Optimizer steps in all.
        minutes: Wall-clock limit; the learning rate falls with whichever of steps and minutes is further on. 0: none.
        learning_rate: Peak of AdamW's rate after ``warmup`` steps; it then follows half a cosine down to 2 percent.
        weight_decay: Decoupled; not on norms, biases and other vectors.
        betas: AdamW's moments.
        clip: Largest norm of the gradient.
        accumulate: Batches a step.
        ema: Decay of the running average of the weights, which is what is evaluated and kept.
        precision: ``fp32``, ``bf16`` or ``fp16`` (autocast; fp16 on CUDA only).
        device: ``auto`` takes CUDA when it is there.
        threads: CPU threads of torch; 0 leaves torch's own choice.
        evaluate_every: Steps between two evaluations, each of which also writes a checkpoint.
        log_every: Steps between two progress lines.
        forget_limit: Points (hundredths of CER, F1 or characters read right) that the stock set's score may fall by
            before a run that started from a model warns.
        seed: Of weights and data.
    """

    steps: int = 20000
    minutes: float = 0.0
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    betas: tuple[float, float] = (0.9, 0.98)
    warmup: int = 500
    clip: float = 5.0
    accumulate: int = 1
    ema: float = 0.999
    precision: str = "fp32"
    device: str = "auto"
    threads: int = 0
    evaluate_every: int = 1000
    log_every: int = 100
    forget_limit: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class TrainConfig:
    """``parts`` are trained together, none: all of them; ``model`` is the pipeline's own configuration dataclass."""

    pipeline: str = "two_stage"
    parts: tuple[str, ...] = ()
    data: DataConfig = field(default_factory=DataConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    model: Any = None


def load_config(path: Path | None, overrides: Sequence[str] = ()) -> TrainConfig:
    """The configuration of a YAML file with ``key.path=value`` overrides.

    Raises UsageError for a missing file, bad YAML, an unknown key (with a suggestion) or a value of the wrong kind.
    """
    data = read_yaml(path) if path else {}
    for override in overrides:
        apply_override(data, override)
    model = data.pop("model", None) or {}
    config = from_plain(TrainConfig, data)
    if config.pipeline not in PIPELINES:
        raise UsageError(f"pipeline={config.pipeline!r} is unknown: {suggest(config.pipeline, list(PIPELINES))}")
    kind = importlib.import_module(PIPELINES[config.pipeline]).config_class()
    return replace(config, model=from_plain(kind, model, "model"))


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping. Raises UsageError if the file is missing or is none."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read config {path}: {error.strerror}; give the path of a YAML file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data or {}, dict):
        raise UsageError(f"{path}: a config is a mapping of key: value lines, not {type(data).__name__}")
    return data or {}


def apply_override(data: dict[str, Any], override: str) -> None:
    """Put ``a.b=value`` into nested dicts; the value is read as YAML. Raises UsageError for a malformed one."""
    key, separator, value = override.partition("=")
    if not separator or not key:
        raise UsageError(f"override {override!r} must be key.path=value, such as loop.steps=1000")
    *folders, last = key.split(".")
    for folder in folders:
        data = data.setdefault(folder, {})
        if not isinstance(data, dict):
            raise UsageError(f"override {override!r}: {folder} is a single value, not a group of settings")
    try:
        data[last] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise UsageError(f"override {override!r}: the value is not valid YAML") from error


def find_config(name: Path) -> Path:
    """A path as it is, or a file of ``ocr/configs`` by its name without ending."""
    folder = Path(__file__).parent / "configs"
    if not name.exists() and (folder / f"{name}.yaml").is_file():
        return folder / f"{name}.yaml"
    if not name.exists():
        raise UsageError(
            f"no config {str(name)!r}: {suggest(str(name), sorted(p.stem for p in folder.glob('*.yaml')))}"
        )
    return name
