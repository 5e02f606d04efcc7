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

from ocr.correct.retrieval import Lexicon, core_of, looks_of
from ocr.document import Doubt, Line
from ocr.metrics.text import edit_distance

REACH = 5.0
"""Nats by which the recogniser may like an entry less than what it read."""

LEAST = 4
"""Symbols (a syllable is two or three) of the shortest word that is looked up."""

UNSEEN = 4.0
"""Nats that a reading which the recogniser did not offer costs for each edit to the nearest one that it did."""

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
        numbers = [k for k, d in enumerate(line.doubts) if d.start < stop and d.stop > start]
        inside = all(start <= line.doubts[k].start and line.doubts[k].stop <= stop for k in numbers)
        if not numbers or not inside:
            continue
        if sum(line.doubts[k].readings[0][1] for k in numbers) > math.log(SURE):
            continue
        word = line.text[start:stop]
        offset, core = core_of(word)
        if len(looks_of(core)) < LEAST or any(c.isdigit() for c in core):
            continue
        if core in lexicon:  # it stays as it was read
            found.append(Answer(core, {k: line.doubts[k].readings[0][0] for k in numbers}, 0.0))
            continue
        options = [
            answer
            for entry, _ in lexicon.nearest(core)
            if (answer := fitted(line, start, stop, numbers, word[:offset] + entry + word[offset + len(core) :], entry))
        ]
        if options:
            found.append(max(options, key=lambda answer: answer.value))
    return found


def word_spans(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\S+", text)]


def fitted(line: Line, start: int, stop: int, numbers: Sequence[int], word: str, entry: str) -> Answer | None:
    """The entry put into the doubts of the word, or None if the certain letters or the picture speak against it."""
    doubts = [line.doubts[k] for k in numbers]
    pattern, done = "", start
    for doubt in doubts:
        pattern += re.escape(line.text[done : doubt.start]) + f"(.{{0,{doubt.stop - doubt.start + 2}}})"
        done = doubt.stop
    match = re.fullmatch(pattern + re.escape(line.text[done:stop]), word)
    if match is None:
        return None
    fills = dict(zip(numbers, match.groups(), strict=True))
    value = sum(support(doubt, fill) for doubt, fill in zip(doubts, match.groups(), strict=True))
    return Answer(entry, fills, value) if value >= -REACH else None


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
