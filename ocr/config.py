"""Configuration of a training run: YAML over the defaults of the dataclasses, ``key.path=value`` over YAML."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import yaml

from ocr.data.config import DataConfig
from ocr.errors import UsageError
from ocr.models.adapt_config import AdaptConfig
from ocr.models.distil_config import DistilConfig
from ocr.models.registry import TRAINED
from ocr.models.schema import from_plain, suggest
from ocr.models.weights import model_config, read_model_config


@dataclass(frozen=True)
class LoopConfig:
    """The training loop.

    Attributes:
        steps: Optimizer steps in all.
        minutes: Wall-clock limit; the learning rate falls with whichever of steps and minutes is further on. 0: none.
        learning_rate: Peak of AdamW's rate after ``warmup`` steps; it then follows half a cosine down to 2 percent.
        weight_decay: Decoupled; not on norms, biases and other vectors.
        layer_decay: Below 1, each layer of a pretrained backbone learns at this share of the rate of the one above it,
            the patches slowest (0.65 to 0.9 are usual); what was added to the backbone learns at the full rate.
        betas: AdamW's moments.
        clip: Largest norm of the gradient.
        accumulate: Batches a step.
        ema: Decay of the running average of the weights, which is what is evaluated and kept.
        precision: ``fp32``, ``bf16`` or ``fp16`` (autocast; fp16 on CUDA only); ``auto`` is bf16 on CUDA and on
            processors with instructions for it, else fp32.
        int8: Whether the layers that ``ocr export --int8`` brings to 8 bits compute with numbers rounded like that, so
            that the model learns to do with them (:mod:`ocr.models.int8_aware`).
        compile: Whether torch.compile makes kernels for the network: minutes at the start, faster steps on GPUs.
        gradient_checkpointing: Whether transformer blocks are computed twice, which saves most of their memory.
        device: ``auto`` takes CUDA when it is there.
        threads: CPU threads of torch; 0 leaves torch's own choice.
        evaluate_every: Steps between two evaluations, each of which also writes a checkpoint.
        patience: Evaluations without a better score after which training stops; 0: none.
        save_every: Steps between two checkpoints besides; 0: none.
        log_every: Steps between two progress lines.
        wandb: Project at Weights & Biases that curves and sample pictures are sent to as well; empty: none are.
        forget_limit: Points (hundredths of CER, F1 or characters read right) that the stock set's score may fall by
            before a run that started from a model warns.
        step_back: Whether a run that started from a model ends with its weights part of the way back to that model:
            where the stock set is read best, as far as own validation data cannot tell (:mod:`ocr.step_back`). Without
            such data they stay where they are.
        seed: Of weights and data.
        deterministic: Compute the same bits each time, on the same machine; a run that was killed and resumed then ends
            with the same weights as one that was not.
        distributed: How processes started by ``accelerate launch`` or ``torchrun`` share the work: ``ddp``, each with
            the whole model, or ``fsdp``, with its parameters in shards. Batch and ``accumulate`` are those of each.

    Raises UsageError for numbers with which nothing would be trained.
    """

    steps: int = 20000
    minutes: float = 0.0
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    layer_decay: float = 1.0
    betas: tuple[float, float] = (0.9, 0.98)
    warmup: int = 500
    clip: float = 5.0
    accumulate: int = 1
    ema: float = 0.999
    precision: str = "fp32"
    int8: bool = False
    compile: bool = False
    gradient_checkpointing: bool = False
    device: str = "auto"
    threads: int = 0
    evaluate_every: int = 1000
    patience: int = 0
    save_every: int = 0
    log_every: int = 100
    wandb: str = ""
    forget_limit: float = 0.5
    step_back: bool = True
    seed: int = 0
    deterministic: bool = False
    distributed: str = "ddp"

    def __post_init__(self) -> None:
        for least, names in ((1, ("steps", "accumulate", "evaluate_every", "log_every")), (0, ("minutes", "patience"))):
            for name in names:
                if getattr(self, name) < least:
                    raise UsageError(f"loop.{name}={getattr(self, name)} must be {least} or more")
        if self.learning_rate <= 0:
            raise UsageError(f"loop.learning_rate={self.learning_rate:g} must be above 0; usual are 1e-4 to 2e-3")


@dataclass(frozen=True)
class TrainConfig:
    """``parts`` are trained together, none: all of them; ``model`` is the pipeline's own configuration dataclass."""

    pipeline: str = "two_stage"
    parts: tuple[str, ...] = ()
    data: DataConfig = field(default_factory=DataConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    adapt: AdaptConfig = field(default_factory=AdaptConfig)
    distil: DistilConfig = field(default_factory=DistilConfig)
    model: Any = None


def load_config(path: Path | None, overrides: Sequence[str] = (), initial: Path | None = None) -> TrainConfig:
    """The configuration of a YAML file with ``key.path=value`` overrides.

    Settings of the model that are not given come from the model folder ``initial``, if training starts from one.

    Raises UsageError for a missing file, bad YAML, an unknown key (with a suggestion), a value of the wrong kind or one
    that contradicts the weights of ``initial``.
    """
    data = read_yaml(path) if path else {}
    for override in overrides:
        apply_override(data, override)
    model = data.pop("model", None) or {}
    config = from_plain(TrainConfig, data)
    if config.pipeline not in TRAINED:
        raise UsageError(f"pipeline={config.pipeline!r} is unknown: {suggest(config.pipeline, list(TRAINED))}")
    kind = importlib.import_module(TRAINED[config.pipeline]).config_class()
    if initial is None:
        return replace(config, model=from_plain(kind, model, "model"))
    stored = read_model_config(initial).get("model") or {}
    own, wanted = model_config(initial, kind), from_plain(kind, laid_over(stored, model), "model")
    check_against_weights(own, wanted, initial)
    return replace(config, model=wanted)


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings, those of ``above`` where both have one."""
    both = {
        key: laid_over(below[key], value)
        for key, value in above.items()
        if isinstance(value, Mapping) and isinstance(below.get(key), Mapping)
    }
    return {**below, **above, **both}


def check_against_weights(own: Any, wanted: Any, initial: Path) -> None:
    """Raises UsageError if a wanted setting of the model contradicts what the weights in ``initial`` depend on."""
    for section in own.bound_to_weights:
        for setting in fields(getattr(own, section)):
            name = f"{section}.{setting.name}"
            trained, asked = (getattr(getattr(config, section), setting.name) for config in (own, wanted))
            if trained != asked and not {section, name} & set(own.adjustable):
                raise UsageError(
                    f"model.{name}={asked} contradicts {initial}, whose weights were trained with {trained}; "
                    "leave the setting out, or train without --from"
                )


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
