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
    int8: Annotated[
        bool, typer.Option("--int8", help="Weights and activations in 8 bits: smaller, often faster.")
    ] = False,
    calibrate: Annotated[
        Path | None, typer.Option(help="--int8: labelled set or folder of pages like yours; stock pages if none.")
    ] = None,
    dynamic: Annotated[bool, typer.Option("--dynamic", help="--int8: activations measured while reading.")] = False,
    exclude: Annotated[
        list[str] | None, typer.Option(help="--int8: layers that stay in fp32, such as '*Conv'; '' for none.")
    ] = None,
) -> None:
    """Export to ONNX and check that it reads as the trained model does, for example: ocr export runs/train/best"""
    try:
        import onnx  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("ocr export", "train") from error
    from ocr.export import export as run
    from ocr.export_int8 import export_int8

    named = [item.partition("=") for item in part or []]
    if not all(folder for _, _, folder in named):
        raise UsageError("--part needs NAME=FOLDER, such as --part detector=runs/detector/best")
    folders = {name: Path(folder) for name, _, folder in named}
    if not int8 and (calibrate or dynamic or exclude):
        raise UsageError("--calibrate, --dynamic and --exclude are of int8; add --int8")
    if int8:
        from ocr.pipeline import find_model, model_name

        folder = find_model(str(model))
        if output is None and model_name(folder) != str(folder):
            raise UsageError(f"--int8 would replace the shipped model {model}; give another folder with --output")
        small = export_int8(folder, output or folder, folders, calibrate=calibrate, dynamic=dynamic, exclude=exclude)
        for name, network in small.networks.items():
            typer.echo(
                f"{name}: {network.quantized} of {network.layers} layers in int8, "
                f"{network.before:,} bytes before, {network.after:,} after"
            )
        if small.same_words is not None:
            typer.echo(f"words of the calibration pages read as before (F1): {small.same_words:.3f}")
        return
    for name, difference in run(model, output or model, folders).items():
        typer.echo(f"{name}: largest difference to torch {difference:.2e}")
