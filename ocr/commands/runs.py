"""``ocr runs``: the training runs below a folder, what happened in one, and what differs between some."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ocr.commands.models import ListByDefault, say
from ocr.errors import UsageError

app = typer.Typer(cls=ListByDefault, help="Training runs: which there are, what happened, what differs.")


@app.command("list")
def list_runs(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="[FOLDER...]", help="Where to look; the current folder if none.")
    ] = None,
) -> None:
    """List the runs in and below folders: state, steps, minutes, best score. (ocr runs alone does the same.)"""
    from ocr.run_folder import find_runs
    from ocr.run_report import to_table

    runs = [run for folder in folders or [Path()] for run in find_runs(folder)]
    if runs:
        say(to_table(runs))
    else:
        typer.echo("ocr: no training runs found; ocr train leaves them in the folder of its --output", err=True)


@app.command()
def show(run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]) -> None:
    """Tell what happened in a run: scores, curve, time, readings, settings, data, versions, and what to mind."""
    from ocr.run_folder import open_run
    from ocr.run_report import to_text

    say(to_text(open_run(run)))


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN...", help="Folders of two runs or more.")],
) -> None:
    """Show what differs between runs: scores, settings, data, versions."""
    from ocr.run_compare import to_comparison
    from ocr.run_folder import open_run

    if len(runs) < 2:
        raise UsageError(f"ocr runs compare takes two runs or more, and got only {runs[0]}; ocr runs lists them")
    say(to_comparison([open_run(run) for run in runs]))
