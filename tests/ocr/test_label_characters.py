"""Characters for labelled lines, on pages typed here, with readers whose readings are given."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Picture
from typer.testing import CliRunner

import ocr.pipeline
from ocr.commands.data import app
from ocr.data.samples import load_samples
from ocr.document import Block, Char, Line, Page, Word
from ocr.label_characters import label_page, match_letters, with_missed_letters
from ocr.models.interface import Image, LineAligner
from ocr.polygon import bounds, from_box, side_lengths, transform

PITCH, TEXTS = 22, ("quick brown fox", "jumps over dogs")
SIZE = (460, 240)


class StandIn:
    """Reads given texts whose characters stand at equal distances, a little off."""

    def __init__(self, *texts: str, found: Sequence[Line] = ()) -> None:
        self.texts, self.found = texts, tuple(found)

    def read_lines(self, images: Sequence[Image]) -> list[Line]:
        return [line_in(image, text) for image, text in zip(images, self.texts[: len(images)], strict=True)]

    def predict(self, images: Sequence[Image]) -> list[Page]:
        return [Page(1, image.shape[1], image.shape[0], (Block(self.found),)) for image in images]


class Aligner(StandIn):
    """One that can place the label, too."""

    def align_lines(self, images: Sequence[Image], texts: Sequence[str]) -> list[tuple[Line, Line]]:
        return list(zip(self.read_lines(images), map(line_in, images, texts), strict=True))


def line_in(image: Image, text: str) -> Line:
    """The text spread over a line crop, whose room is a quarter of its height."""
    height, width = image.shape[:2]
    pitch = (width - height / 2) / len(TEXTS[0])
    sides = [height / 4 + pitch * i + 1.5 * (-1) ** i for i in range(len(text) + 1)]
    words, start = [], 0
    for word in text.split(" "):
        places = range(start, start + len(word))
        chars = tuple(Char(text[i], from_box(sides[i], 0, sides[i + 1], height)) for i in places)
        words.append(Word(word, from_box(0, 0, width, height), 1.0, chars))
        start += len(word) + 1
    return Line(text, from_box(0, 0, width, height), 1.0, tuple(words))


def typed_page(matrix: np.ndarray | None = None) -> tuple[Image, Page, list[np.ndarray]]:
    """Two typed lines with loose boxes, and the ink box (4, 2) of every letter; all through an affine matrix."""
    image = np.full((SIZE[1], SIZE[0]), 235, np.uint8)
    lines, inks = [], []
    for number, text in enumerate(TEXTS):
        baseline = 80 + 80 * number
        for i, character in enumerate(text):
            glyph = np.full_like(image, 235)
            cv2.putText(glyph, character, (60 + PITCH * i, baseline), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 20, 2, cv2.LINE_AA)
            rows, columns = np.nonzero(glyph < 170)
            if len(rows):
                inks.append(np.array(from_box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)))
            image = np.minimum(image, glyph)
        lines.append(Line(text, from_box(60, baseline - 34, 60 + PITCH * len(text), baseline + 16)))
    if matrix is not None:
        image = np.asarray(cv2.warpAffine(image, matrix, SIZE, borderValue=235), np.uint8)
        lines = [replace(line, polygon=tuple(map(tuple, transform(line.polygon, matrix)))) for line in lines]
        inks = [transform(ink, matrix) for ink in inks]
    return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), Page(1, *SIZE, (Block(tuple(lines)),)), inks


def chars_of(page: Page) -> list[Char]:
    return [char for word in page.words for char in word.chars]


@pytest.mark.parametrize("angle", [0.0, 4.0, 180.0])
@pytest.mark.parametrize("reader", [StandIn(*TEXTS), Aligner(*TEXTS)], ids=["read", "aligned"])
def test_characters_stand_on_their_ink(reader: StandIn, angle: float) -> None:
    matrix = np.asarray(cv2.getRotationMatrix2D((SIZE[0] / 2, SIZE[1] / 2), angle, 1.0)) if angle else None
    image, page, inks = typed_page(matrix)
    labelled, tally = label_page(image, page, reader)
    chars = chars_of(labelled)
    assert "".join(char.text for char in chars) == "".join(TEXTS).replace(" ", "")
    assert [word.text for word in labelled.words] == " ".join(TEXTS).split()
    assert tally.labelled == tally.agreeing == tally.characters == 26 and tally.unlabelled_regions == 0
    for char, ink in zip(chars, inks, strict=True):
        assert np.abs(np.asarray(char.polygon) - ink).max() < 3.5
        assert np.abs(np.asarray(char.polygon).mean(axis=0) - ink.mean(axis=0)).max() < 1.8


def test_lines_have_the_height_of_their_print() -> None:
    image, page, inks = typed_page()
    labelled, _ = label_page(image, page, StandIn(*TEXTS))
    tops = [min(ink[0, 1] for ink in inks[:13]), max(ink[2, 1] for ink in inks[:13])]
    first, second = labelled.lines
    assert [first.polygon[0][1], first.polygon[2][1]] == pytest.approx(tops, abs=2)
    assert side_lengths(first.polygon)[1] == pytest.approx(side_lengths(second.polygon)[1], abs=2)
    assert bounds(first.words[1].polygon)[:3:2] == pytest.approx((inks[5][0, 0], inks[9][1, 0]), abs=2)


def test_the_label_corrects_single_letters() -> None:
    image, page, _ = typed_page()
    labelled, tally = label_page(image, page, StandIn("quiek brown fox", "jumps over dogs"))
    assert tally.labelled == 26 and tally.unsure_words == 0
    assert "".join(char.text for char in chars_of(labelled)).startswith("quickbrown")


def test_words_read_otherwise_have_no_characters() -> None:
    image, page, _ = typed_page()
    labelled, tally = label_page(image, page, StandIn("qzzzk brown fox", "jumps over dogs"))
    first = next(labelled.lines)
    assert [bool(word.chars) for word in first.words] == [False, True, True]
    assert tally.unsure_words == 1 and not first.ignore and first.text == TEXTS[0]


def test_lines_read_otherwise_are_ignored() -> None:
    image, page, _ = typed_page()
    labelled, tally = label_page(image, page, StandIn("nothing like it", "jumps over dogs"))
    first, second = labelled.lines
    assert first.ignore and first.polygon == next(page.lines).polygon and not second.ignore
    assert tally.ignored_lines == 1


def test_words_keep_their_polygons() -> None:
    image, page, _ = typed_page()
    words = tuple(Word(text, from_box(60, 40, 100, 90)) for text in TEXTS[0].split(" "))
    first, second = page.lines
    page = Page(1, *SIZE, (Block((replace(first, words=words), second)),))
    labelled, _ = label_page(image, page, StandIn(*TEXTS))
    assert [w.polygon for w in next(labelled.lines).words] == [w.polygon for w in words]
    assert all(word.chars for word in labelled.words)


def test_text_without_a_label_is_ignored() -> None:
    image, page, _ = typed_page()
    cv2.putText(image, "stamp", (300, 215), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (20, 20, 20), 2)
    found = from_box(20, 200, 120, 230)
    faint = Line("faint", found, 1.0, (Word("faint", found),))
    labelled, tally = label_page(image, page, StandIn(*TEXTS, found=[faint, line_in(image[:90], TEXTS[0])]))
    added = list(labelled.lines)[2:]
    assert all(line.ignore for line in added) and tally.unlabelled_regions == len(added) > 1
    assert added[0].polygon == found
    _, without = label_page(image, page, StandIn(*TEXTS, found=[faint]), find_text=False)
    assert without.unlabelled_regions < tally.unlabelled_regions


def test_only_single_letters_are_corrected() -> None:
    assert match_letters("abcd", list("abcd")) == [0, 1, 2, 3]
    assert match_letters("abcd", list("axcd")) == [0, 1, 2, 3]
    assert match_letters("abcd", list("axyd")) == [0, None, None, 3]
    assert match_letters("abcd", list("acd")) == [0, None, 1, 2]
    assert match_letters("abcd", list("abxcd")) == [0, 1, 3, 4]
    assert match_letters("a-b", list("a‐b")) == [0, 1, 2]


def test_a_letter_that_was_not_read_needs_room() -> None:
    sides = np.array([0, 10, 20, 30, 50, 60, 65, 70, 80], np.float64)
    cells = np.stack([sides, sides + 10], axis=1)
    agreeing = [True, False, True, True, False, True, False, True, True]
    assert with_missed_letters("abc defghi", agreeing, cells) == [True] * 6 + [False, True, True]


def test_readers_that_align_are_told_apart() -> None:
    assert isinstance(Aligner(), LineAligner) and not isinstance(StandIn(), LineAligner)


def test_command_writes_a_set_and_a_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image, page, _ = typed_page()
    folder = tmp_path / "set"
    folder.mkdir()
    Picture.fromarray(image).save(folder / "page.png")
    lines = [{"text": line.text, "polygon": line.polygon} for line in page.lines]
    entries = [{"image": "page.png", "lines": lines, "lang": "en"}, {"image": "page.png", "text": "a crop"}]
    entries.append({"image": "page.png", "lines": lines, "lang": "it"})
    (folder / "train.jsonl").write_text("\n".join(map(json.dumps, entries)), encoding="utf-8")
    monkeypatch.setattr(ocr.pipeline, "load", lambda name=None: StandIn(*TEXTS))
    options = ["--output", str(tmp_path / "out"), "--summary", str(tmp_path / "counts.csv"), "--language", "en"]
    result = CliRunner().invoke(app, ["characters", str(folder), *options])
    assert result.exit_code == 0, result.output
    assert "1 samples without lines" in result.output and "1 pages, 2 lines (0 ignored), 26 characters" in result.output
    (sample,) = load_samples(tmp_path / "out", split="train")
    assert sample.page is not None and len(chars_of(sample.page)) == 26 and sample.lang == "en"
    assert (tmp_path / "counts.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[1:4] == ["1", "2", "0"]
