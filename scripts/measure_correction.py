"""Rows of scripts/results/correction.csv: by the picture alone, guided by n-grams, and with ``--correct``, set by set.

    python scripts/correction_pages.py OUT --fonts DIR... --corpora DIR... --seed 3
    python scripts/measure_correction.py OUT/* --output scripts/results/correction.csv

Three readings of each set and three rows: what guiding takes from the errors of the picture alone (it is a correction
by a language model that is always on, ocr/correct/prior.py), what ``--correct`` takes from them, and what it adds to
the guided reading. ``note`` names the step. A set of pages whose CER by the picture alone is between 3% and 15% gets
three rows more, of these pages alone: it is what issue 6 calls degraded; others have little to mend, or nobody can read
them. Lines that were not found, or of which less than half is right, hold errors that no correction can reach; ``note``
tells how many errors stand on the others, and how many of those are gone. The columns are those of
ocr/correction_report.py; ``reduction`` is the share of the character errors that are gone.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timezone
from pathlib import Path

from result_rows import append_rows

from ocr import evaluate
from ocr.correction_report import CorrectionResult, result_of, steps_of, to_lines
from ocr.evaluate import Evaluation
from ocr.scoring import Kind, score

DEGRADED = (0.03, 0.15)
"""CER by the picture alone of the pages that are told apart."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--split", default="val")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--pipeline", default="two_stage")
    parser.add_argument("--corrector")
    parser.add_argument("--lexicon")
    parser.add_argument("--note", default="", help="what the rows are, for their last column")
    arguments = parser.parse_args()
    (guided,) = evaluate.engines(None, [], pipeline=arguments.pipeline)
    corrected = evaluate.corrected_engine(guided, arguments.corrector, arguments.lexicon)
    engines = [evaluate.unguided_engine(guided), guided, corrected]
    for labelled in evaluate.load_sets(arguments.sets, split=arguments.split, limit=arguments.limit):
        readings = evaluate.evaluate([labelled], engines)
        tell(readings, arguments.note, arguments.output)
        kept = degraded(readings[0])
        if kept and len(kept) < len(labelled.samples):
            print(f"the {len(kept)} pages of {labelled.name} with a CER of 3% to 15%:")
            note = f"{len(kept)} pages with a CER of 3% to 15%; {arguments.note}"
            tell([on_pages(reading, kept) for reading in readings], note, arguments.output)


def tell(readings: Sequence[Evaluation], note: str, output: Path) -> None:
    """Print and write the three steps."""
    rows = []
    for step, before, after in steps_of(readings):
        result, read = result_of(step, before, after), on_read_lines(before, after)
        print(f"{to_lines([result])}; {read}", flush=True)
        rows.append(row_of(result, f"{step}; {read}; {note}".removesuffix("; ")))
    append_rows(rows, output)


def on_read_lines(before: Evaluation, after: Evaluation) -> str:
    """What became of the errors on lines of which at least half was right."""
    pairs = [(a, b) for a, b in zip(before.lines, after.lines, strict=True) if 2 * a.errors <= len(a.label)]
    errors = sum(a.errors for a, _ in pairs)
    return f"{sum(a.errors - b.errors for a, b in pairs)} of {errors} errors gone on lines at least half right"


def degraded(reading: Evaluation) -> list[int]:
    """Numbers of the pages with a CER within ``DEGRADED``; none of a set of lines or texts."""
    if reading.labelled.kind is not Kind.PAGES:
        return []
    rates = [on_pages(reading, [number]).scores.cer or 0.0 for number in range(len(reading.labelled.samples))]
    return [number for number, rate in enumerate(rates) if DEGRADED[0] <= rate <= DEGRADED[1]]


def on_pages(reading: Evaluation, numbers: Sequence[int]) -> Evaluation:
    """The same reading scored on some of its pages; times and memory stay those of all."""
    labelled = replace(reading.labelled, samples=tuple(reading.labelled.samples[i] for i in numbers))
    pages = tuple(reading.reading.pages[i] for i in numbers)
    scores, tally = score(labelled.kind, labelled.samples, pages, fold_case=labelled.fold_case)
    return replace(
        reading, labelled=labelled, scores=scores, reading=replace(reading.reading, pages=pages),
        lines=tuple(tally.lines), confusions=tally.confusions,
    )  # fmt: skip


def row_of(result: CorrectionResult, note: str) -> dict[str, object]:
    row: dict[str, object] = {"date": datetime.now(timezone.utc).date().isoformat()}
    for name, value in asdict(result).items():
        if name == "step":  # stands in the note
            continue
        pair = isinstance(value, (list, tuple))
        row |= {f"{name}_before": short(value[0]), f"{name}_after": short(value[1])} if pair else {name: value}
    return row | {"reduction": short(result.reduction), "note": note}


def short(value: object) -> object:
    return f"{value:.5g}" if isinstance(value, float) else value


if __name__ == "__main__":
    main()
