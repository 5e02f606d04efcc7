"""The density benchmark runs, and its pages hold as many lines as they say."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2] / "scripts"))

import benchmark_density

from ocr.document import Block, Line, Page
from ocr.models.interface import Image
from ocr.polygon import from_box


class RowReader:
    """Finds a line wherever the left column has ink."""

    def predict(self, images: Sequence[Image]) -> list[Page]:
        return [self.page(image) for image in images]

    @staticmethod
    def page(image: Image) -> Page:
        rows = (image[:, :600].min(axis=(1, 2)) < 128).astype(np.int8)
        starts = np.flatnonzero(np.diff(rows, prepend=0) == 1)
        lines = tuple(Line("x", from_box(0, float(y), 9, float(y) + 9)) for y in starts)
        return Page(1, image.shape[1], image.shape[0], (Block(lines),))


@pytest.mark.parametrize("lines", benchmark_density.LINES)
def test_pages_are_of_one_size_and_hold_their_lines(lines: int) -> None:
    page = benchmark_density.draw_page(lines)
    assert page.shape == (1754, 1240, 3)
    assert sum(1 for _ in RowReader.page(page).lines) == pytest.approx(-(-lines // 2), abs=0)


def test_it_writes_a_row_a_model_and_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text("pipeline: two_stage\n")
    monkeypatch.setattr(benchmark_density, "load", lambda folder: RowReader())
    models = ["--model", str(tmp_path / "one"), "--model", str(tmp_path / "two")]
    output = tmp_path / "density.csv"
    for _ in range(2):
        benchmark_density.main([*models, "--lines", "5", "30", "--repetitions", "1", "--output", str(output)])
    rows = list(csv.DictReader(output.open()))
    assert [(row["lines"], row["lines_found"]) for row in rows] == [("5", "3"), ("30", "15")] * 4
    assert rows[0]["ratio"] == rows[0]["over_first"] == "1.0" and float(rows[3]["over_first"]) > 0
    assert capsys.readouterr().out.count("| 30 | 15 |") == 4
