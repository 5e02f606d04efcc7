"""The curves of a training run as one picture: losses, learning rate, speed, validation scores. Needs matplotlib."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.errors import MissingExtraError
from ocr.run_folder import CURVES_PICTURE, Run, number
from ocr.time_shares import waiting_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#2a6f97", "#c1121f", "#606c38", "#e09f3e", "#7b2cbf", "#00798c", "#bc6c25", "#6c757d")
BEST = "#c1121f"

POINTS = 2000
"""Most points of a line; of longer curves every n-th is drawn."""

WIDE_RANGE = 20.0
"""Losses whose largest is so many times the smallest are drawn on a logarithmic scale."""

SMOOTH_FROM = 60
"""Rows from which a running mean is laid over the losses."""

Line = tuple[Sequence[int], Sequence[float | None]]


def draw_curves(run: Run) -> Path:
    """Write ``curves.png`` into the run's folder and give its path.

    Raises MissingExtraError without matplotlib, OSError if the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("drawing the curves of a run", "train") from error
    groups = score_groups(run)
    rows = 2 + math.ceil(len(groups) / 2)
    figure = Figure(figsize=(11.0, 1.0 + 2.7 * rows), dpi=110, layout="constrained")
    axes = figure.subplots(rows, 2, squeeze=False).flatten()
    draw_losses(axes[0], run)
    steps = [row["step"] for row in run.curve]
    draw_lines(axes[1], "learning rate", {"": (steps, [number(row.get("rate")) for row in run.curve])})
    speed = [number(row.get("samples_per_second")) for row in run.curve]
    draw_lines(axes[2], "samples a second", {"": (steps, speed)})
    axes[2].set_ylim(bottom=0)
    waits = [100 * waiting_share(row.get("time") or {}) for row in run.curve]
    draw_lines(axes[3], "percent of the time that steps wait for data", {"": (steps, waits)})
    axes[3].set_ylim(0, max(10.0, 1.1 * max(waits, default=0.0)))
    for place, (name, lines) in zip(axes[4:], groups.items(), strict=False):
        draw_lines(place, f"validation: {name}", lines, marker="o")
        mark_best(place, run)
    for place in axes[4 + len(groups) :]:
        place.set_visible(False)
    figure.suptitle(title(run), fontsize=11, parse_math=False)
    path = run.folder / CURVES_PICTURE
    unfinished = path.with_name(f".{path.name}")
    figure.savefig(unfinished, format="png")
    unfinished.replace(path)
    return path


def title(run: Run) -> str:
    """``runs/mine: recognizer, step 2,000, best at 1,800``."""
    best = f", best at {run.best.step:,}" if run.best else ""
    return f"{run.folder}: {', '.join(run.session.parts) or 'training'}, step {run.step:,}{best}"


def score_groups(run: Run) -> dict[str, dict[str, Line]]:
    """Scores by metric: ``cer`` with a line for each set. ``objective`` comes first where it is no single score."""
    groups: dict[str, dict[str, Line]] = {}
    objectives = [row.objective for row in run.evaluations]
    steps = [row.step for row in run.evaluations]
    names = sorted({name for row in run.evaluations for name in row.values})
    if len(names) > 1 and any(value is not None for value in objectives):
        groups["objective (is minimised)"] = {"": (steps, objectives)}
    for name in names:
        metric, _, rest = name.partition("/")
        groups.setdefault(metric, {})[rest or metric] = (steps, [row.values.get(name) for row in run.evaluations])
    return groups


def draw_losses(axes: Axes, run: Run) -> None:
    """Each named loss, with a running mean over long ones."""
    names = list(dict.fromkeys(name for row in run.curve for name in row["losses"]))
    steps = [row["step"] for row in run.curve]
    lines = {name: (steps, [number(row["losses"].get(name)) for row in run.curve]) for name in names}
    smoothed = {name: (steps, running_mean(values)) for name, (_, values) in lines.items()}
    if len(steps) >= SMOOTH_FROM:
        draw_lines(axes, "", {f"_{name}": line for name, line in lines.items()}, alpha=0.25)
    draw_lines(axes, "training loss", smoothed if len(steps) >= SMOOTH_FROM else lines)
    drawn = [value for _, values in lines.values() for value in values if value is not None and value > 0]
    if drawn and max(drawn) > WIDE_RANGE * min(drawn):
        axes.set_yscale("log")


def draw_lines(axes: Axes, name: str, lines: Mapping[str, Line], marker: str = "", alpha: float = 1.0) -> None:
    """Lines over the steps under a title; what is missing or no number leaves a gap."""
    for colour, (label, (steps, values)) in zip(COLOURS * len(lines), lines.items(), strict=False):
        thin = max(1, len(steps) // POINTS)
        drawn = [math.nan if value is None else value for value in values]
        shown = marker if len(steps) <= 60 else ""
        axes.plot(
            list(steps)[::thin], drawn[::thin], color=colour, label=label, linewidth=1.5, alpha=alpha,
            marker=shown or ("." if len(steps) == 1 else ""), markersize=4,
        )  # fmt: skip
    axes.set_title(name, fontsize=10, loc="left", parse_math=False)
    axes.grid(color="#eeeeee")
    axes.set_xlabel("step", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.xaxis.set_major_formatter(lambda value, position: f"{value:,.0f}")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if any(label and not label.startswith("_") for label in lines):
        axes.legend(fontsize=8, frameon=False)


def mark_best(axes: Axes, run: Run) -> None:
    """A dashed line at the step whose weights are kept."""
    if run.best:
        axes.axvline(run.best.step, color=BEST, linewidth=1.2, linestyle="--", alpha=0.6)


def running_mean(values: Sequence[float | None]) -> list[float | None]:
    """Mean over the thirtieth of the curve around each point; gaps stay gaps."""
    half = max(1, len(values) // 60)
    smooth: list[float | None] = []
    for place, value in enumerate(values):
        around = [near for near in values[max(0, place - half) : place + half + 1] if near is not None]
        smooth.append(sum(around) / len(around) if value is not None else None)
    return smooth
