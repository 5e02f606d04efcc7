"""Training runs in words and tables: ``ocr runs``, ``ocr runs show``. Needs no torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ocr.run_folder import CARD, CURVES_PICTURE, RUNNING, SAMPLES_PICTURE, Run, Session, lower_is_better, number, spread
from ocr.run_warnings import run_warnings
from ocr.text_table import align, count, size
from ocr.time_shares import PHASES, waiting_share

SHOWN_ROWS = 10
"""Rows of the tables of a curve: the first, the last, and some between."""

SHOWN_SAMPLES, SHOWN_STEPS, SHOWN_LETTERS = 4, 4, 70
"""Samples, steps of each, and letters that are shown of what was read over time."""

PHASE_WORDS = {
    "starting": "starting, until the first batch was there",
    "computing": "forward, backward and steps",
    "waiting": "waiting for data",
    "evaluating": "evaluating, and drawing samples",
    "saving": "saving",
}


def to_table(runs: Sequence[Run]) -> str:
    """A row a run."""
    headings = ("run", "state", "parts", "started", "steps", "minutes", "best score", "at step")
    rows = []
    for run in runs:
        best = run.best
        started = day(run.sessions[0].started) if run.sessions else ""
        course = (steps_of(run), minutes(run.seconds) if run.curve else "")
        chosen = (best_score(run), f"{best.step:,}" if best else "")
        rows.append((str(run.folder), run.state, ", ".join(parts_of(run)), started, *course, *chosen))
    return align(headings, rows, left=4)


def to_text(run: Run) -> str:
    """All that is known of a run."""
    sections = {
        "": headline(run),
        "Worth knowing": "\n".join(f"- {line}" for line in run_warnings(run)),
        "Scores": scores_text(run),
        "Curve": curve_table(run),
        "Where the time went": time_text(run),
        "What it reads": readings_text(run),
        "Settings that differ from the defaults": settings_text(run.session),
        "Data": data_table(run.session),
        "How it was made": origin_text(run),
        "Files": "\n".join(
            str(run.folder / name) for name in (CURVES_PICTURE, SAMPLES_PICTURE, CARD) if (run.folder / name).is_file()
        ),
    }
    return "\n\n".join(f"{name}\n{body}" if name else body for name, body in sections.items() if body)


def headline(run: Run) -> str:
    """State, parts, steps and time in two sentences or three."""
    session = run.session
    first = f"{run.folder}: {run.state}"
    if run.state == session.ending and session.reason:
        first += f" ({session.reason})"
    lines = [f"{first}. {steps_of(run)} steps in {minutes(run.seconds)} minutes of training."]
    parts = [f"{name} ({count(n)} parameters, {count(m)} trained)" for name, (n, m) in session.parameters.items() if m]
    if parts:
        origin = f"from {session.initial['name']}" if session.initial else "from new weights"
        lines.append(f"Pipeline {session.pipeline}: {', '.join(parts)}, {origin}, {session.precision}.")
    elif any(parts_of(run)):
        lines.append(f"Parts: {', '.join(parts_of(run))}.")
    if len(run.sessions) > 1:
        steps = ", ".join(f"{other.from_step:,}" for other in run.sessions[1:])
        lines.append(f"Resumed from step {steps}; what follows is of the last of {len(run.sessions)} sessions.")
    return "\n".join(lines)


def scores_text(run: Run) -> str:
    """Each score at the first evaluation, in the weights that are kept, and at the last one; and before training."""
    best = run.best
    if best is None:
        return ""
    first, last = run.evaluations[0], run.evaluations[-1]
    before = {row["name"]: row["before"] / 100 for row in run.report.get("scores", []) if number(row.get("before"))}
    names = list(dict.fromkeys(name for row in run.evaluations for name in row.values))
    headings = ["score", *(["before"] if before else []), f"step {first.step:,}", f"best: {best.step:,}"]
    headings += [f"last: {last.step:,}", "to the best"]
    rows = []
    for name in ["objective", *names]:
        start, kept, end = (
            row.objective if name == "objective" else row.values.get(name) for row in (first, best, last)
        )
        if start is None or kept is None:
            continue
        cells = [score(before.get(name))] if before else []
        lower = lower_is_better(name) or name == "objective"
        words = in_words(before.get(name, start), kept, lower)
        rows.append([name, *cells, score(start), score(kept), score(end), words])
    return align(headings, rows) + "\nThe objective is minimised; it chooses the weights that are kept." if rows else ""


def in_words(start: float, kept: float, lower: bool) -> str:
    """How the kept weights compare with those at the start: ``fell by 0.1200, better``."""
    change = kept - start
    if abs(change) < 5e-5:
        return "same"
    verdict = "better" if (change < 0) == lower else "worse"
    return f"{'fell' if change < 0 else 'rose'} by {abs(change):.4f}, {verdict}"


def curve_table(run: Run) -> str:
    """Losses, learning rate and speed at some of the steps, and the objective of the nearest evaluation before."""
    rows = [run.curve[index] for index in spread(range(len(run.curve)), SHOWN_ROWS)]
    if not rows:
        return ""
    names = list(dict.fromkeys(name for row in rows for name in row["losses"]))
    headings = ("step", "minutes", *(f"loss {name}" for name in names), "rate", "samples/s", "waits", "objective")
    table = []
    for row in rows:
        judged = [e.objective for e in run.evaluations if e.step <= row["step"] and e.objective is not None]
        losses = (score(number(row["losses"].get(name))) for name in names)
        rate, speed = number(row.get("rate")) or 0.0, number(row.get("samples_per_second")) or 0.0
        waits = f"{waiting_share(row.get('time') or {}):.0%}"
        told = (f"{rate:.1e}", f"{speed:.0f}", waits, score(judged[-1] if judged else None))
        table.append((f"{row['step']:,}", minutes(number(row.get("seconds")) or 0.0), *losses, *told))
    return align(headings, table, left=0)


def time_text(run: Run) -> str:
    """Seconds and shares by phase."""
    taken = run.time
    total = sum(taken.values())
    if total <= 0:
        return ""
    rows = [
        (PHASE_WORDS.get(phase, phase), f"{taken[phase]:,.0f} s", f"{taken[phase] / total:.0%}")
        for phase in PHASES
        if taken.get(phase)
    ]
    return align(("phase", "time", "share"), rows)


def readings_text(run: Run) -> str:
    """What was read in a few samples, over time."""
    names = list(dict.fromkeys(row["name"] for row in run.readings))
    paragraphs = []
    for name in [names[index] for index in spread(range(len(names)), SHOWN_SAMPLES)]:
        texts = {row["step"]: row["text"] for row in run.readings if row["name"] == name}
        label = next(row["label"] for row in run.readings if row["name"] == name)
        width = max(len(f"{step:,}") for step in texts)
        lines = [f"{'label':>{max(width, 5)}}  {short(label)}"] if label else []
        lines += [f"{step:>{max(width, 5)},}  {short(texts[step])}" for step in spread(sorted(texts), SHOWN_STEPS)]
        paragraphs.append("\n".join([name, *lines]))
    return "\n".join(paragraphs)


def settings_text(session: Session) -> str:
    return "\n".join(f"{name}={plain(value)}" for name, value in session.changed.items())


def data_table(session: Session) -> str:
    """Sets and folders with their counts and the first letters of their fingerprints."""
    rows = [
        (
            str(row.get("role")), str(row.get("path")), f"{row.get('files', 0):,}", f"{row.get('lines') or 0:,}",
            size(int(row.get("bytes", 0))), str(row.get("sha256", ""))[:12] or "missing",
        )
        for row in session.data
    ]  # fmt: skip
    return align(("what", "path", "files", "lines", "size", "fingerprint"), rows, left=2) if rows else ""


def origin_text(run: Run) -> str:
    """Command, seed, versions and machine of the last session."""
    session = run.session
    if not run.sessions:
        return "There is no run.json: the run was made by a version that kept no record."
    lines = [f"command:  {session.command}", f"seed:     {session.seed}"]
    lines.append(f"versions: {', '.join(f'{name} {version}' for name, version in session.versions.items())}")
    if session.commit:
        lines.append(f"commit:   {session.commit}")
    lines.append(f"machine:  {machine_text(session.machine, session.device)}")
    for other in run.sessions:
        end = day(other.ended) or ("now" if other is session and run.state == RUNNING else "it was killed")
        lines.append(f"when:     from {day(other.started)} until {end}, UTC")
    return "\n".join(lines)


def machine_text(machine: dict[str, Any], device: str) -> str:
    """``HOST: PROCESSOR, 4 cores, 24.0 GB; device cpu``."""
    parts = [str(machine.get("processor") or "processor unknown"), f"{machine.get('cores', '?')} cores"]
    if machine.get("memory"):
        parts.append(size(int(machine["memory"])))
    parts += [str(gpu) for gpu in machine.get("gpus") or []]
    if machine.get("processes", 1) != 1:
        parts.append(f"{machine['processes']} processes")
    return f"{machine.get('host', '?')}: {', '.join(parts)}; device {device or '?'}"


def parts_of(run: Run) -> tuple[str, ...]:
    """The trained parts, by the record, or for older runs by the settings."""
    return run.session.parts or tuple(run.settings.get("parts") or ()) or (str(run.settings.get("pipeline", "")),)


def steps_of(run: Run) -> str:
    """``1,800 of 2,000``."""
    wanted = run.settings.get("loop.steps")
    return f"{run.step:,} of {wanted:,}" if isinstance(wanted, int) else f"{run.step:,}"


def best_score(run: Run) -> str:
    """The score by which the kept weights were chosen: by its own name if there is only one."""
    if run.best is None:
        return ""
    judged = {name: value for name, value in run.best.values.items() if not name.endswith("/stock")}
    if len(judged) == 1:
        return next(f"{name} {value:.4f}" for name, value in judged.items())
    return f"objective {run.best.objective:.4f}" if run.best.objective is not None else ""


def day(moment: str) -> str:
    """``2026-11-21 16:45`` of an ISO time; empty if it is none."""
    try:
        return datetime.fromisoformat(moment).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return ""


def minutes(seconds: float) -> str:
    return f"{seconds / 60:,.1f}"


def score(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def short(text: str) -> str:
    """One line, cut where it is too long; nothing is said to be nothing."""
    line = " / ".join(text.split("\n"))
    return (line if len(line) <= SHOWN_LETTERS else f"{line[: SHOWN_LETTERS - 1]}…") or "(nothing)"


def plain(value: Any) -> str:
    """A setting as it can be typed again: ``[a,b]``, ``true``."""
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(plain, value))}]"
    return json.dumps(value) if value is None or isinstance(value, (bool, dict)) else str(value)
