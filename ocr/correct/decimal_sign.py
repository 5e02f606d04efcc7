"""Amounts of a page that disagree with the others on the decimal sign, or have lost it: 3,50 or 3 50 among 2.10, 0.90.

A point is a few pixels of ink, and hardly any page writes two signs. Where the picture is in doubt, the other amounts
of the page say which it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ocr.correct.rewrite import rewritten
from ocr.document import Line

AMOUNT = re.compile(r"(?<![\w.,:/-])(?:RM|US|[$€£₩])?\d{1,3}(?:[.,]\d{3})*([.,])\d\d(?![\w.,:/-])")
"""A sum of money; no date, time or number of a paragraph."""

LOST = re.compile(r"(?<![\w.,:/ -])(?:RM|[$€£₩@])?\d{1,3}(?:[.,]\d{3})*( )\d\d$")
"""The same with a space for its sign, alone in its line."""

FEWEST = 3
"""Amounts with one sign that a page must have, and four times as many as with the other."""

NEAR = 4.0
"""Nats by which the picture may prefer what was read."""

REASON = "the other amounts of the page have this sign"


def with_one_sign(lines: Sequence[Line]) -> list[Line]:
    """The lines of a page; those whose amounts were changed have no doubts any more."""
    counts = Counter(found[1] for line in lines for found in AMOUNT.finditer(line.text))
    sign, other = (".", ",") if counts["."] >= counts[","] else (",", ".")
    if counts[sign] < FEWEST or counts[sign] < 4 * counts[other]:
        return list(lines)
    return [agreeing(line, sign) if line.doubts else line for line in lines]


def agreeing(line: Line, sign: str) -> Line:
    """The line with this sign in its amounts where the picture lets it stand."""
    signs = [found.start(1) for found in (*AMOUNT.finditer(line.text), *LOST.finditer(line.text))]
    places = [place for place in sorted(signs) if line.text[place] != sign and may_be(line, place, sign)]
    return rewritten(line, [(place, place + 1, sign, REASON) for place in places]) if places else line


def may_be(line: Line, place: int, sign: str) -> bool:
    """Whether a reading of the doubt about this place differs in nothing but the sign, and not by much."""
    for doubt in line.doubts:
        if doubt.start <= place < doubt.stop:
            own, at = line.text[doubt.start : doubt.stop], place - doubt.start
            wanted = own[:at] + sign + own[at + 1 :]
            return any(text == wanted and value >= doubt.readings[0][1] - NEAR for text, value in doubt.readings)
    return False
