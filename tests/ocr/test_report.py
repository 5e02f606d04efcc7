"""The table and the HTML page of ``ocr eval``."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr.data.samples import Sample
from ocr.document import Block, Line, Page
from ocr.errors import OutputError
from ocr.evaluate import Evaluation, LabelledSet, Reading
from ocr.polygon import from_box
from ocr.report import CROP_HEIGHT, CROP_MARGIN, CROP_WIDTH, crop, data_uri, to_html, to_json, to_table, write
from ocr.scoring import Kind, score


@pytest.fixture
def evaluation(tmp_path: Path) -> Evaluation:
    """A page with one line, read with an error that looks like markup."""
    picture = np.full((100, 200, 3), 255, np.uint8)
    picture[10:30, 10:110] = 0
    cv2.imwrite(str(tmp_path / "<page>.png"), picture)
    label = Page(1, 200, 100, (Block((Line("a <b> c", from_box(10, 10, 110, 30)),)),))
    reading = Page(1, 200, 100, (Block((Line("a <i>c", from_box(10, 10, 110, 30)),)),))
    samples = (Sample(tmp_path / "<page>.png", label),)
    scores, tally = score(Kind.PAGES, samples, [reading], fold_case=False)
    labelled = LabelledSet("set<1>", Kind.PAGES, samples, ("en",), False)
    cost = Reading((reading,), 0.5, 0.9, 123_000_000)
    return Evaluation(labelled, "engine", scores, cost, tuple(tally.lines), tally.confusions)


class Tags(HTMLParser):
    """Collects start tags and checks that all tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_table_leaves_out_empty_columns_and_says_what_was_folded(evaluation: Evaluation) -> None:
    folded = replace(evaluation, labelled=replace(evaluation.labelled, fold_case=True))
    heading, rule, first, second = to_table([evaluation, folded]).split("\n")
    assert "CER" in heading and "eojeol" not in heading
    assert set(rule) <= set("|- ")
    assert "123" in first and "set<1> (folded)" in second
    assert len({len(row) for row in (heading, rule, first, second)}) == 1


def test_json_has_every_metric(evaluation: Evaluation) -> None:
    (row,) = json.loads(to_json([evaluation]))["results"]
    assert row["set"] == "set<1>" and row["kind"] == "pages" and row["peak_memory_mb"] == 123
    assert row["languages"] == ["en"] and row["case_folded"] is False
    assert row["eojeol_accuracy"] is None and row["cer"] == pytest.approx(2 / 7)


def test_html_is_whole_and_escaped(evaluation: Evaluation) -> None:
    page = to_html([evaluation])
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.seen["b"] == tags.seen["i"] == 0 and tags.seen["img"] == 1
    assert "&lt;<del>b</del>&gt;" in page and "<ins>i</ins>" in page
    assert "␣" in page  # the lost space among the confusions
    assert "&lt;page&gt;.png" in page
    assert not re.search(r'(src|href)="(?!data:)', page)  # nothing is loaded from elsewhere


def test_html_without_errors_needs_no_images(evaluation: Evaluation) -> None:
    perfect = replace(evaluation, lines=(), confusions=Counter())
    assert "None." in to_html([perfect])


def test_crop_has_a_margin_and_stays_inside(evaluation: Evaluation) -> None:
    image = evaluation.labelled.samples[0].load()
    result = evaluation.lines[0]
    assert crop(image, result.polygon).shape[:2] == (20 + CROP_MARGIN * 2, 100 + CROP_MARGIN * 2)
    outside = replace(result, polygon=from_box(-50, -50, 20, 20))
    assert crop(image, outside.polygon).shape[:2] == (20 + CROP_MARGIN, 20 + CROP_MARGIN)
    assert crop(image, None).shape == image.shape


@pytest.mark.parametrize("shape", [(20, 4000, 3), (3000, 20, 3), (10, 10, 3)])
def test_crops_are_shrunk(shape: tuple[int, int, int]) -> None:
    uri = data_uri(np.zeros(shape, np.uint8), CROP_HEIGHT)
    encoded = np.frombuffer(base64.b64decode(uri.split(",")[1]), np.uint8)
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    assert decoded is not None
    height, width = decoded.shape[:2]
    assert height <= CROP_HEIGHT and width <= CROP_WIDTH


def test_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot write"):
        write(tmp_path / "file" / "report.html", "text")
