"""``ocr data synth``: render a labelled set of pages or lines from fonts and texts."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Kind(str, Enum):
    pages = "pages"
    lines = "lines"


def synth(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the new set.")],
    fonts: Annotated[list[Path], typer.Option(help="Folder of fonts; give it again for more.")],
    corpora: Annotated[list[Path], typer.Option(help="Folder of texts, a sub-folder a language; may be given again.")],
    kind: Annotated[Kind, typer.Option(help="Whole pages with polygons, or line crops with their text.")] = Kind.pages,
    count: Annotated[int, typer.Option(min=1, help="How many images.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same set.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes; the result does not depend on it.")] = 1,
    split: Annotated[str, typer.Option(help="Name of the part: train, val.")] = "train",
    strength: Annotated[str, typer.Option(help="Degradation: clean, light, medium, strong or mixed.")] = "mixed",
    layout: Annotated[str, typer.Option(help="any, or one of article, book, letter, form, table, receipt …")] = "any",
    language: Annotated[str | None, typer.Option(help="Only this sub-folder of the corpora.")] = None,
    rotation: Annotated[float, typer.Option(min=0, max=180, help="Turn pages by up to so many degrees.")] = 0.0,
    evaluation_fonts: Annotated[bool, typer.Option(help="Only the families that training leaves out.")] = False,
) -> None:
    """Render a labelled set of pages or lines: exact polygons of lines, words and characters, any degradation."""
    from rich.console import Console
    from rich.progress import track

    from ocr.data.labels.native_writer import write_native
    from ocr.data.synthetic.sets import SetOptions, render_set

    options = SetOptions(
        output, tuple(fonts), tuple(corpora), kind.value, count, seed, split, strength, layout, language, rotation,
        evaluation_fonts,
    )  # fmt: skip
    samples = render_set(options, workers)
    shown = track(samples, f"{count} {kind.value}", total=count, console=Console(stderr=True), transient=True)
    manifest = write_native(shown, output, split)
    typer.echo(str(manifest))
