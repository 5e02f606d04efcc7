"""Training: forward, loss, backward, AdamW step, over mini-batches. One loop for every part of every pipeline."""

from __future__ import annotations

import importlib
import math
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import torch
import yaml
from torch import nn

from ocr.bad_batch import write_images
from ocr.checkpoint import find_checkpoint
from ocr.compile_network import compile_network
from ocr.config import LoopConfig, TrainConfig
from ocr.distributed import Processes, join_processes, whole
from ocr.early_stop import out_of_patience
from ocr.errors import TrainingError, UsageError
from ocr.forgetting import guarded, report_forgetting
from ocr.models.adapt import adapt, trained_state
from ocr.models.adapter_folder import fingerprint_of
from ocr.models.codec import Alphabet, default_alphabet
from ocr.models.distil import distil, taught
from ocr.models.gradient_checkpointing import checkpoint_blocks
from ocr.models.grow_alphabet import fit_alphabet
from ocr.models.int8_aware import round_layers
from ocr.models.quantize import optimizer_class
from ocr.models.registry import TRAINED
from ocr.models.schema import suggest, to_plain
from ocr.models.trainable import Batch, Pipeline, Scores
from ocr.models.weights import ALPHABET, WEIGHTS, load_state
from ocr.parameter_groups import parameter_groups
from ocr.pipeline import find_model, model_name
from ocr.stop_signals import StopSignals
from ocr.teacher_labels import with_taught_labels
from ocr.train_state import TrainState, evaluate, restore_statistics, update_average
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

    ``resume`` goes on from the newest whole checkpoint in ``output`` with the batches that would have come;
    ``initial`` starts from the weights of a model folder, and what that model forgets is told at the end;
    ``grow_alphabet`` adds symbols of the labels that it lacks. With ``config.adapt`` its weights stay as they are, and
    ``output / "best"`` is an adapter folder. Under ``accelerate launch`` or ``torchrun`` all processes call this.
    Raises UsageError for a config that cannot be trained, TrainingError if the numbers break down, KeyboardInterrupt at
    Ctrl+C when a checkpoint is saved.
    """
    cv2.setNumThreads(1)  # worker processes that are forked after OpenCV's threads have run may hang in it
    on_cpu = config.loop.device == "cpu" or not torch.cuda.is_available()
    with join_processes(config.loop.distributed, on_cpu) as processes, StopSignals() as stop:
        return train_together(config, output, processes, stop, resume, initial, grow_alphabet)


def train_together(
    config: TrainConfig, output: Path, processes: Processes, stop: StopSignals, resume: bool, initial: Path | None,
    grow_alphabet: bool,
) -> Scores:  # fmt: skip
    """The training of one process, alone or among others; see :func:`train`."""
    found, output = find_checkpoint(output, resume), processes.folder(output)
    config = guarded(with_taught_labels(config, output), initial)
    device, loop = prepare_device(config.loop)
    pipeline = build_pipeline(config, initial)
    if fit_alphabet(pipeline, config.data, grow=grow_alphabet) and "head" not in config.adapt.also:
        # the base knows nothing of the new symbols, so the last layer goes into the adapter
        config = replace(config, adapt=replace(config.adapt, also=(*config.adapt.also, "head")))
    parts = config.parts or pipeline.parts
    # channels last: convolutions' backward passes take a seventh less of a step on a CPU
    choose_trained(pipeline.to(device).to(memory_format=torch.channels_last), config, parts, initial)
    validation = pipeline.validation(parts, config.data) if processes.is_main else None
    before = evaluate(pipeline, trained_state(pipeline), validation) if initial is not None and validation else None
    state = begin(pipeline, config, loop, device, processes)
    if initial is not None:
        state.start = {name: tensor.clone() for name, tensor in processes.whole(state.average).items()}
    if found is not None:
        state.restore(found)
    output.mkdir(parents=True, exist_ok=True)
    (output / "config.yaml").write_text(yaml.safe_dump(to_plain(config), sort_keys=False), encoding="utf-8")
    batches = pipeline.batches(parts, config.data, loop.seed, state.share(found))
    log, bad = TrainingLog(output, replace(config, loop=loop), pipeline, initial, state.step), 0
    watched = log.watch(batches)
    pipeline.train()
    stop.listen()
    if found is not None and not found.progress.scored:  # it was stopped while it was evaluated
        state.score_and_save(output, config, validation, batches, log, stop)
    for step in range(state.step, loop.steps):
        own = schedule_progress(loop, step, state.seconds) if processes.is_main else 0.0
        progress, stopping = processes.total([own, float(stop.requested)])
        if stopping:
            break
        rate = set_learning_rate(state.optimizer, loop, step, progress)
        losses = train_step(state, watched, loop, device)
        state.step = step + 1
        bad = 0 if losses.pop("finite") else bad + 1
        samples = losses.pop("samples")
        log.record(losses, samples)
        if bad:
            restore_statistics(state.average, pipeline)
            report_bad_step(state, bad, rate, batches.number, loop.seed, output)
        else:
            update_average(state.average, pipeline, decay=min(loop.ema, (step + 1) / (step + 10)))
        if state.step % loop.log_every == 0:
            log.progress(state.step, rate, state.seconds, progress)
        if state.step % loop.evaluate_every == 0 or state.step == loop.steps or progress >= 1:
            state.score_and_save(output, config, validation, batches, log, stop)
            if processes.total([float(out_of_patience(output, loop, state.step))])[0]:
                break
        elif loop.save_every and state.step % loop.save_every == 0:
            state.save(output, batches)
        if progress >= 1:
            break
    if stop.requested:
        if state.saved != state.step:
            state.save(output, batches)
        stop.raise_again()
    if before is not None and validation is not None:
        after = state.step_back(output, config, before, validation)
        report_forgetting(before, after, config, pipeline.alphabet, output)
    log.close()
    return state.scores


def begin(
    pipeline: Pipeline, config: TrainConfig, loop: LoopConfig, device: torch.device, processes: Processes
) -> TrainState:
    """The run before its first step: what is trained, its average, the optimizer.

    Raises UsageError for what cannot be done in shards.
    """
    if processes.sharded and processes.count > 1 and (loop.precision == "fp16" or config.adapt.method == "qlora"):
        raise UsageError("loop.distributed=fsdp cannot do loop.precision=fp16 nor adapt.method=qlora; take ddp")
    if loop.int8 and (loop.compile or config.adapt.method != "none"):
        raise UsageError("loop.int8=true cannot do loop.compile nor adapters; leave one of them out")
    reading = processes.for_reading(pipeline)
    if loop.int8:
        round_layers(pipeline, config.parts or pipeline.parts)
    if loop.gradient_checkpointing:
        checkpoint_blocks(pipeline)
    network = processes.wrap(pipeline, device)
    if loop.compile:
        network = compile_network(network, device)
    average = {name: tensor.detach().clone() for name, tensor in trained_state(pipeline).items()}
    scaler = torch.amp.GradScaler(device.type, enabled=loop.precision == "fp16")
    return TrainState(pipeline, network, reading, build_optimizer(pipeline, config), scaler, processes, average)


def train_step(state: TrainState, batches: Iterator[Batch], loop: LoopConfig, device: torch.device) -> dict[str, float]:
    """Forward, loss, backward, step. Returns the named losses of this process's batches, and of all processes
    ``samples`` and ``finite`` (0: the step was skipped)."""
    pipeline, network, processes, scaler = state.pipeline, state.network, state.processes, state.scaler
    state.optimizer.zero_grad(set_to_none=True)
    sums: dict[str, float] = {}
    samples = 0.0
    for part in range(loop.accumulate):
        batch = state.batch = to_device(next(batches), device)
        seed_batch(loop.seed, (state.step * loop.accumulate + part) * processes.count + processes.rank)
        last = part + 1 == loop.accumulate
        with processes.gradients_of(network, last), processes.statistics_in_turn(pipeline):
            with autocast(loop, device):
                output = network(batch)
            losses = taught(pipeline, pipeline.loss(output, batch), output, batch)
            total = torch.stack(list(losses.values())).sum() / loop.accumulate
            scaler.scale(total).backward()
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + value.item() / loop.accumulate
        samples += sum(len(next(iter(tensors.values()))) for tensors in batch.values())
    scaler.unscale_(state.optimizer)
    norm = whole(nn.utils.clip_grad_norm_(pipeline.parameters(), loop.clip))
    broken = not bool(torch.isfinite(norm)) or not all(math.isfinite(value) for value in sums.values())
    samples, broken_ones = processes.total([samples, float(broken)])
    if not broken_ones or scaler.is_enabled():  # the scaler skips steps that overflow by itself
        scaler.step(state.optimizer)
    scaler.update()
    return sums | {"finite": float(not broken_ones), "samples": samples}


def seed_batch(seed: int, number: int) -> None:
    """Dropout and the like depend on the seed and the batch's number alone, whoever computes it and after any break."""
    torch.manual_seed(seed * 1_000_000_007 + number)


