"""``ocr train``: train parts of a pipeline by a configuration."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocr.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from ocr.config import TrainConfig


def train(
    config: Annotated[Path, typer.Argument(help="YAML file, or the name of one in ocr/configs.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="key.path=value, over the file.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the run.")] = Path("runs/train"),
    initial: Annotated[str | None, typer.Option("--from", help="Model to start from, by name or folder.")] = None,
    grow_alphabet: Annotated[bool, typer.Option(help="Add symbols of the labels that the model lacks.")] = False,
    find_rate: Annotated[bool, typer.Option("--find-rate", help="Only test learning rates and suggest one.")] = False,
    resume: Annotated[bool, typer.Option(help="Go on from the newest checkpoint in --output.")] = False,
) -> None:
    """Train on labelled and rendered pages, for example: ocr train recognizer loop.minutes=60 data.corpora=TEXTS"""
    if any(find_spec(package) is None for package in ("torch", "peft")):  # importing peft takes seconds
        raise MissingExtraError("ocr train", "train")
    from ocr.config import find_config, load_config
    from ocr.pipeline import find_model
    from ocr.run_record import recorded_end
    from ocr.train import train as run

    file, given = find_config(config), overrides or []
    settings, base = load_config(file, given), None
    if initial is not None or settings.adapt.method != "none":
        base = find_model(initial, settings.pipeline)
        settings = load_config(file, given, base)
    if find_rate and (resume or grow_alphabet):
        raise UsageError("--find-rate trains nothing; leave out --resume and --grow-alphabet")
    if find_rate:
        suggest_rate(settings, output, base)
        return
    with recorded_end(output):
        run(settings, output, resume=resume, initial=base, grow_alphabet=grow_alphabet)


def suggest_rate(settings: TrainConfig, output: Path, base: Path | None) -> None:
    """Print the table of the rate test and its suggestion."""
    from ocr.rate_finder import PICTURE, find_rate, table_of

    test, rate = find_rate(settings, output, base)
    typer.echo("\n".join(table_of(test, rate)))
    typer.echo(f"suggestion: loop.learning_rate={rate:.1e} (curve: {output / PICTURE})")
