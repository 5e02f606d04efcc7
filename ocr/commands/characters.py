"""``ocr data characters``: give the lines of labelled pages their characters, found by a reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ocr.data.samples import Sample
    from ocr.label_characters import CharacterTally


def characters(
    sets: Annotated[list[Path], typer.Argument(metavar="SET...", help="Folders or manifests of labelled pages.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the new set.")],
    model: Annotated[str | None, typer.Option("--model", "-m", help="Reader: a shipped model or a folder.")] = None,
    split: Annotated[
        str, typer.Option(help="Part of the sets that is read, and of the set that is written.")
    ] = "train",
    language: Annotated[str | None, typer.Option(help="Only pages labelled with this language.")] = None,
    ignore_kind: Annotated[
        list[str], typer.Option(help="Lines of this kind become ignore regions; give it again for more.")
    ] = ["handwritten", "signature"],  # noqa: B006
    find_text: Annotated[
        bool, typer.Option(help="Read whole pages too, to find text without a label; else go by the ink alone.")
    ] = True,
    summary: Annotated[Path | None, typer.Option(help="CSV file with the counts of every page.")] = None,
) -> None:
    """Place the characters of lines that carry only text, where a reader agrees with the label.

    Lines and words that it reads otherwise, and text without a label, become ignore regions.
    """
    from rich.console import Console
    from rich.progress import track

    from ocr.data.label_options import LabelOptions
    from ocr.data.labels.native_writer import write_native
    from ocr.data.samples import load_samples
    from ocr.label_characters import CharacterTally, label_characters, write_summary
    from ocr.pipeline import load

    options = LabelOptions(ignore_kinds=frozenset(ignore_kind))
    samples = [s for path in sets for s in load_samples(path, split=split if path.is_dir() else None, options=options)]
    samples = [s for s in samples if language is None or s.lang in (None, language)]
    pages = [s for s in samples if s.page is not None]
    if len(pages) < len(samples):
        typer.echo(f"{len(samples) - len(pages)} samples without lines (crops, page texts) passed over", err=True)
    counts: list[tuple[str, CharacterTally]] = []
    total = CharacterTally()
    labelled = counted(label_characters(pages, load(model), find_text), counts, total)
    shown = track(labelled, "pages", total=len(pages), console=Console(stderr=True), transient=True)
    manifest = write_native(shown, output, split)
    if summary:
        write_summary(counts, summary)
    typer.echo(str(total), err=True)
    typer.echo(str(manifest))


def counted(
    labelled: Iterable[tuple[Sample, CharacterTally]], counts: list[tuple[str, CharacterTally]], total: CharacterTally
) -> Iterator[Sample]:
    """The samples, while their counts are noted."""
    for sample, tally in labelled:
        counts.append((str(sample.image), tally))
        total.add(tally)
        yield sample
