"""Blanks of forms at the ends of lines that were read."""

from __future__ import annotations

import numpy as np
import pytest

from ocr.document import Char, Doubt, Line, Word
from ocr.models.blanks import without_blanks
from ocr.models.page_blocks import page_blocks
from ocr.polygon import from_box


def line_of(text: str, doubts: tuple[Doubt, ...] = ()) -> Line:
    """A line of characters 10 px wide."""
    words, place = [], 0
    for word in text.split():
        chars = tuple(
            Char(c, from_box(10.0 * (place + i), 0, 10.0 * (place + i + 1), 20), 0.9) for i, c in enumerate(word)
        )
        words.append(Word(word, from_box(10.0 * place, 0, 10.0 * (place + len(word)), 20), 0.9, chars))
        place += len(word) + 1
    return Line(text, from_box(0, 0, 10.0 * len(text), 20), 0.9, tuple(words), doubts=doubts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Name:_", "Name:"),
        ("Name: ___", "Name:"),
        ("_ Joyce", "Joyce"),
        ("_Joyce Bagby_", "Joyce Bagby"),
        ("X_", "X"),
        ("$_ 47", "$_ 47"),
        ("def __init__", "def __init__"),
        ("_some_name", "_some_name"),
        ("set SQuAD_it", "set SQuAD_it"),
        ("no blank", "no blank"),
    ],
)
def test_blanks_at_the_ends_of_lines_are_no_text(text: str, expected: str) -> None:
    line = without_blanks(line_of(text))
    assert line is not None and line.text == expected == " ".join(word.text for word in line.words)
    for word in line.words:
        assert "".join(char.text for char in word.chars) == word.text
        assert word.polygon[1][0] - word.polygon[0][0] == pytest.approx(10 * len(word.text))


@pytest.mark.parametrize("text", ["_", "___ __"])
def test_a_line_of_blanks_alone_is_none(text: str) -> None:
    assert without_blanks(line_of(text)) is None


def test_doubts_keep_their_places() -> None:
    doubts = tuple(Doubt(i, i + 1, (("x", -0.1), ("y", -2.0))) for i in (0, 2, 7, 9))
    line = without_blanks(line_of("__ab cdef:_", doubts))
    assert line is not None and line.text == "ab cdef:"
    assert [(doubt.start, doubt.stop) for doubt in line.doubts] == [(0, 1), (5, 6), (7, 8)]


def test_a_line_without_words_is_left_alone() -> None:
    line = Line("_", from_box(0, 0, 10, 20))
    assert without_blanks(line) is line


def test_pages_have_no_blanks() -> None:
    grey = np.full((100, 300), 255, np.uint8)
    (block,) = page_blocks([line_of("Name:_")], grey)
    assert [line.text for line in block.lines] == ["Name:"]
    assert page_blocks([line_of("____")], grey) == ()
