"""``ocr train``: train parts of a pipeline by a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ocr.errors import MissingExtraError


def train(
    config: Annotated[Path, typer.Argument(help="YAML file, or the name of one in ocr/configs.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="key.path=value, over the file.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the run.")] = Path("runs/train"),
    initial: Annotated[Path | None, typer.Option("--from", help="Model folder whose weights to start from.")] = None,
    grow_alphabet: Annotated[bool, typer.Option(help="Add symbols of the labels that the model lacks.")] = False,
    resume: Annotated[bool, typer.Option(help="Go on from the newest checkpoint in --output.")] = False,
) -> None:
    """Train on labelled and rendered pages, for example: ocr train recognizer loop.minutes=60 data.corpora=TEXTS"""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("ocr train", "train") from error
    from ocr.config import find_config, load_config
    from ocr.train import train as run

    settings = load_config(find_config(config), overrides or [])
    run(settings, output, resume=resume, initial=initial, grow_alphabet=grow_alphabet)
