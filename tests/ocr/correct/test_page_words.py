"""What a page has beyond doubt speaks for the words that are in doubt."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from ocr.correct.page_words import COMES, STAYS, sure_words, with_page_words
from ocr.document import Doubt, Line

BOX = ((0.0, 0.0), (100.0, 0.0), (100.0, 20.0), (0.0, 20.0))
SETTLED = 0.97


def line_of(text: str, *doubts: Doubt) -> Line:
    return Line(text, BOX, 1.0, doubts=doubts)


def in_doubt(text: str, start: int, stop: int, *others: str, own: float = 0.6) -> Line:
    """A line whose characters from ``start`` to ``stop`` may be others, each as likely."""
    readings = (text[start:stop], math.log(own)), *((other, math.log((1 - own) / len(others))) for other in others)
    return line_of(text, Doubt(start, stop, readings))


def nats(line: Line, number: int = 1) -> float:
    return line.doubts[0].readings[number][1]


def test_words_beyond_doubt_are_counted_without_their_punctuation() -> None:
    lines = [line_of("vengo á casa, á pie"), in_doubt("vengo á pie", 6, 7, "a"), in_doubt("sé á", 3, 4, "a", own=0.98)]
    assert sure_words(lines, SETTLED) == Counter({"á": 3, "vengo": 2, "pie": 2, "casa": 1, "sé": 1})


def test_korean_words_and_numbers_do_not_count() -> None:
    assert sure_words([line_of("우리 a 집"), line_of("12 3rd B2")], SETTLED) == Counter()
    korean = in_doubt("우리 the 집", 3, 6, "tho")
    assert with_page_words(korean, Counter(the=3), SETTLED) is korean


@pytest.mark.parametrize(("text", "start", "stop", "other"), [("voy á pie", 4, 5, "a"), ("voy á pie", 3, 6, " a ")])
def test_a_word_of_the_page_gives_way_less_readily(text: str, start: int, stop: int, other: str) -> None:
    line = in_doubt(text, start, stop, other)
    told = with_page_words(line, Counter("á"), SETTLED)
    assert told.doubts[0].readings[0] == line.doubts[0].readings[0]
    assert nats(told) == pytest.approx(nats(line) - STAYS)


def test_a_word_that_the_page_has_is_likelier_but_never_than_what_was_read() -> None:
    line = in_doubt("the cleck", 6, 7, "o", "a", "i", "u")
    told = with_page_words(line, Counter(clock=1), SETTLED)
    assert nats(told) == pytest.approx(nats(line) + COMES) and nats(told, 2) == nats(line, 2)
    close = in_doubt("the cleck", 6, 7, "o", own=0.51)
    assert nats(with_page_words(close, Counter(clock=1), SETTLED)) == pytest.approx(math.log(0.51))


def test_what_the_page_says_nothing_of_or_is_settled_stays() -> None:
    line = in_doubt("the cleck", 6, 7, "o")
    assert with_page_words(line, Counter(the=9), SETTLED) is line
    both = Counter(cleck=1, clock=2)
    assert nats(with_page_words(line, both, SETTLED)) == nats(line)
    settled = in_doubt("the cleck", 6, 7, "o", own=0.98)
    assert with_page_words(settled, Counter(cleck=1), SETTLED) is settled
