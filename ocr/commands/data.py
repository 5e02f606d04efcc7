"""``ocr data``: look at labelled sets, check them, make new ones."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocr.data.label_options import MAX_BAD_FRACTION, LabelOptions

if TYPE_CHECKING:
    from ocr.data.samples import Sample

app = typer.Typer(no_args_is_help=True, help="Look at labelled sets, check them, make new ones.")

DEFAULTS = LabelOptions()

Split = Annotated[str | None, typer.Option(help="Part of the set, as train or val; all parts if not given.")]
Encoding = Annotated[str, typer.Option(help="Encoding of the label files.")]
AllowOutside = Annotated[bool, typer.Option("--allow-outside", help="Follow image paths that leave the set.")]


@app.command()
def check(
    sets: Annotated[list[Path], typer.Argument(metavar="SET...", help="Folders or manifests; folders with all parts.")],
    alphabet: Annotated[Path | None, typer.Option(help="alphabet.txt of a model: count the symbols it lacks.")] = None,
    max_bad: Annotated[
        float, typer.Option(min=0, max=1, help="Fraction of bad samples that is still allowed.")
    ] = MAX_BAD_FRACTION,
    split: Split = None,
    encoding: Encoding = DEFAULTS.encoding,
    allow_outside: AllowOutside = DEFAULTS.allow_outside,
) -> None:
    """Check labelled sets: damaged images, polygons outside the page, unknown symbols, duplicates, overlap.

    Prints a report a set and ends with code 3 if more is bad than allowed.
    """
    from ocr.data.check import inspect_samples
    from ocr.errors import InputError
    from ocr.models.codec import Alphabet, normalise

    symbols = Alphabet.load(alphabet).symbols if alphabet else None
    failed = []
    for path in sets:
        splits = _load_splits(path, split, LabelOptions(encoding, allow_outside))
        report = inspect_samples(splits, symbols, max_bad, normalise=normalise if symbols else str)
        typer.echo(f"{path}\n{report}")
        failed += [str(path)] if report.stop_reasons else []
    if failed:
        raise InputError("damaged", f"{', '.join(failed)}: too many bad samples; the report above names them")


@app.command()
def show(
    path: Annotated[Path, typer.Argument(metavar="SET", help="Folder or manifest of a labelled set.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the drawings.")],
    limit: Annotated[int, typer.Option(min=1, help="At most so many drawings, spread over the set.")] = 50,
    split: Split = None,
    encoding: Encoding = DEFAULTS.encoding,
    allow_outside: AllowOutside = DEFAULTS.allow_outside,
) -> None:
    """Draw the labels over the images: lines green, words blue, characters orange, ignore regions hatched in red."""
    from ocr.data.drawing import write_drawings

    splits = _load_splits(path, split, LabelOptions(encoding, allow_outside))
    written = write_drawings([sample for samples in splits.values() for sample in samples], output, limit)
    typer.echo(f"{written} drawings in {output}", err=True)


def _load_splits(path: Path, split: str | None, options: LabelOptions) -> dict[str, Sequence[Sample]]:
    """The samples of the named split, or of all splits of a folder, or of the one manifest."""
    from ocr.data.samples import list_splits, load_samples

    names = [split] if split else list_splits(path)
    if not names:
        return {path.stem: load_samples(path, options=options)}
    return {name: load_samples(path, split=name, options=options) for name in names}


if (Path(__file__).parent / "synth.py").exists():
    app.command()(importlib.import_module("ocr.commands.synth").synth)
app.command("from-pdf")(importlib.import_module("ocr.commands.from_pdf").from_pdf)
app.command()(importlib.import_module("ocr.commands.characters").characters)
app.command()(importlib.import_module("ocr.commands.shards").shards)
