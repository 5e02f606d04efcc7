"""Digits and letters of one shape, by the rest of their word."""

from __future__ import annotations

import numpy as np
import pytest

from ocr.document import Doubt
from ocr.models.codec import Alphabet
from ocr.models.lookalikes import agreeing_kinds
from ocr.models.two_stage.alternatives import as_written
from ocr.models.two_stage.recognizer_decode import decode_line, text_of


@pytest.mark.parametrize(
    ("read", "right"),
    [
        ("l905", "1905"),
        ("GST @6X", "GST @6%"),
        ("(SR@OX)", "(SR@0%)"),
        ("20O5", "2005"),
        ("635.0o", "635.00"),
        ("1,2O4.5I", "1,204.51"),
        ("PRES1DENT", "PRESIDENT"),
        ("ja1an", "jalan"),
        ("J0HOR", "JOHOR"),
        ("(s1ip)", "(slip)"),
        ("53OOO", "53000"),
        ("4o17o", "40170"),
        ("5oo1", "5001"),
        ("35Oml", "350ml"),
        ("8opgs", "80pgs"),
        ("RM7.oO", "RM7.00"),
        ("r00o183898", "r000183898"),
        ("o.oo", "0.00"),
        ("O.5", "0.5"),
        ("o%", "0%"),
        ("10o%", "100%"),
        ("o10100", "010100"),
        ("C0. 0pen h00k hell0", "Co. Open hook hello"),
        ("September 2l, 1976", "September 21, 1976"),
        ("l0/ll/87, 3/18/8l-4/8/8l", "10/11/87, 3/18/81-4/8/81"),
        ("l4-mg, (ll mg), ll", "14-mg, (11 mg), 11"),
        ("5lmm l0ml 2l.0m", "51mm 10ml 21.0m"),
        ("-l/2, l00%, #74l, 45l4cbta", "-1/2, 100%, #741, 4514cbta"),
        ("AOO2 N0", "A002 No"),
        ("o1, 1OO,", "o1, 100,"),
        ("JMO195368-D CSO013132", "JM0195368-D CS0013132"),
        ("ROO027830", "R00027830"),
        ("(1l) (2l)", "(11) (21)"),
        ("the 3rd of l905, ja1an", "the 3rd of 1905, jalan"),
    ],
)
def test_the_rest_of_the_word_tells(read: str, right: str) -> None:
    assert "".join(agreeing_kinds(list(read))) == right


@pytest.mark.parametrize(
    "text",
    [
        "A1",
        "RM1",
        "No1",
        "x10",
        "2 @ 6 x 3",
        "me@6x.com",
        "db103",
        "S1E2D",
        "H2O",
        "O2",
        "I.5",
        "II.3",
        "lo",
        "10",
        "l.",
        "o",
        "",
        "3l",
        "0,5l",
        "2o",
        "v1.0",
        "0o1",
        "9oz",
        "2Oct2016",
        "1of2",
        "O1",
        "H2O2",
        "NO12345",
        "PO0012345",
        "DO2017",
        "RO12",
        "EURO2000",
        "ISO14001",
        "1l",
        "CO2",
        "RO123",
        "foo1",
        "we'll",
        "10l, 20l",
        "2lb",
        "5ml",
        "Cl2",
        "la l",
        "ill",
        "p. ll.",
        "PO12",
        "SR0",
        "ABC0",
        "A00B1",
        "o.O",
        "o",
    ],
)
def test_what_may_be_both_stays(text: str) -> None:
    assert "".join(agreeing_kinds(list(text))) == text


def test_places_and_confidences_of_a_line_stay() -> None:
    alphabet = Alphabet(["l", "9", "0", "5"])
    logits = np.full((8, 5), -9.0, np.float32)
    for token, symbol in enumerate((1, 0, 2, 0, 3, 0, 4, 0)):
        logits[token, symbol] = 4.0
    characters = decode_line(logits, alphabet)
    assert text_of(characters) == "l905".replace("l", "1")
    assert [character.start for character in characters] == [0.0, 2.0, 4.0, 6.0]
    assert all(character.confidence > 0.99 for character in characters)


def test_doubts_begin_with_what_the_line_has() -> None:
    doubts = (Doubt(0, 2, (("l9", -0.1), ("19", -1.0), ("t9", -3.0))), Doubt(3, 4, (("5", -0.2), ("S", -2.0))))
    first, second = as_written(doubts, "1905")
    assert first.readings == (("19", -0.1), ("t9", -3.0)) and second == doubts[1]
