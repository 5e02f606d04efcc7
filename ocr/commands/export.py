"""``ocr export``: a trained model as ONNX, for the light install."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ocr.errors import MissingExtraError


def export(
    model: Annotated[Path, typer.Argument(help="Model folder with weights.safetensors, such as runs/train/best.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder to write; by default the same.")] = None,
    quantize: Annotated[str, typer.Option(help="none or int8 (the recognizer's matrix products).")] = "int8",
) -> None:
    """Export to ONNX and check that it reads as the trained model does, for example: ocr export runs/train/best"""
    try:
        import onnx  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("ocr export", "train") from error
    from ocr.export import export as run

    for part, difference in run(model, output or model, quantize).items():
        typer.echo(f"{part}: largest difference to torch {difference:.2e}")
