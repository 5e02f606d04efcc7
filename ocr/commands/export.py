"""``ocr export``: a trained model as ONNX, for the light install."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ocr.errors import MissingExtraError, UsageError


def export(
    model: Annotated[Path, typer.Argument(help="Model folder with weights.safetensors, such as runs/train/best.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder to write; by default the same.")] = None,
    part: Annotated[
        list[str] | None,
        typer.Option(help="NAME=FOLDER: take one part from another model, such as detector=runs/d/best."),
    ] = None,
) -> None:
    """Export to ONNX and check that it reads as the trained model does, for example: ocr export runs/train/best"""
    try:
        import onnx  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("ocr export", "train") from error
    from ocr.export import export as run

    named = [item.partition("=") for item in part or []]
    if not all(folder for _, _, folder in named):
        raise UsageError("--part needs NAME=FOLDER, such as --part detector=runs/detector/best")
    folders = {name: Path(folder) for name, _, folder in named}
    for name, difference in run(model, output or model, folders).items():
        typer.echo(f"{name}: largest difference to torch {difference:.2e}")
