"""``ocr eval``: score a model, and other engines beside it, on labelled sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    sets: Annotated[list[Path], typer.Argument(metavar="SET...", help="Folders of labelled sets, or label files.")],
    model: Annotated[str | None, typer.Option(help="Name or folder of the model, if not the default.")] = None,
    pipeline: Annotated[str | None, typer.Option(help="Pipeline whose shipped model is taken.")] = None,
    adapter: Annotated[Path | None, typer.Option(help="Folder of an adapter; the model is then its own.")] = None,
    split: Annotated[str, typer.Option(help="Part of each set: val also reads pages_val.")] = "val",
    against: Annotated[
        str, typer.Option(help="Other pipelines, models and engines, by commas: end2end,tesseract.")
    ] = "",
    peers_only: Annotated[bool, typer.Option("--peers-only", help="Score only the engines of --against.")] = False,
    languages: Annotated[str, typer.Option(help="Languages for --against (ko,en); else as labelled.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many samples of each set.")] = None,
    correct: Annotated[
        bool,
        typer.Option("--correct", help="Score our reading by the picture alone and corrected too, and what changed."),
    ] = False,
    corrector: Annotated[str | None, typer.Option(help="Language model for --correct; see ocr predict.")] = None,
    corrector_weights: Annotated[str, typer.Option(help="How its weights are held: nf4, int8 or none.")] = "nf4",
    lexicon: Annotated[str | None, typer.Option(help="Names and words that --correct should know.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write all metrics to this file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a report with the worst and the corrected lines.")] = None,
) -> None:
    """Score a model on labelled sets: CER, word F1, boxes, reading order, calibration, time and memory."""
    from ocr import correction_html, correction_report, report
    from ocr import evaluate as evaluation

    labelled = evaluation.load_sets(sets, split=split, limit=limit)
    if languages:
        labelled = evaluation.with_languages(labelled, languages.split(","))
    others = against.split(",") if against else []
    engines = evaluation.engines(model, others, pipeline=pipeline, adapter=adapter, peers_only=peers_only)
    if correct or corrector or lexicon:
        ours, *rest = engines
        corrected = evaluation.corrected_engine(ours, corrector, lexicon, corrector_weights)
        engines = [evaluation.unguided_engine(ours), ours, corrected, *rest]
    results = evaluation.evaluate(labelled, engines)
    typer.echo(report.to_table(results))
    if changes := correction_report.compare(results):
        typer.echo(correction_report.to_lines(changes))
    if json is not None:
        report.write(json, report.to_json(results))
    if html is not None:
        report.write(html, report.to_html(results, correction_html.changes_to_html(results)))
