"""Training: forward, loss, backward, AdamW step, over mini-batches. One loop for every part of every pipeline."""

from __future__ import annotations

import importlib
import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
import yaml
from torch import Tensor, nn

from ocr.checkpoint import Checkpoint, newest_checkpoint, save_best, save_checkpoint
from ocr.config import LoopConfig, TrainConfig
from ocr.errors import TrainingError, UsageError
from ocr.forgetting import guarded, report_forgetting
from ocr.models.adapt import adapt, trained_state
from ocr.models.adapter_folder import fingerprint_of
from ocr.models.codec import Alphabet, default_alphabet
from ocr.models.distil import distil, taught
from ocr.models.grow_alphabet import fit_alphabet
from ocr.models.quantize import optimizer_class
from ocr.models.registry import PIPELINES
from ocr.models.schema import suggest, to_plain
from ocr.models.trainable import Batch, Pipeline, Scores
from ocr.models.weights import ALPHABET, WEIGHTS, load_state
from ocr.pipeline import find_model, model_name
from ocr.teacher_labels import with_taught_labels
from ocr.training_log import TrainingLog

BAD_STEPS = 10
"""Steps in a row with a loss or gradient that is not finite after which training stops."""

PRECISIONS = ("auto", "fp32", "bf16", "fp16")

FINAL_RATE = 0.02
"""Share of the peak learning rate that the schedule ends at."""


def train(
    config: TrainConfig, output: Path, *, resume: bool = False, initial: Path | None = None, grow_alphabet: bool = False
) -> Scores:
    """Train the parts of the configuration and leave the best weights as a model folder in ``output / "best"``.

    ``resume`` goes on from the newest checkpoint in ``output``; ``initial`` starts from the weights of a model folder,
    and what that model forgets is told at the end; ``grow_alphabet`` adds symbols of the labels that it lacks. With
    ``config.adapt`` its weights stay as they are, and ``output / "best"`` is an adapter folder.
    Raises UsageError for a config that cannot be trained, TrainingError if the numbers break down.
    """
    config = guarded(with_taught_labels(config, output), initial)
    device, loop = prepare_device(config.loop)
    pipeline = build_pipeline(config, initial)
    if fit_alphabet(pipeline, config.data, grow=grow_alphabet) and "head" not in config.adapt.also:
        # the base knows nothing of the new symbols, so the last layer goes into the adapter
        config = replace(config, adapt=replace(config.adapt, also=(*config.adapt.also, "head")))
    parts = config.parts or pipeline.parts
    choose_trained(pipeline.to(device), config, parts, initial)
    average = {name: tensor.detach().clone() for name, tensor in trained_state(pipeline).items()}
    validation = pipeline.validation(parts, config.data)
    before = evaluate(pipeline, average, validation) if initial is not None else None
    optimizer = build_optimizer(pipeline, config)
    start = Checkpoint(step=0, best=math.inf, seconds=0.0)
    if resume and (found := newest_checkpoint(output)) is not None:
        start = found.restore(pipeline, average, optimizer)
    output.mkdir(parents=True, exist_ok=True)
    (output / "config.yaml").write_text(yaml.safe_dump(to_plain(config), sort_keys=False), encoding="utf-8")
    # a resumed run draws new data: its seed depends on the step it starts from
    batches = pipeline.batches(parts, config.data, seed=loop.seed + start.step)
    log, clock = TrainingLog(output, loop.steps, loop.minutes), time.monotonic() - start.seconds
    scaler = torch.amp.GradScaler(device.type, enabled=loop.precision == "fp16")
    best, bad, scores = start.best, 0, Scores(math.inf, {})
    kept: Scores | None = None
    pipeline.train()
    for step in range(start.step, loop.steps):
        progress = schedule_progress(loop, step, time.monotonic() - clock)
        rate = set_learning_rate(optimizer, loop, step, progress)
        losses = train_step(pipeline, batches, optimizer, scaler, loop, device)
        bad = 0 if losses.pop("finite") else bad + 1
        samples = losses.pop("samples")
        log.record(losses, samples)
        if bad >= BAD_STEPS:
            raise TrainingError(
                f"step {step}: {bad} losses in a row are not finite at learning rate {rate:.2e}; "
                "lower loop.learning_rate"
            )
        update_average(average, pipeline, decay=min(loop.ema, (step + 1) / (step + 10)))
        if (step + 1) % loop.log_every == 0:
            log.progress(step + 1, rate, time.monotonic() - clock, progress)
        if (step + 1) % loop.evaluate_every == 0 or step + 1 == loop.steps or progress >= 1:
            scores = evaluate(pipeline, average, validation)
            log.scores(step + 1, scores)
            if scores.objective is None or scores.objective < best:  # nothing to judge by: the newest is the best
                best, kept = scores.objective or 0.0, scores
                save_best(output, config, pipeline, average)
            save_checkpoint(output, pipeline, average, optimizer, Checkpoint(step + 1, best, time.monotonic() - clock))
        if progress >= 1:
            break
    log.close()
    if before is not None:
        report_forgetting(before, kept, config, pipeline.alphabet, output)
    return scores


