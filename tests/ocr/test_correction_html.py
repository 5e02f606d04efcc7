"""The changed lines in the HTML report of ``ocr eval --correct``: what is shown, with which picture and verdict."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr.correct.rewrite import Change, rewritten
from ocr.correction_html import VERDICTS, changed_lines, changes_to_html
from ocr.data.samples import Sample
from ocr.document import Block, Line, Page
from ocr.evaluate import CORRECTED, UNGUIDED, Evaluation, LabelledSet, Reading
from ocr.metrics.page import with_words
from ocr.polygon import Polygon, from_box
from ocr.report import CROP_MARGIN
from ocr.scoring import Kind, score

TRUTHS = ("the clock tower", "was shut <today>", "at nine")
"""The lines of a page, 30 px apart; a fourth one has no label."""

READ = ("the cleck tower", "was shut <today>", "at nine", "dirt")


def box(number: int) -> Polygon:
    return from_box(10, 10 + 30 * number, 190, 30 + 30 * number)


def page_of(lines: list[Line]) -> Page:
    return Page(1, 200, 140, (Block(tuple(lines)),))


def evaluation_of(sample: Sample, page: Page, kind: Kind, engine: str) -> Evaluation:
    scores, tally = score(kind, [sample], [page], fold_case=False)
    labelled = LabelledSet("set", kind, (sample,), ("en",), False)
    return Evaluation(labelled, engine, scores, Reading((page,), 1, 1, None), tuple(tally.lines), tally.confusions)


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    picture = np.full((140, 200, 3), 255, np.uint8)
    for i in range(4):
        picture[15 + 30 * i : 25 + 30 * i, 10:190] = 60 * i  # each line its own grey
    cv2.imwrite(str(tmp_path / "page.png"), picture)
    label = page_of([Line(text, box(i)) for i, text in enumerate(TRUTHS)])
    return Sample(tmp_path / "page.png", label)


def both(sample: Sample, kind: Kind = Kind.PAGES) -> tuple[Evaluation, Evaluation]:
    """One line fixed, one broken, one left as it was, and one changed where no label is."""
    lines = [with_words(Line(text, box(i), 0.8)) for i, text in enumerate(READ)]
    changes: dict[int, Change] = {
        0: (6, 7, "o", "it is <likelier>"), 1: (4, 8, "shot", "a mistake"), 3: (0, 1, "D", "nobody knows"),
    }  # fmt: skip
    new = [rewritten(line, [changes[i]]) if i in changes else line for i, line in enumerate(lines)]
    return (
        evaluation_of(sample, page_of(lines), kind, "engine" + UNGUIDED),
        evaluation_of(sample, page_of(new), kind, "engine" + CORRECTED),
    )


def test_each_changed_line_has_its_truth_verdict_and_reason(sample: Sample) -> None:
    broken, unlabelled, fixed = changed_lines(*both(sample))
    assert (broken.truth, broken.before, broken.after) == (TRUTHS[1], TRUTHS[1], "was shot <today>")
    assert (fixed.truth, fixed.before, fixed.after) == (TRUTHS[0], "the cleck tower", TRUTHS[0])
    assert (unlabelled.truth, unlabelled.before, unlabelled.after) == (None, "dirt", "Dirt")
    assert [line.verdict for line in (broken, unlabelled, fixed)] == ["broken", "unlabelled", "fixed"]
    assert [line.corrections[0].reason for line in (broken, fixed)] == ["a mistake", "it is <likelier>"]
    assert len(fixed.corrections) == 1
    assert next(iter(VERDICTS)) == "broken"


def test_the_report_shows_the_picture_of_the_line_and_escapes_texts(sample: Sample) -> None:
    html = changes_to_html(both(sample))
    assert html.count('<div class="line ') == 3
    assert "it is &lt;likelier&gt;" in html and "<today>" not in html
    pictures = [
        cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_GRAYSCALE)
        for data in re.findall(r"data:image/jpeg;base64,([^\"]+)", html)
    ]
    assert [p.shape for p in pictures] == [(20 + 2 * CROP_MARGIN, 180 + 2 * CROP_MARGIN)] * 3
    middles = [int(p[p.shape[0] // 2, 90]) for p in pictures]
    assert middles == pytest.approx([60, 180, 0], abs=6)  # the second, fourth and first line


def test_pages_with_a_text_alone_show_the_lines_as_they_were_read(sample: Sample) -> None:
    text = replace(sample, page=None, text="\n".join(TRUTHS))
    lines = changed_lines(*both(text, Kind.TEXTS))
    assert [(line.before, line.truth) for line in lines] == [(READ[0], None), (READ[1], None), (READ[3], None)]


def test_nothing_is_shown_without_correction(sample: Sample) -> None:
    plain, _ = both(sample)
    assert changes_to_html([plain]) == changes_to_html([replace(plain, engine="engine")]) == ""
