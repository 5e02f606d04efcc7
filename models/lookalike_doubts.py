"""A 1 or 0 within a word as a doubt: what the picture is sure of may be a letter of the same shape (te1, c0llateral).

The language says which, as of any doubt; :mod:`ocr.models.lookalikes` decides by shape alone what needs no language.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from ocr.document import Doubt

WORD = re.compile(r"(?<![^\W_])[^\W\d_]*[10][^\W_]*")
SMALL, CAPITAL = {"1": "l", "0": "o"}, {"1": "I", "0": "O"}
FEWEST = 2
"""Letters that a word must have."""

READ, ALIKE = math.log(0.5), math.log(0.45)
"""Of the digit and of its look-alikes: nearly level, since the picture cannot tell."""


def with_lookalikes(doubts: Sequence[Doubt], text: str) -> tuple[Doubt, ...]:
    """The doubts of a line and those about each 1 and 0 in words without other digits, in their order."""
    found = list(doubts)
    for word in WORD.finditer(text):
        digits = {c for c in word[0] if c.isdecimal()}
        if len(digits) == 1 and sum(map(str.isalpha, word[0])) >= FEWEST:
            places = [word.start() + k for k, c in enumerate(word[0]) if c.isdecimal()]
            capital = places[0] == word.start() or word[0].isupper()
            found += [one(text, place, capital) for place in places if not any(covers(d, place) for d in doubts)]
    return tuple(sorted(found, key=lambda doubt: (doubt.start, doubt.stop)))


def covers(doubt: Doubt, place: int) -> bool:
    return doubt.start <= place < doubt.stop


def one(text: str, place: int, capital: bool) -> Doubt:
    digit = text[place]
    letters = ([CAPITAL[digit]] if capital else []) + ([] if text[place - 1 : place].isupper() else [SMALL[digit]])
    return Doubt(place, place + 1, ((digit, READ), *((letter, ALIKE) for letter in letters)))
