"""What a page's typeface is taken for again and again, learnt from its own corrections: t for i in every other line.

The language mends the words that it knows; where it has done so often, the same letters are more likely wrong in the
words that are left. One pass teaches, the next one corrects (self-training, as in adaptive classifiers of OCR since
Nagy and Shelton 1966).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ocr.document import Doubt, Line

Habits = Mapping[tuple[str, str], float]
"""A letter that is read and the one that is printed, and the nats by which that is likelier on this page."""

FEWEST = 4
"""Corrections of one kind that make a habit, and four times as many as the other way round."""

MOST = 3.0
"""Nats that a habit adds at most."""


def habits_of(lines: Sequence[Line]) -> dict[tuple[str, str], float]:
    """The habits that the corrections of a page tell of."""
    counts = Counter(
        pair for line in lines for change in line.corrections if (pair := exchanged(change.original, change.text))
    )
    return {
        (read, printed): min(MOST, math.log(count))
        for (read, printed), count in counts.items()
        if count >= FEWEST and count >= 4 * counts[printed, read]
    }


def exchanged(read: str, text: str) -> tuple[str, str] | None:
    """The letter that was read and the one that came in its place, if nothing else changed."""
    if len(read) != len(text):
        return None
    pairs = [(a, b) for a, b in zip(read, text, strict=True) if a != b]
    return pairs[0] if len(pairs) == 1 and all(c.isalpha() for c in pairs[0]) else None


def with_habits(line: Line, habits: Habits) -> Line:
    """The line with its doubts as the habits have them; the line itself if they say nothing of it."""
    doubts = tuple(habitual(doubt, habits) for doubt in line.doubts)
    return replace(line, doubts=doubts) if doubts != line.doubts else line


def habitual(doubt: Doubt, habits: Habits) -> Doubt:
    """The doubt with readings that exchange a letter by habit likelier, but never than what was read."""
    (read, own), *others = doubt.readings
    told = [
        (text, max(value, min(own, value + habits.get(exchanged(read, text) or ("", ""), 0.0))))
        for text, value in others
    ]
    return replace(doubt, readings=((read, own), *told))
