"""Doubtful words that a lexicon knows: query, retrieval, and the readings that the picture must support.

A word is looked up as it was read. An entry counts only where it agrees with the certain letters of the word, and where
what it puts into the doubtful places is among their readings or near one.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ocr.correct.retrieval import SHORTEST, Lexicon, core_of, looks_of
from ocr.document import Doubt, Line
from ocr.metrics.text import edit_distance

REACH = 5.0
"""Nats by which the recogniser may like an entry less than what it read."""

LEAST = 4
"""Symbols (a syllable is two or three) of the shortest word that an edit may lead to."""

UNSEEN = 4.0
"""Nats that a reading which the recogniser did not offer costs for each edit to the nearest one that it did."""

MOST_MORE = 2
"""Characters that an entry may have more than was read in a doubtful place."""

SURE = 0.97
"""Probability of a word's readings from which it is not looked up."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An entry for a line's word: the text of each of its doubts, by the doubt's number."""

    entry: str
    fills: dict[int, str]
    value: float


def answers(line: Line, lexicon: Lexicon) -> list[Answer]:
    """The best entry for each doubtful word; the word itself where the lexicon has it."""
    found = []
    for start, stop in word_spans(line.text):
        offset, core = core_of(line.text[start:stop])
        start, stop = start + offset, start + offset + len(core)
        numbers = [k for k, d in enumerate(line.doubts) if d.start < stop and d.stop > start]
        if not numbers or sum(line.doubts[k].readings[0][1] for k in numbers) > math.log(SURE):
            continue
        if core in lexicon:  # it stays as it was read
            found.append(Answer(core, {k: line.doubts[k].readings[0][0] for k in numbers}, 0.0))
            continue
        entries = entries_for(core, lexicon)
        options = [answer for entry in entries if (answer := fitted(line, start, stop, numbers, entry))]
        if options:
            found.append(max(options, key=lambda answer: answer.value))
    return found


def entries_for(core: str, lexicon: Lexicon) -> list[str]:
    """Entries that a word may be, in the cases that it may be written in: lists of names are often in capitals.

    Where digits stand in the word, or it is short, only entries that look the same.
    """
    letters = sum(c.isalpha() for c in core)
    digits = sum(c.isdigit() for c in core)
    if letters <= digits or len(looks_of(core)) < SHORTEST:
        return []
    reach = 1 if not digits and len(looks_of(core)) >= LEAST else 0
    near = [entry for entry, distance in lexicon.nearest(core) if distance <= reach]
    cases = (str, str.upper, str.lower, str.capitalize)
    return list(dict.fromkeys(case(entry) for entry in near for case in cases))


def word_spans(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\S+", text)]


def fitted(line: Line, start: int, stop: int, numbers: Sequence[int], entry: str) -> Answer | None:
    """The entry put into the doubts of the word, or None if the certain letters or the picture speak against it.

    Doubts may reach beyond the word, to the space beside it or further: what stands there stays.
    """
    doubts = [line.doubts[k] for k in numbers]
    first, last = min(start, doubts[0].start), max(stop, doubts[-1].stop)
    word = line.text[first:start] + entry + line.text[stop:last]
    ends = [first, *(doubt.stop for doubt in doubts)]
    certain = [line.text[end : doubt.start] for end, doubt in zip(ends, doubts, strict=False)]
    value, texts = best_fills(word, certain, doubts, line.text[ends[-1] : last])
    return Answer(entry, dict(zip(numbers, texts, strict=True)), value) if value >= -REACH else None


def best_fills(word: str, certain: Sequence[str], doubts: Sequence[Doubt], rest: str) -> tuple[float, tuple[str, ...]]:
    """How well the picture bears the word, and what of it stands in each doubt; ``certain`` texts stand before each,
    ``rest`` behind the last. Doubts may stand side by side, so all ways to cut the word are weighed."""
    if not doubts:
        return (0.0, ()) if word == rest else (-math.inf, ())
    if not word.startswith(certain[0]):
        return -math.inf, ()
    doubt, word = doubts[0], word[len(certain[0]) :]
    best = -math.inf, ("",) * len(doubts)
    for length in range(min(len(word), doubt.stop - doubt.start + MOST_MORE) + 1):
        value = support(doubt, word[:length])
        if value < -REACH:
            continue
        following, texts = best_fills(word[length:], certain[1:], doubts[1:], rest)
        best = max(best, (value + following, (word[:length], *texts)))
    return best


def support(doubt: Doubt, text: str) -> float:
    """Nats by which the recogniser likes a text in this place better than what it read."""
    first = doubt.readings[0][1]
    values = (value - UNSEEN * edit_distance(reading, text) for reading, value in doubt.readings)
    return max(values) - first


def with_fills(line: Line, found: Sequence[Answer]) -> tuple[list[Doubt], dict[int, int]]:
    """The line's doubts with the answers among their readings, and the number of the reading for each that has one."""
    doubts, chosen = list(line.doubts), {}
    for number, text in itertools.chain.from_iterable(answer.fills.items() for answer in found):
        doubt = doubts[number]
        known = [reading for reading, _ in doubt.readings]
        if text not in known:
            value = doubt.readings[0][1] + support(doubt, text)
            doubts[number] = Doubt(doubt.start, doubt.stop, (*doubt.readings, (text, value)))
            known.append(text)
        chosen[number] = known.index(text)
    return doubts, chosen
