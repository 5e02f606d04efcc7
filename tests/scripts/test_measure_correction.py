"""Three readings of a set, row by row: what the rows are about, and which pages count as degraded."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "scripts"))

import measure_correction

from ocr.correction_report import STEPS
from ocr.data.samples import Sample
from ocr.document import Block, Line, Page
from ocr.evaluate import CORRECTED, UNGUIDED, Evaluation, LabelledSet, Reading
from ocr.scoring import Kind, score

LABEL = "the clock on the wall stopped at noon today"


def page_of(text: str) -> Page:
    box = ((0.0, 0.0), (430.0, 0.0), (430.0, 20.0), (0.0, 20.0))
    return Page(1, 430, 20, (Block((Line(text, box, 1.0),)),))


def reading_of(name: str, *texts: str) -> Evaluation:
    samples = tuple(Sample(Path("a.png"), page=page_of(LABEL)) for _ in texts)
    labelled = LabelledSet("pages", Kind.PAGES, samples, ("en",), False)
    pages = tuple(page_of(text) for text in texts)
    scores, tally = score(Kind.PAGES, samples, pages, fold_case=False)
    return Evaluation(labelled, name, scores, Reading(pages, 1.0, 1.0, None), tuple(tally.lines), Counter())


def test_three_steps_and_the_pages_that_are_degraded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong, mended = LABEL.replace("clock", "cleck").replace("noon", "neon"), LABEL.replace("clock", "cleck")
    alone = reading_of("ours" + UNGUIDED, LABEL, wrong, "xxxxx")
    readings = [alone, reading_of("ours", LABEL, mended, "xxxxx"), reading_of("ours" + CORRECTED, LABEL, LABEL, "xxx")]
    assert measure_correction.degraded(alone) == [1]
    measure_correction.tell(readings, "seed 1", tmp_path / "rows.csv")
    rows = list(csv.DictReader((tmp_path / "rows.csv").open(encoding="utf-8")))
    assert [row["note"].split(";")[0] for row in rows] == list(STEPS)
    assert [row["note"].split("; ")[1].split(" on ")[0] for row in rows] == [
        "1 of 2 errors gone", "1 of 1 errors gone", "2 of 2 errors gone",
    ]  # fmt: skip
    assert [row["fixed"] for row in rows] == ["0", "1", "1"] and rows[0]["note"].endswith("seed 1")
    assert capsys.readouterr().out.count("errors gone on lines at least half right") == 3


def test_some_pages_of_a_reading() -> None:
    part = measure_correction.on_pages(reading_of("ours", LABEL, "xxxxx"), [0])
    assert part.scores.cer == 0 and len(part.lines) == len(part.labelled.samples) == 1
