"""``ocr compress``: smaller models out of trained ones, and what each step costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ocr.errors import MissingExtraError

app = typer.Typer(no_args_is_help=True, help="Prune models; measure what compression costs.")


@app.command()
def prune(
    model: Annotated[str, typer.Argument(help="Name of a shipped model, or a folder such as runs/train/best.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the smaller model.")],
    heads: Annotated[float, typer.Option(help="Share of the attention heads that goes.")] = 0.0,
    mlp: Annotated[float, typer.Option(help="Share of the MLPs' hidden channels that goes.")] = 0.0,
    blocks: Annotated[int, typer.Option(min=0, help="How many transformer blocks go.")] = 0,
    rank: Annotated[float, typer.Option(help="Share of the channels that the spotter's convolutions keep.")] = 1.0,
    stem_rank: Annotated[float, typer.Option(help="The same for those of its stem, where less loses least.")] = 1.0,
    part: Annotated[list[str] | None, typer.Option(help="Only this part, such as recognizer; else all.")] = None,
    data: Annotated[list[Path] | None, typer.Option(help="Labelled set to measure on; else the stock set.")] = None,
) -> None:
    """Cut out what matters least; then recover: ocr train recognizer --from OUTPUT distil.teacher=MODEL"""
    try:
        import onnx  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("ocr compress prune", "train") from error
    from ocr.pipeline import find_model
    from ocr.prune import prune as run

    found = run(
        find_model(model), output, parts=part or (), heads=heads, mlp=mlp, blocks=blocks, rank=rank,
        stem_rank=stem_rank, data=data or (),
    )  # fmt: skip
    for name, pruned in found.items():
        (old, new), (before, after) = pruned.parameters, pruned.loss
        without = f" without blocks {', '.join(map(str, pruned.blocks))}" if pruned.blocks else ""
        typer.echo(f"{name}: {old:,} to {new:,} parameters{without}; loss {before:.3g} to {after:.3g}")


@app.command()
def table(
    models: Annotated[list[str], typer.Argument(metavar="MODEL...", help="Names or folders, the large one first.")],
    sets: Annotated[list[Path], typer.Option("--set", help="Folder of a labelled set; may be given several times.")],
    split: Annotated[str, typer.Option(help="Part of each set.")] = "val",
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many samples of each set.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Add the rows to this file.")] = None,
) -> None:
    """Parameters, bytes, processor time, CER and word F1 of models, and what each lost against the first."""
    from ocr.compression_table import append_csv, measure, to_table

    rows = measure(models, sets, split=split, limit=limit)
    typer.echo(to_table(rows))
    if csv is not None:
        append_csv(rows, csv, " ".join(["ocr compress table", *models, *(f"--set {path.name}" for path in sets)]))