def train_step(
    pipeline: Pipeline, batches: Iterator[Batch], optimizer: torch.optim.Optimizer, scaler: torch.amp.GradScaler,
    loop: LoopConfig, device: torch.device,
) -> dict[str, float]:  # fmt: skip
    """Forward, loss, backward, step. Returns the named losses, ``samples`` and ``finite`` (0: the step was skipped)."""
    optimizer.zero_grad(set_to_none=True)
    sums: dict[str, float] = {}
    for _ in range(loop.accumulate):
        batch = to_device(next(batches), device)
        with autocast(loop, device):
            output = pipeline(batch)
        losses = taught(pipeline, pipeline.loss(output, batch), output, batch)
        total = torch.stack(list(losses.values())).sum() / loop.accumulate
        scaler.scale(total).backward()
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + value.item() / loop.accumulate
        sums["samples"] = sums.get("samples", 0.0) + sum(len(tensors["images"]) for tensors in batch.values())
    scaler.unscale_(optimizer)
    norm = nn.utils.clip_grad_norm_(pipeline.parameters(), loop.clip)
    finite = bool(torch.isfinite(norm)) and all(math.isfinite(value) for value in sums.values())
    if finite or scaler.is_enabled():  # the scaler skips steps that overflow by itself
        scaler.step(optimizer)
    scaler.update()
    return sums | {"finite": float(finite)}


def build_pipeline(config: TrainConfig, initial: Path | None) -> Pipeline:
    """The pipeline with new weights, or with those of a model folder. Raises UsageError for unknown parts."""
    torch.manual_seed(config.loop.seed)
    module = importlib.import_module(PIPELINES[config.pipeline])
    alphabet = default_alphabet() if initial is None else Alphabet.load(initial / ALPHABET)
    pipeline: Pipeline = module.build(config.model, alphabet)
    parts = config.parts or pipeline.parts
    unknown = [part for part in parts if part not in pipeline.parts]
    if unknown:
        raise UsageError(f"parts={list(parts)}: {suggest(unknown[0], list(pipeline.parts))}")
    if initial is not None:
        load_state(pipeline, initial / WEIGHTS)
    return pipeline


def choose_trained(pipeline: Pipeline, config: TrainConfig, parts: Sequence[str], initial: Path | None) -> None:
    """Freeze, in place, all but the parts that are trained, or all but an adapter for them.

    Raises UsageError if an adapter is wanted without a model to adapt.
    """
    for name, parameter in pipeline.named_parameters():
        parameter.requires_grad_(name.split(".")[0] in parts)
    if config.adapt.method != "none":
        if initial is None:
            raise UsageError(f"adapt.method={config.adapt.method} needs a model to adapt; give one with --from")
        adapt(pipeline, config.adapt, parts, model_name(initial.resolve()), fingerprint_of(initial))
    if config.distil.teacher:
        distil(pipeline, config.distil, find_model(config.distil.teacher), parts)


