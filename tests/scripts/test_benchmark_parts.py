"""The parts of the reading time: every part is counted, and they add up to the whole."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2] / "scripts"))

import benchmark_parts

from ocr.models.two_stage.reader import ReadingSettings, TwoStageReader
from tests.models.test_reader import ALPHABET, find_dark, page, read_ends


def test_parts_add_up_and_every_part_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cv2.imwrite(str(tmp_path / "page.png"), page(0, 100))
    (tmp_path / "val.jsonl").write_text('{"image": "page.png", "lines": []}\n')
    reader = TwoStageReader(find_dark, read_ends, ALPHABET, ReadingSettings(height=32))
    monkeypatch.setattr(benchmark_parts, "load", lambda model, pipeline: reader)
    output = tmp_path / "parts.csv"
    benchmark_parts.main([str(tmp_path), "--rounds", "2", "--output", str(output)])
    (row,) = csv.DictReader(output.open())
    parts = [float(row[part]) for part in (*benchmark_parts.NETWORKS, *benchmark_parts.PARTS, "other")]
    assert sum(parts) == pytest.approx(float(row["all"]), abs=0.001) and float(row["all"]) > 0
    timed = benchmark_parts.read_timed(reader, page(0, 100))
    assert set(timed) == {"all", *benchmark_parts.NETWORKS, *benchmark_parts.PARTS}
    assert reader._detector is find_dark and np.shape(reader.predict([page(0, 100)])) == (1,)
