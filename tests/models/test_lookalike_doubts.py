"""A 1 or 0 in a word is a doubt, for a language to settle."""

from __future__ import annotations

import pytest

from ocr.document import Doubt
from ocr.models.lookalike_doubts import with_lookalikes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("te1 03", [(2, ["1", "l"])]),
        ("TOBACC0", [(6, ["0", "O"])]),
        ("1dea", [(0, ["1", "I", "l"])]),
        ("c0llatera1", []),  # two digits: a code
        ("i11 1", []),  # one letter
        ("all11", [(3, ["1", "l"]), (4, ["1", "l"])]),
        ("A1 RM12 a_b1 12 200kg 350ml", []),
        ("", []),
    ],
)
def test_which_places(text: str, found: list[tuple[int, list[str]]]) -> None:
    doubts = with_lookalikes((), text)
    assert [(doubt.start, [reading for reading, _ in doubt.readings]) for doubt in doubts] == found
    assert all(doubt.stop == doubt.start + 1 and doubt.readings[0][1] > doubt.readings[-1][1] for doubt in doubts)


def test_doubts_of_the_picture_stay_and_order_is_kept() -> None:
    known = (Doubt(0, 2, (("te", -0.1), ("ta", -2.0))), Doubt(4, 7, (("oi1", -0.2), ("oil", -1.0))))
    assert with_lookalikes(known, "te1 oi1 ful1")[:1] == known[:1]
    assert [doubt.start for doubt in with_lookalikes(known, "te1 oi1 ful1")] == [0, 2, 4, 11]


def test_a_doubt_about_the_digit_takes_its_look_alikes_in() -> None:
    known = (Doubt(2, 3, (("1", -0.1), (")", -2.9), ("l", -3.6))),)
    (doubt,) = with_lookalikes(known, "te1 03")
    assert [text for text, _ in doubt.readings] == ["1", "l", ")"]
    assert -0.5 < doubt.readings[1][1] < -0.1 and doubt.readings[2][1] == -2.9
    (other,) = with_lookalikes((Doubt(2, 3, (("l", -0.1), ("1", -2.9))),), "te1 03")
    assert other.readings == (("l", -0.1), ("1", -2.9))  # the picture's first reading is no digit
