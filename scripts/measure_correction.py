"""Rows of scripts/results/correction.csv: reading with and without correction, set by set.

    python scripts/correction_pages.py OUT --fonts DIR... --corpora DIR... --seed 3
    python scripts/measure_correction.py OUT/* --output scripts/results/correction.csv

The columns are those of ocr/correction_report.py; ``reduction`` is the share of the character errors that are gone.
``--guide`` measures what the n-grams do that guide every reading (ocr/correct/prior.py), without them and with them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from result_rows import append_rows

from ocr import evaluate
from ocr.correction_report import CorrectionResult, compare, to_lines
from ocr.models.interface import LineReader
from ocr.pipeline import load_unguided


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--split", default="val")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--pipeline", default="two_stage")
    parser.add_argument("--corrector")
    parser.add_argument("--lexicon")
    parser.add_argument("--guide", action="store_true", help="what guides every reading, instead of --correct")
    parser.add_argument("--note", default="", help="what the rows are, for their last column")
    arguments = parser.parse_args()
    (engine,) = evaluate.engines(None, [], pipeline=arguments.pipeline)
    engines = [engine, evaluate.corrected_engine(engine, arguments.corrector, arguments.lexicon)]
    if arguments.guide:
        alone = evaluate.Engine(engine.name, partial(picture_alone, arguments.pipeline))
        engines = [alone, evaluate.Engine(engine.name + evaluate.CORRECTED, engine.load)]
    for labelled in evaluate.load_sets(arguments.sets, split=arguments.split, limit=arguments.limit):
        results = compare(evaluate.evaluate([labelled], engines))
        print(to_lines(results))
        append_rows([row_of(result, arguments.note) for result in results], arguments.output)


def picture_alone(pipeline: str, languages: Sequence[str]) -> LineReader:
    """The shipped reader without n-grams; one model reads all its languages."""
    return load_unguided(pipeline=pipeline)


def row_of(result: CorrectionResult, note: str) -> dict[str, object]:
    row: dict[str, object] = {"date": datetime.now(timezone.utc).date().isoformat()}
    for name, value in asdict(result).items():
        pair = isinstance(value, (list, tuple))
        row |= {f"{name}_before": short(value[0]), f"{name}_after": short(value[1])} if pair else {name: value}
    return row | {"reduction": short(result.reduction), "note": note}


def short(value: object) -> object:
    return f"{value:.5g}" if isinstance(value, float) else value


if __name__ == "__main__":
    main()
