"""The case of letters whose small and capital forms have one shape, from the other letters of their word.

A character read by itself tells o from O by nothing but its size on a line; the word beside it says more.
"""

from __future__ import annotations

from collections.abc import Sequence

ONE_SHAPE = frozenset("cosuvwxz")
"""Small letters that look like their capitals."""

PLURAL = 4
"""Longest word whose last ``s`` may be that of a plural: IDs, PCBs."""


def agreeing_case(letters: Sequence[str]) -> list[str]:
    """The characters of a word with letters of one shape, and the small l, in the case of the others.

    They become capitals in a word without small letters of a shape of their own, and with at least two such capitals or
    one that is not its first letter. They become small inside a word of small letters that has no other capitals inside
    (McDonald has). All else stays.
    """
    if all(map(str.islower, letters)):  # quick: most words are
        return list(letters)
    capitals = [number for number, letter in enumerate(letters) if letter.isupper() and letter.lower() not in ONE_SHAPE]
    small = sum(letter.islower() and letter not in ONE_SHAPE and letter != "l" for letter in letters)
    if small == 0 and (len(capitals) > 1 or (capitals and capitals[0] > 0)):
        plural = len(letters) <= PLURAL and letters[-1] == "s"
        body = [_capital(letter) for letter in letters]
        return [*body[:-1], "s"] if plural else body
    if small > 1 and not any(number > 0 for number in capitals):
        return [
            letter.lower() if number and letters[number - 1].islower() and letter.lower() in ONE_SHAPE else letter
            for number, letter in enumerate(letters)
        ]
    return list(letters)


def _capital(letter: str) -> str:
    return "I" if letter == "l" else letter.upper() if letter in ONE_SHAPE else letter
