"""The parts of the reading time: every part is counted, and they add up to the whole."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parents[2] / "scripts"))

import benchmark_parts

from ocr.correct.prior import GuidedTwoStageReader, light_corrector
from ocr.models.codec import Alphabet
from ocr.models.two_stage.reader import ReadingSettings, TwoStageReader

Array = NDArray[np.float32]


def find_dark(images: Array) -> Array:
    """A detector: logits are high where the page is dark."""
    return np.where(images[:, :, ::4, ::4] < 128, 8.0, -8.0).astype(np.float32)


def read_one(images: Array) -> Array:
    """A recognizer that writes one ``a`` on every line."""
    logits = np.zeros((len(images), images.shape[3] // 4, 2), np.float32)
    logits[:, 1, 1] = logits[:, 2:, 0] = logits[:, 0, 0] = 20.0
    return logits


def test_parts_add_up_and_every_part_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = np.full((256, 256, 3), 255, np.uint8)
    page[100:120, 40:200] = 0
    cv2.imwrite(str(tmp_path / "page.png"), page)
    (tmp_path / "val.jsonl").write_text('{"image": "page.png", "lines": []}\n')
    alone = TwoStageReader(find_dark, read_one, Alphabet(["a"]), ReadingSettings(height=32))
    reader = GuidedTwoStageReader(alone, light_corrector())
    monkeypatch.setattr(benchmark_parts, "load", lambda model, pipeline: reader)
    output = tmp_path / "parts.csv"
    benchmark_parts.main([str(tmp_path), "--rounds", "2", "--output", str(output)])
    (row,) = csv.DictReader(output.open())
    parts = [float(row[part]) for part in (*benchmark_parts.NETWORKS, *benchmark_parts.PARTS, "guide", "other")]
    assert sum(parts) == pytest.approx(float(row["all"]), abs=0.001) and float(row["all"]) > 0
    timed = benchmark_parts.read_timed(reader, page)
    assert set(timed) == {"all", *benchmark_parts.NETWORKS, *benchmark_parts.PARTS, "guide"}
    assert alone.detector is find_dark and [line.text for line in reader.predict([page])[0].lines] == ["a"]
