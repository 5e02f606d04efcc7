"""At the end of a training that started from a model: how far back to that model the weights may go.

Own validation data are few and the stock set is small, so the last percent that training won on the former is mostly
chance, and what it lost on the latter is not. Of the shares of the way that own validation data cannot tell from the
best one, those within one standard error of its score (the one-standard-error rule of Breiman et al., Classification
and Regression Trees, 1984, section 3.4.3), the one with the lowest error on the stock set is taken. Without own
validation data nothing can be told, and all of the way is kept.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from typing import TypeVar

from ocr.data.stock import STOCK
from ocr.models.trainable import Scores
from ocr.run_folder import lower_is_better

SHARES = (0.5, 0.6, 0.7, 0.8)
"""Shares of the way from the model to what training made of it that are tried besides all of it. A quarter kept less of
what was won: receipts CER 0.077, a half 0.074, three quarters 0.075, all of it 0.084 (scripts/LOG.md)."""

State = TypeVar("State")


LAST_SHARE = 0.25
"""The share that is tried if all of these forget more than they may."""


def step_back(
    before: Scores, after: Scores, weights: Callable[[float], State], judge: Callable[[State], Scores], limit: float
) -> tuple[float, State, Scores]:
    """The share of the way to take, the weights there and their scores; all of it without own validation data.

    Args:
        before: Scores of the model that training started from.
        after: Scores of the weights that training chose.
        weights: The weights at a share of the way, 0 to 1.
        judge: Scores of weights.
        limit: Points that the stock set's score may fall by; of weights within it the best are taken.
    """
    if after.objective is None:
        print(  # noqa: T201
            "all of the way from the model is kept: no validation data of one's own to step back by (data.val)",
            file=sys.stderr, flush=True,
        )  # fmt: skip
        return 1.0, weights(1.0), after
    found = {share: judge(weights(share)) for share in SHARES} | {1.0: after}
    if not within_limit(before, found, limit):
        found = {LAST_SHARE: judge(weights(LAST_SHARE))} | found
    share = chosen_share(before, found, limit)
    rows = (f"{share:g}: {objective(scores):.4f}, stock {stock_error(scores):.4f}" for share, scores in found.items())
    print(f"share of the way from the model, error, stock error: {'; '.join(rows)}", file=sys.stderr)  # noqa: T201
    print(f"{share:g} of the way is kept", file=sys.stderr, flush=True)  # noqa: T201
    return share, weights(share), found[share]


def chosen_share(before: Scores, found: Mapping[float, Scores], limit: float) -> float:
    """Of those within a standard error of the best score, the share with the lowest error on the stock set.

    Of several the smallest. Shares that forget too much are left out while there are others.
    """
    little = within_limit(before, found, limit) or found
    best = min(little.values(), key=objective)
    enough = objective(best) + standard_error(best)
    alike = [share for share, scores in little.items() if objective(scores) <= enough]
    return min(alike, key=lambda share: (stock_error(found[share]), share))


def within_limit(before: Scores, found: Mapping[float, Scores], limit: float) -> dict[float, Scores]:
    """The shares whose error on the stock set rose by at most ``limit`` points."""
    worst = stock_error(before) + limit / 100
    return {share: scores for share, scores in found.items() if stock_error(scores) <= worst}


def objective(scores: Scores) -> float:
    """Error on own validation data; 0 if there are none."""
    return scores.objective if scores.objective is not None else 0.0


def stock_error(scores: Scores) -> float:
    """Largest error on the stock set, 0 to 1; 0 if it was not scored."""
    errors = [
        value if lower_is_better(name) else 1 - value
        for name, value in scores.values.items()
        if name.endswith(f"/{STOCK}")
    ]
    return max(errors, default=0.0)


def standard_error(scores: Scores) -> float:
    """Of the error on own validation data, by the number of their symbols; 0 if those were not counted."""
    count = sum(occurs for name, symbols in scores.symbols.items() if name != STOCK for _, occurs in symbols.values())
    if count == 0:
        return 0.0
    error = min(max(objective(scores), 1 / count), 0.5)  # no error among 100 symbols may be one in the next
    return math.sqrt(error * (1 - error) / count)
