"""``ocr predict --correct`` and ``ocr eval --correct`` with the shipped models, and ``ocr lexicon``."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr.cli import main
from ocr.correct.load import NGRAMS, SHIPPED
from ocr.correct.load import WORDS as TABLE
from ocr.correction_report import STEPS
from ocr.models.file_hashes import HASHES, hash_of_file, read_hashes
from ocr.pipeline import DEFAULT_MODELS, shipped

pytestmark = pytest.mark.skipif(
    DEFAULT_MODELS["two_stage"] not in shipped() or not (SHIPPED / NGRAMS).exists(),
    reason="no weights are shipped in this checkout",
)

WORDS = "the meeting was opened at nine"


def draw(path: Path, blur: float) -> Path:
    """A line of print, blurred until some letters are doubtful."""
    page = np.full((120, 900, 3), 255, np.uint8)
    cv2.putText(page, WORDS, (40, 75), cv2.FONT_HERSHEY_COMPLEX, 1.3, (40, 40, 40), 2, cv2.LINE_AA)
    cv2.imwrite(str(path), cv2.GaussianBlur(page, (0, 0), blur))
    return path


@pytest.fixture
def blurred(tmp_path: Path) -> Path:
    return draw(tmp_path / "page.png", 3.2)


@pytest.mark.parametrize("pipeline", sorted(DEFAULT_MODELS))
def test_predict_writes_corrections_and_explains_them(
    pipeline: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if DEFAULT_MODELS[pipeline] not in shipped():
        pytest.skip(f"no model of {pipeline} here")
    pages = [str(draw(tmp_path / f"{blur}.png", blur)) for blur in (3.2, 3.4, 3.5, 3.6, 3.7, 3.8)]
    command = ["predict", *pages, "--workers", "1", "--format", "json", "--pipeline", pipeline]
    assert main(command) == 0
    plain = json.loads(capsys.readouterr().out)
    assert main([*command, "--explain"]) == 0
    output = capsys.readouterr()
    new = json.loads(output.out)
    before, after = (
        [line for d in some for b in d["pages"][0]["blocks"] for line in b["lines"]] for some in (plain, new)
    )
    assert len(before) == len(after)
    assert all("corrections" not in line for line in before)
    changed = [line for line in after if "corrections" in line]
    assert changed, "of six pages that can hardly be read none was corrected"
    for line in changed:  # against the picture alone: the guide of the plain reading may have made the same changes
        for correction in line["corrections"]:
            start, text = correction["start"], correction["text"]
            assert text != correction["original"] and line["text"][start : start + len(text)] == text
    assert output.err.count(" -> ") == sum(len(line["corrections"]) for line in changed)


def test_a_lexicon_is_built_and_used(blurred: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "words.txt").write_text(WORDS, encoding="utf-8")
    assert main(["lexicon", "build", str(tmp_path / "words.txt"), "--output", str(tmp_path / "words.sqlite")]) == 0
    assert "words" in capsys.readouterr().out
    assert main(["predict", str(blurred), "--lexicon", str(tmp_path / "words.sqlite")]) == 0
    assert main(["predict", str(blurred), "--lexicon", str(tmp_path / "absent.csv")]) == 2
    assert "no lexicon" in capsys.readouterr().err


def test_a_corrector_that_is_not_there_is_told_in_a_line(
    blurred: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocr.correct.load.SHIPPED", Path("nowhere"))
    assert main(["predict", str(blurred), "--correct"]) == 4
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "ocr lexicon ngrams" in error


def test_eval_tells_what_correction_did(blurred: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"image": blurred.name, "text": WORDS, "lang": "en"}
    (tmp_path / "val.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert main(["eval", str(tmp_path), "--correct"]) == 0
    output = capsys.readouterr().out
    assert "two-stage-small unguided" in output and "two-stage-small +correct" in output
    assert all(f"two-stage-small, {step}: CER" in output for step in STEPS)
    assert "fixed" in output and "broken" in output and "processor time" in output


def test_ngrams_are_built_from_own_texts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "texts" / "en").mkdir(parents=True)
    (tmp_path / "texts" / "en" / "a.txt").write_text("\n".join(f"{WORDS} {i}" for i in range(99)), encoding="utf-8")
    arguments = ["lexicon", "ngrams", str(tmp_path / "texts"), "--output", str(tmp_path / "own"), "--least-gain", "2"]
    assert main(arguments) == 0
    assert "MB" in capsys.readouterr().out
    assert read_hashes(tmp_path / "own" / HASHES) == {
        name: hash_of_file(tmp_path / "own" / name) for name in (NGRAMS, TABLE)
    }


def test_the_shipped_language_model_is_the_one_that_its_hash_names() -> None:
    for name in (NGRAMS, TABLE):
        assert read_hashes(SHIPPED / HASHES)[name] == hash_of_file(SHIPPED / name)


def test_the_library_corrects_too(blurred: Path) -> None:
    import ocr
    from ocr.predict import load_once

    load_once.cache_clear()  # another test's reader may be kept there
    plain, new = ocr.read(blurred), ocr.read(blurred, correct=True)
    for before, after in zip(plain.pages[0].lines, new.pages[0].lines, strict=True):
        assert bool(after.corrections) == (before.text != after.text)
