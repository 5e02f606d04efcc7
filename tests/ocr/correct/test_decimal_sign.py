"""One decimal sign a page, where the picture is in doubt."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ocr.correct.decimal_sign import REASON, with_one_sign
from ocr.document import Doubt, Line
from ocr.models.two_stage.assemble import assemble_line
from ocr.models.two_stage.recognizer_decode import DecodedChar

QUAD = [(0.0, 0.0), (100.0, 0.0), (100.0, 10.0), (0.0, 10.0)]


def line(text: str, place: int | None = None, other: str = ".", likely: float = 0.3) -> Line:
    """A line whose character at ``place`` may be another one."""
    characters = [DecodedChar(c, 0.9, float(k), k + 1.0) for k, c in enumerate(text)]
    made = assemble_line(characters, np.array(QUAD), 8 * len(text))
    if place is None:
        return made
    readings = ((text[place], math.log(0.6)), (other, math.log(likely)))
    return Line(made.text, made.polygon, made.confidence, made.words, False, (Doubt(place, place + 1, readings),))


PAGE = [line("2.10"), line("TOTAL 13.90"), line("$0.99 4.00")]


@pytest.mark.parametrize(
    ("text", "place", "right"),
    [("3,50", 1, "3.50"), ("12 00", 2, "12.00"), ("RM1,204 50", 7, "RM1,204.50"), ("CASH 20,00", 7, "CASH 20.00")],
)
def test_the_page_tells_the_sign(text: str, place: int, right: str) -> None:
    found = with_one_sign([*PAGE, line(text, place)])[-1]
    assert found.text == right and " ".join(word.text for word in found.words) == right
    assert [(c.start, c.original, c.reason) for c in found.corrections] == [(place, text[place], REASON)]


@pytest.mark.parametrize(
    ("text", "place", "other", "likely"),
    [
        ("3,50", None, ".", 0.3),  # no doubt
        ("3,50", 1, ".", 0.001),  # the picture is against it
        ("3,50", 1, ";", 0.3),
        ("12,05,2019", 2, ".", 0.3),  # a date
        ("1,250", 1, ".", 0.3),  # thousands
        ("TABLE 12 50", 8, ".", 0.3),  # two numbers
        ("a 3,5", 3, ".", 0.3),
    ],
)
def test_the_rest_stays(text: str, place: int | None, other: str, likely: float) -> None:
    lines = [*PAGE, line(text, place, other, likely)]
    assert with_one_sign(lines) == lines


def test_a_page_of_both_signs_or_few_amounts_says_nothing() -> None:
    for page in ([line("2.10"), line("3.90")], [*PAGE, line("1,20"), line("7,45")]):
        lines = [*page, line("3,50", 1)]
        assert with_one_sign(lines) == lines


def test_commas_may_be_the_page_s_sign() -> None:
    page = [line("2,10"), line("13,90"), line("4,00 8,00")]
    assert with_one_sign([*page, line("3.50", 1, ",")])[-1].text == "3,50"
