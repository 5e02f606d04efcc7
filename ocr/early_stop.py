"""Whether a run goes on: it ends where evaluation after evaluation brings nothing better.

Told from the scores in the run's folder alone, so a run that was broken off and resumed ends where it would have.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

from ocr.config import LoopConfig
from ocr.run_folder import SCORES


def out_of_patience(output: Path, loop: LoopConfig, step: int) -> bool:
    """Whether the last ``loop.patience`` evaluations up to a step had no lower objective than the best before them.

    Says so on stderr.
    """
    if not loop.patience:
        return False
    best, at, since = math.inf, 0, 0
    for evaluated, objective in objectives(output, step):
        if objective is None or objective < best:  # nothing to judge by: the newest is the best
            best, at, since = objective or 0.0, evaluated, 0
        else:
            since += 1
    if since < loop.patience:
        return False
    print(  # noqa: T201
        f"stopped at step {step}: {since} evaluations without a better score than {best:.4f} at step {at} "
        f"(loop.patience={loop.patience})",
        file=sys.stderr,
    )
    return True


def objectives(output: Path, step: int) -> list[tuple[int, float | None]]:
    """Step and objective of the evaluations so far; of one that was done twice, the later."""
    path = output / SCORES
    rows = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found: dict[int, float | None] = {}
    for row in rows:
        try:
            scores = json.loads(row)
        except ValueError:
            continue  # it was killed as it wrote this
        found[int(scores["step"])] = scores["objective"]
    return sorted((evaluated, objective) for evaluated, objective in found.items() if evaluated <= step)
