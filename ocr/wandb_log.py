"""Curves and sample pictures to Weights & Biases, for those who set ``loop.wandb`` and installed it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ocr.config import TrainConfig
from ocr.errors import MissingExtraError, UsageError
from ocr.models.interface import Image
from ocr.models.schema import to_plain


class WandbLog:
    """One run there; ``api`` is the module ``wandb``, ``run`` what its ``init`` gave."""

    def __init__(self, api: Any, run: Any) -> None:
        self.api, self.run = api, run

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        self.run.log(dict(values), step=step)

    def picture(self, name: str, picture: Image, step: int) -> None:
        """``picture`` is (H, W, 3), RGB."""
        self.run.log({name: self.api.Image(picture)}, step=step)

    def close(self) -> None:
        self.run.finish()


def open_wandb(output: Path, config: TrainConfig, from_step: int) -> WandbLog:
    """A run in the project ``loop.wandb``, named after the folder; one that is resumed goes on there.

    Raises MissingExtraError if wandb is not installed, UsageError if it refuses the run.
    """
    try:
        import wandb
    except ImportError as error:
        raise MissingExtraError("loop.wandb", "wandb") from error
    try:
        run = wandb.init(
            project=config.loop.wandb,
            name=output.name,
            dir=str(output),
            id=identity(output, from_step),
            resume="allow",
            config=to_plain(config),
        )
    except wandb.Error as error:
        reason = " ".join(str(error).split())
        remedy = "type wandb login, or set WANDB_MODE=offline"
        raise UsageError(f"loop.wandb={config.loop.wandb}: {reason}; {remedy}") from error
    return WandbLog(wandb, run)


def identity(output: Path, from_step: int) -> str:
    """What the run is called there; kept in its folder, so that a resumed run is the same one."""
    path = output / "wandb.txt"
    if not from_step or not path.is_file():
        path.write_text(secrets.token_hex(4), encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()
