"""A 1 or 0 within a word as a doubt: what the picture is sure of may be a letter of the same shape (te1, c0llateral).

The language says which, as of any doubt; :mod:`ocr.models.lookalikes` decides by shape alone what needs no language.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

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
            for place in places:
                new = one(text, place, capital)
                covering = [number for number, doubt in enumerate(found) if covers(doubt, place)]
                if not covering:
                    found.append(new)
                elif found[covering[0]].stop - found[covering[0]].start == 1:
                    found[covering[0]] = levelled(found[covering[0]], new)
    return tuple(sorted(found, key=lambda doubt: (doubt.start, doubt.stop)))


def levelled(doubt: Doubt, alike: Doubt) -> Doubt:
    """A doubt about one digit in which its look-alikes are as near to it as the picture can tell them apart."""
    digit, value = doubt.readings[0]
    if digit != alike.readings[0][0]:
        return doubt
    known = dict(doubt.readings)
    for letter, _ in alike.readings[1:]:
        known[letter] = max(value + ALIKE - READ, known.get(letter, -math.inf))
    others = sorted(((text, score) for text, score in known.items() if text != digit), key=lambda item: -item[1])
    return replace(doubt, readings=((digit, value), *others))


def covers(doubt: Doubt, place: int) -> bool:
    return doubt.start <= place < doubt.stop


def one(text: str, place: int, capital: bool) -> Doubt:
    digit = text[place]
    letters = ([CAPITAL[digit]] if capital else []) + ([] if text[place - 1 : place].isupper() else [SMALL[digit]])
    return Doubt(place, place + 1, ((digit, READ), *((letter, ALIKE) for letter in letters)))
