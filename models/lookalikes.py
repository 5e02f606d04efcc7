"""Digits and letters of one shape, told apart by the rest of their word: l905 is 1905, and PRES1DENT a PRESIDENT.

In many typefaces nothing but the word beside it tells 1 from l or 0 from o. What the rules gain and cost on pages that
were not trained on stands in scripts/LOG.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

DIGITS = {"O": "0", "o": "0", "l": "1", "I": "1", "|": "1"}
"""Letters and signs that look like a digit."""

SMALL = {"0": "o", "1": "l"}
CAPITAL = {"0": "O", "1": "I"}
"""The letters that these digits look like, among small letters and among capitals."""

SURE_DIGITS = frozenset("23456789")
JOINS = frozenset(".,")
"""What stands between the digits of a number."""

NUMBER = re.compile("[dop]*d[dop]*")
"""Digits, O and o, and what joins them, in a row whose characters :func:`_kind` names."""

UNITS = {"g", "kg", "mg", "gm", "gsm", "l", "ml", "cl", "m", "cm", "mm", "km", "pcs", "pc", "pgs", "th", "v", "w", "x"}
"""What follows the O of a number: 5Oml is 50ml, but 2Oct a date and 9oz a weight."""

ONES = re.compile(r"[\dl.,]*\d[\dl.,]*")
"""A number in which each l may be a 1."""

ONES_UNIT = re.compile(r"([\dl.,]*[\dl])(?:mm|cm|mg|kg|km|ml|cl|th|pcs)")
"""The same before a unit."""

INNER_ONES = re.compile(r"(?<=\d)l+(?=[.,]?\d)")
DATED = re.compile(r"[/:-]\d|[/-]ll?/|, \d{4}")
"""What follows a day or month."""

WORD_END = re.compile("0[a-z]{3,}|[A-Z]?[a-z]{3,}0")
"""A word with a nought at one of its ends; not of capitals, which codes are made of."""

INSIDE = re.compile("([A-Za-z]+)(00)([A-Za-z]+)")
"""A word with a pair of noughts in it; a single one is told by the letters beside it."""

RATE = re.compile("[0-9Oo]{1,2}[xX]")
"""What a rate of tax looks like behind an @ where its percent sign is smudged: GST @6X."""

AMOUNT = re.compile("[Oo01]{1,3}[.,][Oo0]{2}")
"""A sum of money of nothing but noughts, or one and noughts, however many of them were read as letters."""


CODE = re.compile(r"(?:[A-Z]{2,3}(?=[Oo]+(?:0\d|\d{6}))|[ABEFH-MQRU-Z](?=[Oo]+0\d))([Oo]+)\d+[A-Z]?")
"""A number behind letters, the noughts it begins with read as letters too: JMO195368, RO00278. ISO14001 is none of
these, and NO, PO and TO are words."""


def agreeing_kinds(word: Sequence[str]) -> list[str]:
    """The characters of a word or line with look-alikes as those beside them say; as many as before.

    Where nothing but digits and their look-alikes stand in a row, most of them digits and one surely so, all are digits
    (but I.5 and II.3 count chapters), but not a last ``l`` (litres) or, in a whole number, a last ``o`` (2o, the
    second). The letters O and o are noughts in numbers, however many they are (:func:`_noughts`). A 0 or 1 between
    letters becomes a letter, if there is no digit but such in the row. Behind an @ a number that ends in X is a
    percentage. All else stays: codes hold both, and what follows letters may be a number.
    """
    new = list(word)
    text = "".join(word)
    if text.isalpha() and text[0] != "l":  # quick: of most words there is nothing to tell
        return new
    start = 0
    for stop in range(len(word) + 1):
        if stop < len(word) and (word[stop].isalnum() or word[stop] in DIGITS or _joins(word, stop)):
            continue
        row, percent = _ones(word, start, stop), word[stop : stop + 1] == ["%"]
        if percent or any(c.isdecimal() or c in JOINS for c in row):
            row = _row(_noughts(row, percent))
        if RATE.fullmatch("".join(row)) and _is_rate("".join(word[:start]), "".join(word[stop : stop + 1])):
            row = ["0" if c in ("O", "o") else c for c in row[:-1]] + ["%"]
        new[start:stop] = row
        start = stop + 1
    return new


def _is_rate(before: str, after: str) -> bool:
    """Whether an @ stands before a number and no address goes on after it."""
    return before.rstrip(" ").endswith("@") and after in ("", " ", ")", ",", ":")


def _ones(word: Sequence[str], start: int, stop: int) -> list[str]:
    """The row from ``start`` to ``stop`` with 1 for each small l that a typewriter without a 1 wrote: l4, ll/25, 5lmm.

    A last l may be litres, unless the row is a part of a date or number, or too long for that.
    """
    row, text = list(word[start:stop]), "".join(word[start:stop])
    if "l" not in text:
        return row
    before, after = "".join(word[max(start - 2, 0) : start]), "".join(word[stop : stop + 7])
    dated = DATED.match(after) or (before[-1:] in ("/", "-") and before[:1].isdecimal()) or before[-1:] == "#"
    if text == "ll":
        alone = before[-1:] in ("", " ", "(", "/", "-") and after[:1] in ("", " ", ")", "/", "-", ":", "%")
    elif text == "l":
        alone = before[-1:] in ("", " ", "(", "-") and DATED.match(after) is not None
    elif ONES.fullmatch(text):
        litres = text[-1] == "l" and text.count("l") == 1 and sum(map(str.isdecimal, text)) < 5
        numbered = before[-1:] == "(" and after[:1] == ")"  # (1l) counts paragraphs
        alone = not litres or numbered or bool(dated)
    else:
        alone = False
    measure = ONES_UNIT.fullmatch(text)
    ones = range(len(row) if alone else measure.end(1) if measure else 0)
    inside = {place for found in INNER_ONES.finditer(text) for place in range(*found.span())}
    return ["1" if c == "l" and (place in ones or place in inside) else c for place, c in enumerate(row)]


def _joins(word: Sequence[str], place: int) -> bool:
    """Whether a point or comma stands between digits or what looks like them."""
    around = [*word[max(place - 1, 0) : place], *word[place + 1 : place + 2]]
    return word[place] in JOINS and len(around) == 2 and all(c.isdecimal() or c in DIGITS for c in around)


def _noughts(row: Sequence[str], percent: bool) -> list[str]:
    """The row with each O and o that can only be a nought as 0; ``percent`` tells that a percent sign follows."""
    new, kinds = list(row), "".join(map(_kind, row))
    whole = AMOUNT.fullmatch("".join(row)) or (percent and kinds == "o")
    spans = [(0, len(row))] if whole else [_sure_part(row, *found.span(), percent) for found in NUMBER.finditer(kinds)]
    if code := CODE.fullmatch("".join(row)):
        spans.append(code.span(1))
    for start, stop in spans:
        new[start:stop] = ["0" if c in ("O", "o") else c for c in row[start:stop]]
    return new


def _kind(character: str) -> str:
    """d: a digit, o: O or o, p: what joins digits, a: all else."""
    if character in ("O", "o"):
        return "o"
    return "d" if character.isdecimal() else "p" if character in JOINS else "a"


def _sure_part(row: Sequence[str], start: int, stop: int, percent: bool) -> tuple[int, int]:
    """Of digits, O and o from ``start`` to ``stop``: where each O and o is a nought. Between digits, and beyond them
    where no letter follows but a unit; before them in a sum of money, in front of three and more, and in codes."""
    number = "".join(map(_kind, row[start:stop]))
    digits, joined = number.count("d"), "p" in number
    if row[start : start + 2] == ["O", "O"] and start > 0 and row[start - 1].isupper():
        return start, stop  # AOO2, a code
    first, last = start + number.index("d"), start + number.rindex("d") + 1
    together = len(number[first - start :]) - len(number[first - start :].lstrip("d"))
    sure = digits >= 3 or row[first] in "123456789" or not SURE_DIGITS.isdisjoint(row[start:stop])
    if not sure or (start > 0 and not joined and together < 2):  # H2O2, A1O
        return start, start
    ordinal = list(row[last:]) == ["o"] and number.count("o") == 1 and not joined and not percent
    ends = stop == len(row) and not ordinal
    unit = "".join(row[stop:]).lower() in UNITS
    return start if start == 0 and (joined or digits >= 3) else first, stop if ends or unit else last


def _row(row: Sequence[str]) -> list[str]:
    """Characters without a sign between them but those of numbers."""
    if any(c in SURE_DIGITS for c in row):
        alike = sum(c in DIGITS for c in row)
        if sum(c.isdecimal() for c in row) > alike and all(c.isdecimal() or c in DIGITS or c in JOINS for c in row):
            unit = row[-1] == "l" or (row[-1] == "o" and not JOINS & set(row))
            return [DIGITS.get(c, c) for c in row[:-1]] + [row[-1] if unit else DIGITS.get(row[-1], row[-1])]
        return list(row)
    if not any(c.isdecimal() and c != "0" for c in row):
        row = _without_noughts(row)
    return [_letter(row, place) if c in SMALL else c for place, c in enumerate(row)]


def _without_noughts(row: Sequence[str]) -> list[str]:
    """Letters and noughts, with O for the noughts inside words (h00k) and at the ends of small ones (0pen, hell0)."""
    text = "".join(row)
    if text in ("N0", "n0", "C0", "c0"):
        return [row[0], "o"]
    if WORD_END.fullmatch(text):
        return [*("O" if c == "0" else c for c in row[:1]), *row[1:-1], *("o" if c == "0" else c for c in row[-1:])]
    if found := INSIDE.fullmatch(text):
        middle = ("O" if text.isupper() else "o") * len(found[2])
        return [*row[: found.start(2)], *middle, *row[found.end(2) :]]
    return list(row)


def _letter(row: Sequence[str], place: int) -> str:
    """What a 0 or 1 is, between the two characters beside it."""
    around = [*row[max(place - 1, 0) : place], *row[place + 1 : place + 2]]
    if len(around) < 2 or not all(c.isalpha() and c.isascii() for c in around):
        return row[place]
    return (CAPITAL if all(c.isupper() for c in around) else SMALL)[row[place]]
