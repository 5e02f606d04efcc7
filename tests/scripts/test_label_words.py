"""The list of names that the bar of lexicons is measured with."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2] / "scripts"))

import label_words


def test_words_without_digits_each_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cv2.imwrite(str(tmp_path / "line.png"), np.full((40, 200, 3), 255, np.uint8))
    (tmp_path / "val.jsonl").write_text(
        '{"image": "line.png", "text": "Kedai Pantoja 12 RM4.50"}\n{"image": "line.png", "text": "Kedai B2"}\n'
    )
    label_words.main([str(tmp_path)])
    assert capsys.readouterr().out.split() == ["Kedai", "Pantoja"]
