"""``ocr compress table``: what each step from a large model to a small one costs, in one table.

Parameters are those of the weights, bytes those of the ONNX files that reading takes; CER, word F1 and processor time
come from :func:`ocr.evaluate.evaluate`. The first model is the one that the others are held against.
"""

from __future__ import annotations

import csv
import datetime
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ocr.errors import OutputError
from ocr.evaluate import Evaluation, engines, evaluate, load_sets
from ocr.models.safetensors_header import read_header
from ocr.models.weights import WEIGHTS
from ocr.parameters import is_parameter
from ocr.pipeline import find_model


@dataclass(frozen=True, slots=True)
class Row:
    """A model on a set.

    Attributes:
        parameters: Of all parts together.
        onnx_bytes: Of the networks as they are read.
        cpu_ms: Processor time of a page or line, over all threads.
        speed: How many times as fast as the first model on the same set, in processor time.
        cer, word_f1: 0 to 1, None where the set does not tell.
        cer_points: CER less that of the first model, in points (hundredths).
    """

    model: str
    parameters: int
    onnx_bytes: int
    set: str
    kind: str
    samples: int
    cpu_ms: float
    speed: float
    cer: float | None
    cer_points: float | None
    word_f1: float | None


def measure(models: Sequence[str], sets: Sequence[Path], *, split: str = "val", limit: int | None = None) -> list[Row]:
    """A row for each model (name or folder) on each set. Raises UsageError and ModelError as ``ocr eval`` does."""
    chosen = {engine.name: engine for model in models for engine in engines(model, [])}
    sizes = {name: size_of(name) for name in chosen}
    rows: list[Row] = []
    for labelled in load_sets(sets, split=split, limit=limit):
        results = evaluate([labelled], list(chosen.values()))
        rows += [row_of(result, results[0], *sizes[result.engine]) for result in results]
    return rows


def size_of(model: str) -> tuple[int, int]:
    """Parameters and bytes of the ONNX files."""
    folder = find_model(model)
    parameters = sum(tensor.size for tensor in read_header(folder / WEIGHTS) if is_parameter(tensor))
    return parameters, sum(path.stat().st_size for path in folder.glob("*.onnx"))


def row_of(result: Evaluation, first: Evaluation, parameters: int, onnx_bytes: int) -> Row:
    cer, own = first.scores.cer, result.scores.cer
    seconds = result.reading.cpu_seconds_per_sample
    return Row(
        result.engine, parameters, onnx_bytes, result.labelled.name, result.labelled.kind.value,
        result.scores.samples, 1000 * seconds, first.reading.cpu_seconds_per_sample / max(seconds, 1e-9), own,
        None if cer is None or own is None else 100 * (own - cer), result.scores.word_f1,
    )  # fmt: skip


def to_table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table; CER and its difference in points."""
    head = ("model", "set", "n", "parameters", "MB", "CPU ms", "speed", "CER", "points", "word F1")
    cells = [head, tuple("---" for _ in head)]
    for row in rows:
        cells.append((
            row.model, f"{row.set} {row.kind}", str(row.samples), f"{row.parameters:,}", f"{row.onnx_bytes / 1e6:.1f}",
            f"{row.cpu_ms:.0f}", f"{row.speed:.2f}", shown(row.cer), shown(row.cer_points, "+.2f"), shown(row.word_f1),
        ))  # fmt: skip
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in cells)


def shown(value: float | None, form: str = ".3f") -> str:
    return "–" if value is None else format(value, form)


def append_csv(rows: Sequence[Row], path: Path, command: str) -> None:
    """Add the rows to a CSV file, with the day, the machine's load and the command. Raises OutputError."""
    circumstances = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else "",
        "command": command,
    }
    lines = [
        {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(row).items()}
        for row in rows
    ]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        with path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [*lines[0], *circumstances], lineterminator="\n")
            if is_new:
                writer.writeheader()
            writer.writerows(line | circumstances for line in lines)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; choose another file with --csv") from error
