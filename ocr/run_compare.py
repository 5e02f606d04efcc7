"""What differs between training runs: ``ocr runs compare``. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ocr.run_folder import Run, lower_is_better
from ocr.run_report import day, machine_text, minutes, parts_of, plain, score, steps_of
from ocr.text_table import align, count
from ocr.time_shares import waiting_share

LETTERS = 48
"""Of a value in a column."""


def to_comparison(runs: Sequence[Run]) -> str:
    """Tables with a column a run: scores, how it went, and the settings, data and versions that differ."""
    names = [str(run.folder) for run in runs]
    sections = {
        "Scores of the kept weights": scores_table(runs, names),
        "How they went": table("", names, [course(run) for run in runs]),
        "Settings that differ": differing(names, [run.settings for run in runs], "all settings are the same"),
        "Data that differ": differing(names, [data_of(run) for run in runs], "the data are the same"),
        "Versions and machines that differ": differing(names, [made(run) for run in runs], "all are the same"),
    }
    return "\n\n".join(f"{name}\n{body}" for name, body in sections.items() if body)


def scores_table(runs: Sequence[Run], names: Sequence[str]) -> str:
    """A row a score; of two runs also by how much the second is better or worse."""
    values: list[dict[str, float | None]] = [
        {"objective": run.best.objective, **run.best.values} if run.best else {} for run in runs
    ]
    rows = []
    same_sets = all_equal([found.keys() for found in values])  # objectives over other sets cannot be compared
    for name in dict.fromkeys(name for found in values for name in found):
        own = [found.get(name) for found in values]
        row = [name, *map(score, own)]
        if len(runs) == 2:
            lower = name == "objective" or lower_is_better(name)
            row.append(verdict(own[0], own[1], lower) if same_sets or name != "objective" else "over other sets")
        rows.append(row)
    return align(("score", *names, *(["second run"] if len(runs) == 2 else [])), rows) if rows else "no run has scores"


def verdict(first: float | None, second: float | None, lower: bool) -> str:
    """``0.0120 better``."""
    if first is None or second is None:
        return ""
    if first == second:
        return "same"
    return f"{abs(second - first):.4f} {'better' if (second < first) == lower else 'worse'}"


def course(run: Run) -> dict[str, str]:
    """State, length, speed and size."""
    speeds = [row["samples_per_second"] for row in run.curve if row.get("samples_per_second")]
    return {
        "state": run.state,
        "parts": ", ".join(parts_of(run)),
        "started": day(run.sessions[0].started) if run.sessions else "",
        "steps": steps_of(run),
        "best at step": f"{run.best.step:,}" if run.best else "",
        "minutes": minutes(run.seconds) if run.curve else "",
        "samples a second": f"{sorted(speeds)[len(speeds) // 2]:.0f} (median)" if speeds else "",
        "waits for data": f"{waiting_share(run.time):.0%}" if run.time else "",
        "parameters trained": count(sum(trained for _, trained in run.session.parameters.values())),
    }


def data_of(run: Run) -> dict[str, str]:
    """Counts and fingerprint by role and path."""
    found = {}
    for row in run.session.data:
        counts = f"{row.get('files', 0):,} files, {row.get('lines', 0):,} lines"
        found[f"{row.get('role')} {row.get('path')}"] = f"{counts}, {str(row.get('sha256', ''))[:12] or 'missing'}"
    return found


def made(run: Run) -> dict[str, str]:
    """Versions, commit, machine, precision, and what it started from."""
    session = run.session
    found = dict(session.versions) | {"commit": session.commit, "precision": session.precision}
    found["started from"] = " ".join(
        (session.initial.get("name", "new weights"), session.initial.get("sha256", "")[:12])
    )
    return found | {"machine": machine_text(session.machine, session.device) if session.machine else ""}


def differing(names: Sequence[str], values: Sequence[Mapping[str, Any]], same: str) -> str:
    """The rows that are not the same in all runs; ``same`` if there is none."""
    kept = [
        name for name in dict.fromkeys(n for own in values for n in own) if not all_equal([v.get(name) for v in values])
    ]
    return table("", names, [{name: own.get(name, "–") for name in kept} for own in values]) if kept else same


def all_equal(values: Sequence[Any]) -> bool:
    return all(value == values[0] for value in values)


def table(heading: str, names: Sequence[str], values: Sequence[Mapping[str, Any]]) -> str:
    rows = [(key, *(shortened(plain(own.get(key, ""))) for own in values)) for key in values[0]]
    return align((heading, *names), rows)


def shortened(text: str) -> str:
    """Cut in the middle: the ends of paths tell them apart."""
    return text if len(text) <= LETTERS else f"{text[: LETTERS // 2 - 1]}…{text[-LETTERS // 2 :]}"
