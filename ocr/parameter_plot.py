"""A picture of parameter counts on a logarithmic scale: our models beside well-known ones. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.errors import MissingExtraError, OutputError, UsageError
from ocr.reference_models import OCR, OURS, TABLE, TEXT, VISION, ReferenceModel, beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENDINGS = (".png", ".svg", ".pdf")

COLOURS = {OURS: "#c1121f", OCR: "#e09f3e", VISION: "#2a6f97", TEXT: "#6c757d", TABLE: "#606c38"}
"""A colour for each kind of model."""

LEFT_END, RIGHT_END = 10.0, 3e12
"""Ends of the axis; the right one leaves room for the figures beside the dots."""


def draw_parameters(own: Mapping[str, int], labels: Mapping[str, str], path: Path) -> None:
    """Draw a row a model, smallest at the top, and write the picture.

    Args:
        own: Name of a model to its parameters.
        labels: What is written beside the dots, by name of the model.
        path: File that ends in one of :data:`ENDINGS`.

    Raises:
        UsageError: The file has another ending.
        MissingExtraError: matplotlib is not installed.
        OutputError: The file cannot be written.
    """
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"--plot {path}: a picture is written as {', '.join(ENDINGS)}; give a name that ends so")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("--plot FILE", "train") from error
    models = beside(own)
    figure = Figure(figsize=(10.0, 1.6 + 0.3 * len(models)), dpi=130, layout="constrained")
    axes = figure.add_subplot()
    for row, model in enumerate(models):
        draw_row(axes, row, model, labels[model.name])
    dress(axes, models)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; choose another file") from error


def draw_row(axes: Axes, row: int, model: ReferenceModel, label: str) -> None:
    """A thin line from the edge to the model's dot (or bar, if it has a range), and its figure."""
    low, high = model.parameters
    colour = COLOURS[model.kind]
    axes.hlines(row, LEFT_END, low, color="#dddddd", linewidth=1.0, zorder=1)
    axes.plot([low, high], [row, row], color=colour, marker="o", markersize=9, linewidth=4, zorder=3)
    weight = "bold" if model.kind == OURS else "normal"
    axes.annotate(
        label, (high, row), xytext=(10, 0), textcoords="offset points", va="center", color=colour, fontweight=weight,
        fontsize=9, parse_math=False,
    )  # fmt: skip


def dress(axes: Axes, models: tuple[ReferenceModel, ...]) -> None:
    """Names, axes and legend; the upper axis tells what the weights take in bf16, 2 bytes a parameter."""
    axes.set_xscale("log")
    axes.set_xlim(LEFT_END, RIGHT_END)
    axes.set_ylim(len(models) - 0.4, -0.6)
    axes.set_yticks(range(len(models)), [model.name for model in models], parse_math=False, fontsize=9)
    for text, model in zip(axes.get_yticklabels(), models, strict=True):
        text.set_color(COLOURS[model.kind])
        text.set_fontweight("bold" if model.kind == OURS else "normal")
    counts = {1e1: "10", 1e2: "100", 1e3: "1 thousand", 1e6: "1 million", 1e9: "1 billion", 1e12: "1 trillion"}
    axes.set_xticks(list(counts), list(counts.values()))
    axes.set_xlabel("parameters (logarithmic scale: each line is 10 times the one before)")
    axes.set_xticks([10.0**power for power in range(1, 13)], minor=True)
    axes.tick_params(which="minor", labelbottom=False)
    axes.grid(which="both", axis="x", color="#eeeeee")
    sizes = {1e3: "2 kB", 1e6: "2 MB", 1e9: "2 GB", 1e12: "2 TB"}
    upper = axes.secondary_xaxis("top")
    upper.set_xticks(list(sizes), list(sizes.values()))
    upper.set_xticks([], minor=True)
    upper.set_xlabel("bytes of the weights in bf16 (2 a parameter)")
    for side in ("left", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    kinds = dict.fromkeys(model.kind for model in models)
    handles = [axes.plot([], [], color=COLOURS[kind], marker="o", markersize=9, linestyle="")[0] for kind in kinds]
    axes.legend(handles, list(kinds), loc="upper right", frameon=True, fontsize=9)
