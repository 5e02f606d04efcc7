"""``ocr models``: which models there are, how many parameters they have and what it takes to store and train them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from ocr.commands.progress import printable


class ListByDefault(TyperGroup):
    """``ocr models FOLDER`` and ``ocr models`` are ``ocr models list``; the same for ``ocr runs``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


class PlotWithoutFile(TyperCommand):
    """``--plot`` without a file, or before the model, is ``--plot -``: a chart in the terminal."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if "--plot" in args:
            place = args.index("--plot") + 1
            following = "".join(args[place : place + 1])
            if following != "-" and (following.startswith("-") or not Path(following).suffix):
                args = [*args[:place], "-", *args[place:]]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=ListByDefault, help="Which models there are: parameters, bytes, training memory.")


@app.command("list")
def list_models(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="[FOLDER...]", help="Where to look; the current folder if none.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write all figures to this file; - for standard output.")] = None,
) -> None:
    """List the shipped models and those found in folders. (ocr models alone does the same.)"""
    from ocr import catalogue
    from ocr import catalogue_report as report
    from ocr.errors import ModelError

    models, errors = catalogue.find_models(folders or [Path()])
    if json == Path("-"):
        typer.echo(report.to_json(models))
    else:
        say(report.to_table(models))
    if json not in (None, Path("-")):
        write(json, report.to_json(models))
    for error in errors:
        typer.echo(f"ocr: {error}", err=True)
    if errors:
        raise ModelError(f"{len(errors)} of {len(models) + len(errors)} models cannot be shown; see above")


@app.command(cls=PlotWithoutFile)
def show(
    model: Annotated[str, typer.Argument(help="Name of a shipped model, a model folder, or a timm or HF checkpoint.")],
    plot: Annotated[
        str | None,
        typer.Option(metavar="[FILE]", help="Draw the parameters beside well-known models: .png, .svg, .pdf, or here."),
    ] = None,
) -> None:
    """Show the parts of a model: parameters, kinds of layers, bytes by precision, training memory, scores, licence."""
    from ocr import catalogue
    from ocr import catalogue_report as report
    from ocr.parameter_plot import draw_parameters
    from ocr.reference_models import beside

    found = catalogue.find_model(model)
    own = report.own_counts(found)
    if plot not in (None, "-"):
        draw_parameters(own, {m.name: report.span(m.parameters) for m in beside(own)}, Path(plot))
    say(report.to_text(found))
    if plot == "-":
        say(f"\n{report.to_chart(own)}")


def say(text: str) -> None:
    """Lines on standard output, without what a name or a card could write to the terminal."""
    typer.echo("\n".join(map(printable, text.split("\n"))))


def write(path: Path, text: str) -> None:
    """Raises OutputError."""
    from ocr.errors import OutputError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; choose another file") from error
