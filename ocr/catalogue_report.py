"""The catalogue as text: a table of models, all that is known of one, and a chart of parameters for the terminal."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from ocr.catalogue import Figures, Model, to_dict
from ocr.model_memory import RANK
from ocr.reference_models import OURS, beside
from ocr.text_table import align, count, size

WAYS = {"full": "all weights", "lora": f"LoRA, rank {RANK}", "qlora": f"LoRA, rank {RANK}, over NF4"}
"""Ways of training, in words."""

NOTE = (
    f"LoRA: rank {RANK} on the linear layers of transformer blocks, and the last layers in full; an adapter is fp16.\n"
    "int8, NF4: the linear layers of blocks quantized, the rest in bf16.\n"
    "Training memory: weights, gradients, AdamW's two moments, running average, activations of a default batch "
    "(estimated),\nall in fp32 but NF4 weights. What the program, its libraries and its data take comes on top."
)

CHART_WIDTH, CHART_END = 48, 12
"""Columns of the chart, and the power of ten that it ends at."""


def to_table(models: Sequence[Model]) -> str:
    """A row a model."""
    headings = ("model", "task", "parameters", "LoRA", "fp32", "bf16", "int8", "NF4", "train", "with LoRA", "QLoRA")
    rows = []
    for model in models:
        figures = Figures(model.parts)
        stored, training = figures.stored, figures.training
        sizes = (stored.fp32, stored.bf16, stored.int8, stored.nf4, *(training[way].total for way in WAYS))
        rows.append(
            (model.name, model.task, count(figures.parameters), count(figures.lora + figures.last), *map(size, sizes))
        )
    return f"{align(headings, rows)}\n\n{NOTE}"


def to_json(models: Sequence[Model]) -> str:
    """``{"models": [...]}`` with every figure."""
    return json.dumps({"models": [to_dict(model) for model in models]}, ensure_ascii=False, indent=1)


def to_text(model: Model) -> str:
    """All that is known of a model: parts, kinds of layers, bytes, training memory, and what its card says."""
    groups = {part.name: Figures((part,)) for part in model.parts}
    if len(groups) > 1:
        groups["together"] = Figures(model.parts)
    paragraphs = [f"{model.name}: {model.task}\n{model.folder}"]
    paragraphs += [parameters_table(groups), kinds_table(model), training_table(groups)]
    batches = "; ".join(f"{part.name}: {part.batch}" for part in model.parts)
    paragraphs += [f"Activations are estimated in fp32 for the default batch ({batches}); in bf16 about half.\n{NOTE}"]
    paragraphs += [f"{heading}\n{body}" for heading, body in model.card.items()]
    return "\n\n".join(paragraphs)


def parameters_table(groups: Mapping[str, Figures]) -> str:
    """Parameters of each part, and their bytes by precision."""
    rows = []
    for name, figures in groups.items():
        stored = figures.stored
        counts = (f"{number:,}" for number in (figures.parameters, figures.lora, figures.last))
        sizes = (stored.fp32, stored.bf16, stored.int8, stored.nf4, figures.adapter_bytes)
        rows.append((name, *counts, *map(size, sizes)))
    headings = ("part", "parameters", f"LoRA rank {RANK}", "last layers", "fp32", "bf16", "int8", "NF4", "adapter")
    return align(headings, rows)


def kinds_table(model: Model) -> str:
    """Layers and parameters of each part by kind of layer."""
    rows = [
        (part.name, kind, str(layers), f"{parameters:,}")
        for part in model.parts
        for kind, (layers, parameters) in Figures((part,)).kinds.items()
    ]
    return align(("part", "kind of layer", "layers", "parameters"), rows, left=2)


def training_table(groups: Mapping[str, Figures]) -> str:
    """What training holds in memory, by part and way of training."""
    rows = []
    for name, figures in groups.items():
        for way, held in figures.training.items():
            sizes = (held.weights, held.gradients, held.moments, held.average, held.activations, held.total)
            rows.append((name, WAYS[way], *map(size, sizes)))
    headings = ("part", "training", "weights", "gradients", "moments", "average", "activations", "in all")
    return align(headings, rows, left=2)


def own_counts(model: Model) -> dict[str, int]:
    """Parameters of a model and, if it has several, of its parts, by the names that a chart shows."""
    short = model.name if len(model.name) <= 32 else f"...{model.name[-29:]}"
    parts = {f"{short}, {part.name}": Figures((part,)).parameters for part in model.parts}
    return {short: Figures(model.parts).parameters} | (parts if len(parts) > 1 else {})


def to_chart(own: Mapping[str, int]) -> str:
    """Parameters of models on a logarithmic scale in plain text, ours (name to parameters) beside well-known ones."""
    models = beside(own)
    width = max(len(model.name) for model in models)
    lines = []
    for model in models:
        low, high = (round(math.log10(n) / CHART_END * CHART_WIDTH) for n in model.parameters)
        mark = "█" if model.kind == OURS else "o"
        bar = " " * low + mark * (high - low + 1)
        lines.append(f"{model.name:>{width}} |{bar:<{CHART_WIDTH}}| {span(model.parameters)}")
    step = CHART_WIDTH // 4
    marks = "".join(f"{text:<{step}}" for text in ("1", "1 thousand", "1 million", "1 billion"))
    return "\n".join([*lines, f"{'':>{width}} |{marks}| parameters, logarithmic"])


def span(parameters: tuple[int, int]) -> str:
    """``117 M``, or ``20 to 200``."""
    low, high = parameters
    return count(low) if low == high else f"{count(low)} to {count(high)}"
