"""``ocr adapter``: fold an adapter into its model, say what one is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ocr.errors import MissingExtraError

app = typer.Typer(no_args_is_help=True, help="Fold adapters into their models, show what they are.")

Adapter = Annotated[Path, typer.Argument(metavar="ADAPTER", help="Folder of an adapter, such as runs/train/best.")]


@app.command()
def merge(
    adapter: Adapter,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the model to write.")],
    model: Annotated[str | None, typer.Option(help="The adapter's model, if it is no longer where it was.")] = None,
) -> None:
    """Write a model with the adapter folded in, which reads without PyTorch: ocr predict --model FOLDER"""
    try:
        import onnx  # noqa: F401
        import peft  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("ocr adapter merge", "train") from error
    from ocr.adapter import merge as run

    for name, difference in run(adapter, output, model).items():
        typer.echo(f"{name}: largest difference to torch {difference:.2e}")


@app.command()
def show(adapter: Adapter) -> None:
    """Print the adapter's model, rank, layers and size."""
    try:
        import safetensors  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("ocr adapter show", "train") from error
    from ocr.adapter import describe

    for name, value in describe(adapter).items():
        typer.echo(f"{name + ':':12}{value}")