def build_optimizer(pipeline: Pipeline, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW (arXiv 1711.05101) over what is trained; no weight decay on norms, biases and other vectors.

    For QLoRA on CUDA its states are held in 8 bits and paged.
    """
    trained = [parameter for parameter in pipeline.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": config.loop.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    kind = optimizer_class(trained[0].device) if config.adapt.method == "qlora" else torch.optim.AdamW
    return kind(groups, lr=config.loop.learning_rate, betas=config.loop.betas)


def schedule_progress(loop: LoopConfig, step: int, seconds: float) -> float:
    """How much of the run is over, 0 to 1, by steps or by minutes, whichever is further on."""
    by_time = seconds / (60 * loop.minutes) if loop.minutes else 0.0
    return min(1.0, max(by_time, step / loop.steps))


def set_learning_rate(optimizer: torch.optim.Optimizer, loop: LoopConfig, step: int, progress: float) -> float:
    """Linear warm-up, then half a cosine (arXiv 1608.03983) down to a fiftieth of the peak."""
    cosine = FINAL_RATE + (1 - FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * progress))
    rate = loop.learning_rate * min(1.0, (step + 1) / max(loop.warmup, 1)) * cosine
    for group in optimizer.param_groups:
        group["lr"] = rate
    return rate


@torch.no_grad()
def update_average(average: dict[str, Tensor], pipeline: Pipeline, decay: float) -> None:
    """Exponential moving average of what is trained; counters are copied."""
    own = pipeline.state_dict()
    for name, mean in average.items():
        if mean.is_floating_point():
            mean.lerp_(own[name], 1 - decay)
        else:
            mean.copy_(own[name])


def evaluate(pipeline: Pipeline, average: dict[str, Tensor], validation: object) -> Scores:
    """Scores of the averaged weights; the pipeline gets its own weights back."""
    own = {name: tensor.clone() for name, tensor in trained_state(pipeline).items()}
    pipeline.load_state_dict(average, strict=False)  # of an adapted pipeline only the adapter
    pipeline.eval()
    scores: Scores = validation(pipeline)  # type: ignore[operator]
    pipeline.load_state_dict(own, strict=False)
    pipeline.train()
    return scores


def prepare_device(loop: LoopConfig) -> tuple[torch.device, LoopConfig]:
    """The device to train on, and the settings with the precision that ``auto`` stands for there.

    Raises UsageError for CUDA that is not there or a precision it cannot do.
    """
    if loop.precision not in PRECISIONS:
        raise UsageError(f"loop.precision={loop.precision!r}: {suggest(loop.precision, list(PRECISIONS))}")
    available = torch.cuda.is_available()
    name = ("cuda" if available else "cpu") if loop.device == "auto" else loop.device
    if name.startswith("cuda") and not available:
        raise UsageError(f"loop.device={loop.device!r}: no CUDA device here; set loop.device=cpu")
    if loop.precision == "fp16" and not name.startswith("cuda"):
        raise UsageError("loop.precision=fp16 needs CUDA; set loop.precision=bf16 or fp32")
    if loop.threads:
        torch.set_num_threads(loop.threads)
    torch.set_flush_denormal(True)
    if name == "cpu":
        from timm.layers import set_fused_attn

        set_fused_attn(False)  # over so few tokens its backward pass takes longer on CPUs than the plain one's
    if loop.precision == "auto":
        loop = replace(loop, precision="bf16" if name.startswith("cuda") or cpu_computes_bf16() else "fp32")
    print(f"training on {name}, {loop.precision}", file=sys.stderr)  # noqa: T201
    return torch.device(name), loop


def cpu_computes_bf16() -> bool:
    """Whether the processor has instructions for bf16; without them a step takes 15 times as long as in fp32."""
    known = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(known and known())


def autocast(loop: LoopConfig, device: torch.device) -> torch.autocast:
    kind = torch.float16 if loop.precision == "fp16" else torch.bfloat16
    return torch.autocast(device.type, kind, enabled=loop.precision != "fp32")


def to_device(batch: Batch, device: torch.device) -> Batch:
    return {part: {k: v.to(device, non_blocking=True) for k, v in tensors.items()} for part, tensors in batch.items()}
