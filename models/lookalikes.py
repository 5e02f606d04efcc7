"""Digits and letters of one shape, told apart by the rest of their word: l905 is 1905, and PRES1DENT a PRESIDENT.

In many typefaces nothing but the word beside it tells 1 from l or 0 from o. Lines of 900 receipts and 900 forms that
were not trained on: 32 better, 1 worse (scripts/LOG.md).
"""

from __future__ import annotations

from collections.abc import Sequence

DIGITS = {"O": "0", "o": "0", "l": "1", "I": "1", "|": "1"}
"""Letters and signs that look like a digit."""

SMALL = {"0": "o", "1": "l"}
CAPITAL = {"0": "O", "1": "I"}
"""The letters that these digits look like, among small letters and among capitals."""

SURE_DIGITS = frozenset("23456789")
JOINS = frozenset(".,")
"""What stands between the digits of a number."""


def agreeing_kinds(word: Sequence[str]) -> list[str]:
    """The characters of a word or line with look-alikes as those beside them say; as many as before.

    Where nothing but digits and their look-alikes stand in a row, most of them digits and one surely so, all are digits
    (but I.5 and II.3 count chapters), but not a last ``l`` (litres) or, in a whole number, a last ``o`` (2o, the
    second). A 0 or 1 between letters becomes a letter, if there is no digit but such in the row. All else stays: codes
    hold both, and what follows letters may be a number.
    """
    new = list(word)
    if not any(c.isdecimal() for c in word):
        return new
    start = 0
    for stop in range(len(word) + 1):
        if stop < len(word) and (word[stop].isalnum() or word[stop] in DIGITS or _joins(word, stop)):
            continue
        new[start:stop] = _row(word[start:stop])
        start = stop + 1
    return new


def _joins(word: Sequence[str], place: int) -> bool:
    """Whether a point or comma stands between digits or what looks like them."""
    around = [*word[max(place - 1, 0) : place], *word[place + 1 : place + 2]]
    return word[place] in JOINS and len(around) == 2 and all(c.isdecimal() or c in DIGITS for c in around)


def _row(row: Sequence[str]) -> list[str]:
    """Characters without a sign between them but those of numbers."""
    if any(c in SURE_DIGITS for c in row):
        alike = sum(c in DIGITS for c in row)
        if sum(c.isdecimal() for c in row) > alike and all(c.isdecimal() or c in DIGITS or c in JOINS for c in row):
            unit = row[-1] == "l" or (row[-1] == "o" and not JOINS & set(row))
            return [DIGITS.get(c, c) for c in row[:-1]] + [row[-1] if unit else DIGITS.get(row[-1], row[-1])]
        return list(row)
    return [_letter(row, place) if c in SMALL else c for place, c in enumerate(row)]


def _letter(row: Sequence[str], place: int) -> str:
    """What a 0 or 1 is, between the two characters beside it."""
    around = [*row[max(place - 1, 0) : place], *row[place + 1 : place + 2]]
    if len(around) < 2 or not all(c.isalpha() and c.isascii() for c in around):
        return row[place]
    return (CAPITAL if all(c.isupper() for c in around) else SMALL)[row[place]]
