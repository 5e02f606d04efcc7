"""``ocr data from-pdf``: labelled pages out of born-digital PDFs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocr.errors import InputError, UsageError

if TYPE_CHECKING:
    from ocr.data.from_pdf import PageReader, Tally


def from_pdf(
    files: Annotated[list[str], typer.Argument(metavar="FILES...", help="PDFs, folders or patterns.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the new set.")],
    dpi: Annotated[str, typer.Option(help="Resolutions; one is drawn for each page.")] = "100,150,200,300",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same set.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes; the result does not depend on it.")] = 1,
    split: Annotated[str, typer.Option(help="Name of the part: train, val.")] = "train",
    strength: Annotated[str, typer.Option(help="Degradation: clean, light, medium, strong or mixed.")] = "mixed",
    pages_per_file: Annotated[int, typer.Option(min=0, help="At most so many pages of a file; 0 is all.")] = 0,
    check: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Drop pages that this model reads otherwise.")
    ] = None,
    max_cer: Annotated[float, typer.Option(min=0, help="Largest character error rate of --check.")] = 0.25,
) -> None:
    """Render born-digital PDFs as scans, labelled by their own text: lines, words and characters.

    Pages whose text layer does not match their picture are dropped; the numbers stand on standard error.
    """
    from rich.console import Console
    from rich.progress import track

    from ocr.data.from_pdf import PdfSetOptions, Tally, pdf_samples
    from ocr.data.labels.native_writer import write_native

    reader = partial(open_page_reader, check) if check else None
    options = PdfSetOptions(output, parse_dpi(dpi), seed, strength, pages_per_file, reader, max_cer)
    tally = Tally()
    samples = pdf_samples(files, options, workers, tally)
    shown = track(samples, "pages", total=None, console=Console(stderr=True), transient=True)
    manifest = write_native(shown, output, split)
    report(tally)
    typer.echo(str(manifest))
    if tally.failures:
        raise InputError(tally.failures[0][1].code, f"{len(tally.failures)} inputs could not be read; see above")


def parse_dpi(text: str) -> tuple[float, ...]:
    """``100,150`` as numbers. Raises UsageError."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"--dpi {text}: write numbers with commas between them, as 100,150,200") from error


def open_page_reader(model: str) -> PageReader:
    """A shipped model or model folder as a function of one image."""
    from ocr.pipeline import load

    reader = load(model)
    return lambda image: reader.predict([image])[0]


def report(tally: Tally) -> None:
    """Failed files one a line, then pages kept and dropped, with the reasons."""
    for source, failure in tally.failures:
        typer.echo(f"{source}: {failure.message}", err=True)
    dropped = tally.dropped.total()
    typer.echo(f"{tally.kept} pages kept, {dropped} dropped", err=True)
    for reason, count in tally.dropped.most_common():
        typer.echo(f"  {count:6d} {reason}", err=True)
