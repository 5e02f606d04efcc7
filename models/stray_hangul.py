"""Single Hangul characters and won signs on a page of Latin script: circles, bars and smudges that look like jamo."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ocr.models.codec import COMPATIBILITY_JAMO, FINALS, LEADS, VOWELS, Alphabet

HANGUL = re.compile(r"[가-힣ㄱ-ㅣ]+|₩(?![\d ])")
"""Syllables and jamo, and a won sign in front of no amount, which is a W."""

WON = "₩"

LETTERS = 100
"""Fewest other letters of a page that make it one of another script."""

SHARE = 0.02
"""Largest share of Hangul among its letters,"""

LONGEST = 2
"""and most of it side by side: three syllables are a name."""


def stray_hangul(texts: Sequence[str]) -> list[int]:
    """Which lines of a page have Hangul that can only be misread."""
    found = [HANGUL.findall(text) for text in texts]
    count = sum(len(run) for runs in found for run in runs)
    letters = sum(character.isalpha() for text in texts for character in text) - count
    if letters < LETTERS or count > SHARE * letters or any(len(run) > LONGEST for runs in found for run in runs):
        return []
    return [i for i, runs in enumerate(found) if runs]


def hangul_classes(alphabet: Alphabet) -> list[int]:
    """The classes that Hangul is written with, and the won sign."""
    return sorted(alphabet.known((*LEADS, *VOWELS, *FINALS, *COMPATIBILITY_JAMO, WON)))