def report_bad_step(state: TrainState, bad: int, rate: float, taken: int, seed: int, output: Path) -> None:
    """Tell of a step that was skipped. Raises TrainingError if it is the tenth in a row."""
    what = f"step {state.step}: loss or gradient is not finite (batches up to {taken} of the series of seed {seed})"
    if bad < BAD_STEPS:
        print(f"warning: {what}; the step is skipped", file=sys.stderr, flush=True)  # noqa: T201
        return
    folder = write_images(state.batch, output / "bad_batch")
    raise TrainingError(
        f"{what}, {bad} steps in a row, at learning rate {rate:.2e}; lower loop.learning_rate, "
        f"or look at the images of the last batch in {folder}"
    )


def build_pipeline(config: TrainConfig, initial: Path | None) -> Pipeline:
    """The pipeline with new weights, or with those of a model folder. Raises UsageError for unknown parts."""
    torch.manual_seed(config.loop.seed)
    module = importlib.import_module(TRAINED[config.pipeline])
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
    groups = parameter_groups(pipeline, config.loop)
    kind = optimizer_class(groups[0]["params"][0].device) if config.adapt.method == "qlora" else torch.optim.AdamW
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
        group["lr"] = rate * group.get("scale", 1.0)
    return rate


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
    if name == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    make_deterministic(loop)
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


def make_deterministic(loop: LoopConfig) -> None:
    """Have torch compute the same bits each time, or leave it free to. Raises UsageError for a limit in minutes."""
    if loop.deterministic and loop.minutes:
        raise UsageError("loop.deterministic=true: how far minutes reach differs from run to run; set loop.minutes=0")
    if loop.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS refuses
    torch.use_deterministic_algorithms(loop.deterministic)
    torch.backends.cudnn.deterministic = loop.deterministic


def cpu_computes_bf16() -> bool:
    """Whether the processor has instructions for bf16; without them a step takes 15 times as long as in fp32."""
    known = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(known and known())


def autocast(loop: LoopConfig, device: torch.device) -> torch.autocast:
    kind = torch.float16 if loop.precision == "fp16" else torch.bfloat16
    return torch.autocast(device.type, kind, enabled=loop.precision != "fp32")


def to_device(batch: Batch, device: torch.device) -> Batch:
    return {part: {k: v.to(device, non_blocking=True) for k, v in tensors.items()} for part, tensors in batch.items()}
