"""``ocr data shards``: a labelled set as tar files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def shards(
    path: Annotated[Path, typer.Argument(metavar="SET", help="Folder or manifest of a labelled set.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the new set: a folder of shards a part.")],
    megabytes: Annotated[float, typer.Option(min=0.001, help="Size of a shard, which is held in memory.")] = 256,
    split: Annotated[str | None, typer.Option(help="Part of the set; all parts if not given.")] = None,
) -> None:
    """Write a labelled set as tar files (webdataset), which are trained on as they are and copied in one piece."""
    from rich.console import Console
    from rich.progress import track

    from ocr.data.labels.shard_writer import write_shards
    from ocr.data.samples import list_splits, load_samples

    names: list[str | None] = [split] if split else [*list_splits(path)]
    for name in names or [None]:
        samples = load_samples(path, split=name)
        console = Console(stderr=True)
        shown = track(samples, f"{len(samples)} samples", len(samples), console=console, transient=True)
        part = name or path.stem
        written = write_shards(shown, output / part, megabytes)
        typer.echo(f"{output / part}: {len(samples)} samples in {len(written)} shards")
