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
    initial: Annotated[str | None, typer.Option("--from", help="Model to start from, by name or folder.")] = None,
    grow_alphabet: Annotated[bool, typer.Option(help="Add symbols of the labels that the model lacks.")] = False,
    resume: Annotated[bool, typer.Option(help="Go on from the newest checkpoint in --output.")] = False,
) -> None:
    """Train on labelled and rendered pages, for example: ocr train recognizer loop.minutes=60 data.corpora=TEXTS"""
    try:
        import peft  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("ocr train", "train") from error
    from ocr.config import find_config, load_config
    from ocr.pipeline import find_model
    from ocr.run_record import recorded_end
    from ocr.train import train as run

    file, given = find_config(config), overrides or []
    settings, base = load_config(file, given), None
    if initial is not None or settings.adapt.method != "none":
        base = find_model(initial, settings.pipeline)
        settings = load_config(file, given, base)
    with recorded_end(output):
        run(settings, output, resume=resume, initial=base, grow_alphabet=grow_alphabet)
