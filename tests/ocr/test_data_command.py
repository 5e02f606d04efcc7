"""``ocr data check`` and ``ocr data show``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from ocr.commands.data import app
from ocr.errors import InputError, UsageError

LINE = {"text": "가나 abc", "polygon": [[10, 10], [90, 10], [90, 30], [10, 30]]}


@pytest.fixture
def labelled_set(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    (folder / "images").mkdir(parents=True)
    for number, split in enumerate(("train", "val")):
        Image.new("RGB", (100, 50), (number, 200, 200)).save(folder / "images" / f"{split}.png")
        entry = {"image": f"images/{split}.png", "width": 100, "height": 50, "lines": [LINE]}
        (folder / f"{split}.jsonl").write_text(json.dumps(entry) + "\n", encoding="utf-8")
    return folder


def test_check_prints_a_report_for_all_splits(labelled_set: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(labelled_set)])
    assert result.exit_code == 0
    assert "train: 1 images" in result.stdout and "val: 1 images" in result.stdout


def test_check_one_split_against_an_alphabet(labelled_set: Path, tmp_path: Path) -> None:
    alphabet = tmp_path / "alphabet.txt"
    alphabet.write_text("␣\na\nb\n\u1100\n\u1161\n\u1102\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(labelled_set), "--split", "val", "--alphabet", str(alphabet)])
    assert result.exit_code == 0
    assert "train: " not in result.stdout and "'c' U+0063 1 times" in result.stdout


def test_check_prints_the_report_and_stops_if_too_much_is_bad(labelled_set: Path) -> None:
    (labelled_set / "images" / "val.png").write_bytes(b"")
    result = CliRunner().invoke(app, ["check", str(labelled_set)])
    assert isinstance(result.exception, InputError) and "STOP: 1 of 1 samples of val are bad" in result.stdout
    assert CliRunner().invoke(app, ["check", str(labelled_set), "--max-bad", "1"]).exit_code == 0


def test_show_draws_every_split(labelled_set: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["show", str(labelled_set), "--output", str(tmp_path / "out")])
    assert result.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0001_train.png", "0002_val.png"]


def test_missing_sets_are_usage_errors(tmp_path: Path) -> None:
    for command in (["check", str(tmp_path / "no")], ["show", str(tmp_path / "no"), "--output", str(tmp_path)]):
        assert isinstance(CliRunner().invoke(app, command).exception, UsageError)


def test_the_module_is_light() -> None:
    heavy = "numpy", "cv2", "torch", "PIL", "rich.progress"
    code = f"import sys, ocr.commands.data; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
