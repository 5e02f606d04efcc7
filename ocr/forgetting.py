"""The forgetting guard: what training on someone's own documents won there, and what it cost everywhere else.

A run that starts from a model is scored before and after on the user's validation data and on the stock set
(:mod:`ocr.data.stock`). Both columns come from the run's own validation: before, of the model it starts from; after, of
the weights that were kept.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ocr.config import TrainConfig
from ocr.data.check_report import describe
from ocr.data.stock import STOCK
from ocr.errors import OutputError, UsageError
from ocr.models.codec import Alphabet
from ocr.models.grow_alphabet import missing_symbols
from ocr.models.trainable import Scores
from ocr.models.training_sets import HELD_OUT, label_symbols, training_samples, validation_sets
from ocr.run_folder import REPORT, lower_is_better

FEWEST = 5
"""Symbols that occur less often say nothing by their recall."""

WORST = 8
"""Symbols shown of those that got worse."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A score before and after in points (hundredths); ``gain`` is positive where it got better."""

    name: str
    before: float
    after: float
    gain: float


@dataclass(frozen=True, slots=True)
class WorseSymbol:
    """A symbol (NFD) of a set whose share read right fell; both shares in points, and how often it occurs."""

    set: str
    symbol: str
    before: float
    after: float
    occurs: int


def guarded(config: TrainConfig, initial: Path | None) -> TrainConfig:
    """The configuration of a run from a model: the stock set is scored too. From nothing: no replay, nothing held out.

    Raises UsageError for shares out of range.
    """
    data = config.data
    for name, value in (("replay", data.replay), ("held_out", data.held_out)):
        if not 0 <= value < 1:
            raise UsageError(f"data.{name}={value:g} is out of range; choose a share from 0 to below 1")
    if initial is None:
        return replace(config, data=replace(data, replay=0.0, held_out=0.0))
    data = replace(data, stock=True)
    if held_out := validation_sets(data).get(HELD_OUT) if not data.val and data.train else None:
        print(  # noqa: T201
            f"data.val is empty: {len(held_out)} of {len(held_out) + len(training_samples(data))} labelled samples are "
            f"held out of training to be scored (data.held_out={data.held_out:g})",
            file=sys.stderr,
        )
    return replace(config, data=data)


def report_forgetting(
    before: Scores, after: Scores | None, config: TrainConfig, alphabet: Alphabet, output: Path
) -> None:
    """Both columns, the symbols that got worse and a warning on stderr; all of it as ``report.json`` in ``output``.

    ``after`` is None if it is not known: a run of an older version was resumed and found no better weights. Raises
    OutputError.
    """
    if after is None:
        print("no better weights since the run was resumed: nothing new to compare", file=sys.stderr)  # noqa: T201
        return
    rows, symbols = differences(before, after), worse_symbols(before, after)
    labels, missing = label_symbols(config.data), missing_symbols(config.data, alphabet)
    limit = config.loop.forget_limit
    known = f"{len(labels) - len(missing)} of {len(labels)} symbols of the labels are in the model's alphabet"
    text = [*table(rows), *([known] if labels else []), *symbol_rows(symbols), *warnings(rows, limit)]
    print("\n".join(text), file=sys.stderr, flush=True)  # noqa: T201
    report = {
        "scores": [asdict(row) for row in rows],
        "forget_limit": limit,
        "forgotten": [row.name for row in forgotten(rows, limit)],
        "alphabet": {"label_symbols": len(labels), "known": len(labels) - len(missing), "missing": dict(missing)},
        "worse_symbols": [asdict(symbol) for symbol in symbols],
        "replay": config.data.replay,
    }
    try:
        (output / REPORT).write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {output / REPORT}: {error.strerror}; free some space") from error


def differences(before: Scores, after: Scores) -> list[Difference]:
    """The scores that both have, those of the stock set last."""
    names = sorted(before.values.keys() & after.values.keys(), key=lambda name: (is_stock(name), name))
    rows = []
    for name in names:
        first, second = 100 * before.values[name], 100 * after.values[name]
        sign = -1 if lower_is_better(name) else 1
        rows.append(Difference(name, first, second, sign * (second - first)))
    return rows


def worse_symbols(before: Scores, after: Scores) -> list[WorseSymbol]:
    """The symbols whose share read right fell most in any set, worst first."""
    found = []
    for name in before.symbols.keys() & after.symbols.keys():
        for symbol, (right, count) in before.symbols[name].items():
            now = after.symbols[name].get(symbol, (0, count))[0]
            if count >= FEWEST and now < right:
                found.append(WorseSymbol(name, symbol, 100 * right / count, 100 * now / count, count))
    return sorted(found, key=lambda row: (row.after - row.before, row.set, row.symbol))[:WORST]


def forgotten(rows: list[Difference], limit: float) -> list[Difference]:
    """The scores of the stock set that fell by more than ``limit`` points."""
    return [row for row in rows if is_stock(row.name) and row.gain < -limit]


def is_stock(name: str) -> bool:
    return name.endswith(f"/{STOCK}")


def table(rows: list[Difference]) -> list[str]:
    """Lines of a table in points; the last column is after less before."""
    width = max((len(row.name) for row in rows), default=0)
    lines = [f"{'points':<{width}}   before    after  difference"]
    for row in rows:
        verdict = "better" if row.gain > 0 else "worse" if row.gain < 0 else "same"
        lines.append(
            f"{row.name:<{width}}  {row.before:7.2f}  {row.after:7.2f}  {row.after - row.before:+8.2f}  {verdict}"
        )
    return lines


def symbol_rows(symbols: list[WorseSymbol]) -> list[str]:
    """One line for each symbol that got worse, under a title."""
    rows = [
        f"  {describe(row.symbol)} in {row.set}: {row.before:.0f} -> {row.after:.0f} % of {row.occurs}"
        for row in symbols
    ]
    return ["symbols read worse than before (share read right):", *rows] if rows else []


def warnings(rows: list[Difference], limit: float) -> list[str]:
    """One line if the stock set is read worse by more than the limit."""
    lost = [f"{row.name} by {-row.gain:.2f}" for row in forgotten(rows, limit)]
    if not lost:
        return []
    return [
        f"warning: the model forgets: {', '.join(lost)} points worse than before (loop.forget_limit={limit:g}); "
        "raise data.replay, lower loop.learning_rate or loop.steps, or train an adapter"
    ]
