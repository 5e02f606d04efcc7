"""What the corrections of a page say of its typeface."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.correct.corrector import Corrector
from ocr.correct.habits import MOST, exchanged, habits_of, with_habits
from ocr.document import Block, Char, Correction, Doubt, Line, Page, Word

LOST = ("to", "the", "tin", "tan", "ten")


class Dictionary:
    """Words that are known cost little, others much."""

    def score(self, texts: Sequence[str], contexts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([sum(-1.0 if word in LOST else -9.0 for word in text.split()) for text in texts])


def box(left: float, right: float) -> tuple[tuple[float, float], ...]:
    return ((left * 10, 0), (right * 10, 0), (right * 10, 20), (left * 10, 20))


def read(word: str, printed: str, share: float) -> Line:
    """A word whose first letter may be another one."""
    chars = tuple(Char(c, box(k, k + 1), 0.8) for k, c in enumerate(word))
    doubt = Doubt(0, 1, ((word[0], math.log(1 - share)), (printed, math.log(share))))
    return Line(word, box(0, len(word)), 0.8, (Word(word, box(0, len(word)), 0.8, chars),), doubts=(doubt,))


def change(original: str, text: str) -> Line:
    return replace(read("x", "y", 0.1), corrections=(Correction(0, original, text, 0.5, ""),))


def page_of(lines: Sequence[Line]) -> Page:
    return Page(1, 1000, 1000, (Block(tuple(lines)),))


@pytest.mark.parametrize(
    ("before", "after", "pair"),
    [
        ("i", "t", ("i", "t")),
        ("bi", "bt", ("i", "t")),
        ("1", "l", None),
        ("ii", "tt", None),
        ("m", "rn", None),
        ("a", "a", None),
    ],
)
def test_one_letter_for_another(before: str, after: str, pair: tuple[str, str] | None) -> None:
    assert exchanged(before, after) == pair


def test_what_is_corrected_often_is_a_habit() -> None:
    assert habits_of([change("i", "t")] * 3) == {}
    assert habits_of([change("i", "t")] * 5) == {("i", "t"): pytest.approx(math.log(5))}
    assert habits_of([change("i", "t")] * 1000) == {("i", "t"): MOST}
    assert habits_of([change("i", "t")] * 8 + [change("t", "i")] * 3) == {}


def test_a_habit_makes_a_reading_likelier_but_never_than_what_was_read() -> None:
    line = with_habits(read("io", "t", 0.01), {("i", "t"): 2.0})
    assert line.doubts[0].readings[1] == ("t", pytest.approx(math.log(0.01) + 2))
    assert with_habits(read("io", "t", 0.4), {("i", "t"): 2.0}).doubts[0].readings[1][1] == math.log(0.6)
    same = read("lo", "t", 0.01)
    assert with_habits(same, {("i", "t"): 2.0}) is same


def test_a_page_that_shows_a_habit_is_corrected_by_it() -> None:
    """Four words are mended by the language; the fifth, whose picture is surer, only as the fifth of the page."""
    often = [read("i" + word[1:], "t", 0.3) for word in LOST[:4]]
    rare = read("ien", "t", 0.04)
    corrector = Corrector(Dictionary())
    (alone,) = corrector.correct_page(page_of([rare])).lines
    assert alone.text == "ien"
    lines = list(corrector.correct_page(page_of([*often, rare])).lines)
    assert [line.text for line in lines] == list(LOST)
    assert lines[-1].corrections[0].original == "i"
