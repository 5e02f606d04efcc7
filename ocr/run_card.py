"""The card of the model that a training run made, ``best/card.md``: data, scores, command, parameters, versions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ocr.run_folder import CARD, Run, number
from ocr.run_record import cannot_write
from ocr.run_report import day, machine_text, minutes, plain
from ocr.run_warnings import run_warnings
from ocr.text_table import count, size


def write_card(run: Run) -> Path | None:
    """Write the card beside the best weights; None if the run kept none. Raises OutputError."""
    path = run.folder / CARD
    if not path.parent.is_dir():
        return None
    try:
        path.write_text(card(run), encoding="utf-8")
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def card(run: Run) -> str:
    """The card as Markdown."""
    sections = {
        "Scores": scores(run),
        "Data": data(run),
        "Command": command(run),
        "Settings that differ from the defaults": fenced(settings(run)),
        "Versions": versions(run),
        "Worth knowing": "\n".join(f"- {line}" for line in run_warnings(run)),
        "Licence and limits": licence(run),
    }
    # the headings on scores and licence are those that ``ocr models show`` looks for
    body = "\n\n".join(f"## {name}\n\n{text}" for name, text in sections.items() if text)
    return f"# {run.folder.resolve().name}\n\n{summary(run)}\n\n{body}\n"


def summary(run: Run) -> str:
    """What it is, how large, and how long it was trained."""
    session = run.session
    parts = [
        f"{name} of {count(total)} parameters" + (f", {count(trained)} of them trained" if trained < total else "")
        for name, (total, trained) in session.parameters.items()
        if trained
    ]
    kind = f"An adapter ({session.changed['adapt.method']})" if "adapt.method" in session.changed else "A model"
    origin = f"`{session.initial['name']}`" if session.initial else "new weights"
    best = f"The weights of step {run.best.step:,} were kept. " if run.best else ""
    return (
        f"{kind} of pipeline `{session.pipeline}`: {'; '.join(parts)}. Trained from {origin}, {run.step:,} steps in "
        f"{minutes(run.seconds)} minutes, until {day(session.ended)} UTC. {best}"
        "Written by `ocr train`; check it before you give the model to others."
    )


def scores(run: Run) -> str:
    """The scores of the kept weights, and for training from a model those before it."""
    if run.best is None:
        return "None: there was nothing to validate on."
    before = {row["name"]: row["before"] / 100 for row in run.report.get("scores", []) if number(row.get("before"))}
    rows = [
        (name, *([f"{before[name]:.4f}" if name in before else ""] if before else []), f"{value:.4f}")
        for name, value in run.best.values.items()
    ]
    headings = ("score", *(["before training"] if before else []), "kept weights")
    chosen = (
        "The weights were chosen by the lowest objective on these sets, so that the scores are somewhat optimistic."
    )
    return f"{markdown(headings, rows)}\n\n{chosen}" if rows else chosen


def data(run: Run) -> str:
    """Sets with counts and fingerprints."""
    rows = [
        (
            str(row.get("role")), f"`{row.get('path')}`", f"{row.get('files', 0):,}", f"{row.get('lines', 0):,}",
            size(int(row.get("bytes", 0))), str(row.get("sha256", ""))[:16],
        )
        for row in run.session.data
    ]  # fmt: skip
    return markdown(("what", "path", "files", "lines", "size", "fingerprint (SHA-256)"), rows)


def command(run: Run) -> str:
    """What was typed, for each session."""
    text = fenced("\n".join(session.command for session in run.sessions))
    return f"{text}\n\nSeed {run.session.seed}; all settings stand in the run's `config.yaml`, which `ocr train` takes."


def settings(run: Run) -> str:
    return "\n".join(f"{name}={plain(value)}" for name, value in run.session.changed.items())


def versions(run: Run) -> str:
    """Packages, commit and machine."""
    session = run.session
    packages = ", ".join(f"{name} {version}" for name, version in session.versions.items())
    commit = f" Commit {session.commit}." if session.commit else ""
    return f"{packages}.{commit} Machine {machine_text(session.machine, session.device)}, {session.precision}."


def licence(run: Run) -> str:
    """That it depends on what went in; nobody but the user knows the licence of the sets."""
    initial = run.session.initial.get("name")
    start = f" and of `{initial}`, which it started from" if initial else ""
    return f"Not stated. It depends on the licences of the sets above{start}: name them here before you pass it on."


def fenced(text: str) -> str:
    return f"```\n{text}\n```" if text else ""


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; empty without rows."""
    lines = [[cell.replace("|", "\\|") for cell in line] for line in (headings, ["---"] * len(headings), *rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) if rows else ""
