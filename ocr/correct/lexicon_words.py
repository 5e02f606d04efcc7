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
from functools import partial

from ocr.correct.retrieval import SHORTEST, Lexicon, core_of, looks_of
from ocr.document import Doubt, Line
from ocr.metrics.text import edit_distance

REACH = 5.0
"""Nats by which the recogniser may like an entry less than what it read."""

REACH_PER_LETTER = 1.0
"""Nats more for each symbol beyond six, up to four: fewer words lie within an edit of a long one."""

REACH_SHORT = 3.0
"""Nats for a word shorter than ``LEAST``, of which every letter must be among the recogniser's readings."""

LEAST = 4
"""Symbols (a syllable is two or three) of the shortest word into which an edit may bring what was not offered."""

UNSEEN = 6.0
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


def options_for(line: Line, lexicon: Lexicon) -> list[list[Answer]]:
    """For each doubtful word the entries that the picture supports; the word itself alone where the lexicon has it."""
    found = []
    for start, stop in word_spans(line.text):
        if not any(touches(doubt, start, stop) for doubt in line.doubts):
            continue
        offset, core = core_of(line.text[start:stop])
        inside = start + offset, start + offset + len(core)
        if core in lexicon:  # it stays as it was read
            numbers = [k for k, d in enumerate(line.doubts) if d.start < inside[1] and d.stop > inside[0]]
            found.append([Answer(core, {k: line.doubts[k].readings[0][0] for k in numbers}, 0.0)])
        elif options := entries_that_fit(line, start, stop, inside, lexicon):
            found.append(options)
    return found


def entries_that_fit(line: Line, start: int, stop: int, inside: tuple[int, int], lexicon: Lexicon) -> list[Answer]:
    """Entries for the word from ``start`` to ``stop``; ``inside`` is where it stands without its punctuation.

    What looks like punctuation may be the word's first or last letter misread, and a letter may be missing there.
    """
    options = []
    known = lexicon.knows(line.text[slice(*inside)])  # then its signs are signs
    for first, last in dict.fromkeys((inside, inside if known else widened(line, start, stop, inside))):
        numbers = [k for k, doubt in enumerate(line.doubts) if touches(doubt, first, last)]
        if numbers and sum(line.doubts[k].readings[0][1] for k in numbers) <= math.log(SURE):
            entries = entries_for(line.text[first:last], lexicon)
            options += [a for entry in entries if (a := fitted(line, first, last, numbers, entry))]
    return options


def touches(doubt: Doubt, start: int, stop: int) -> bool:
    """Whether the doubt is about characters from ``start`` to ``stop``, or about what may be missing at their ends."""
    return (doubt.start < stop and doubt.stop > start) or doubt.start == doubt.stop in (start, stop)


def widened(line: Line, start: int, stop: int, inside: tuple[int, int]) -> tuple[int, int]:
    """The word with the signs at its ends that may be letters."""
    letters = {
        place
        for doubt in line.doubts
        if any(c.isalpha() for text, _ in doubt.readings for c in text)
        for place in range(doubt.start, doubt.stop)
    }
    first, last = inside
    while first - 1 >= start and first - 1 in letters:
        first -= 1
    while last < stop and last in letters:
        last += 1
    return first, last


def entries_for(core: str, lexicon: Lexicon) -> list[str]:
    """Entries that a word may be, in the cases that it may be written in: lists of names are often in capitals.

    Where digits stand in the word only entries that look the same.
    """
    letters = sum(c.isalpha() for c in core)
    digits = sum(c.isdigit() for c in core)
    if letters <= digits or len(looks_of(core)) < SHORTEST:
        return []
    near = [entry for entry, distance in lexicon.nearest(core) if not (digits and distance)]
    cases = (str, str.upper, str.lower, str.capitalize, partial(in_case_of, core))
    return list(dict.fromkeys(case(entry) for entry in near for case in cases))


def in_case_of(word: str, entry: str) -> str:
    """The entry in the cases of the word's letters, those of its first half from the front, the others from the back.

    A letter that was read as another has the case of the one behind it, if that was read right: ``FIower`` is
    ``Flower``.
    """
    half = (len(entry) + 1) // 2
    places = [i if i < half else len(word) - len(entry) + i for i in range(len(entry))]
    read = [word[j] if 0 <= j < len(word) else "" for j in places]
    same = [a.casefold() == b.casefold() for a, b in zip(read, entry, strict=True)]
    told = [i + 1 if not right and 0 < i < len(entry) - 1 and same[i + 1] else i for i, right in enumerate(same)]
    return "".join(c.upper() if read[i].isupper() else c.lower() for c, i in zip(entry, told, strict=True))


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
    size = len(looks_of(entry))
    reach = REACH + REACH_PER_LETTER * min(max(size - 6, 0), 4) if size >= LEAST else REACH_SHORT
    value, texts = best_fills(word, certain, doubts, line.text[ends[-1] : last], reach, size >= LEAST)
    return Answer(entry, dict(zip(numbers, texts, strict=True)), value) if value >= -reach else None


def best_fills(
    word: str, certain: Sequence[str], doubts: Sequence[Doubt], rest: str, reach: float, unseen: bool
) -> tuple[float, tuple[str, ...]]:
    """How well the picture bears the word, and what of it stands in each doubt; ``certain`` texts stand before each,
    ``rest`` behind the last. Doubts may stand side by side, so all ways to cut the word are weighed. With ``unseen``
    what stands in a doubt need not be among its readings."""
    if not doubts:
        return (0.0, ()) if word == rest else (-math.inf, ())
    if not word.startswith(certain[0]):
        return -math.inf, ()
    doubt, word = doubts[0], word[len(certain[0]) :]
    best = -math.inf, ("",) * len(doubts)
    for length in range(min(len(word), doubt.stop - doubt.start + MOST_MORE) + 1):
        value = support(doubt, word[:length]) if unseen else offered(doubt, word[:length])
        if value < -reach:
            continue
        following, texts = best_fills(word[length:], certain[1:], doubts[1:], rest, reach, unseen)
        best = max(best, (value + following, (word[:length], *texts)))
    return best


def support(doubt: Doubt, text: str) -> float:
    """Nats by which the recogniser likes a text in this place better than what it read."""
    first = doubt.readings[0][1]
    values = (value - UNSEEN * edit_distance(reading, text) for reading, value in doubt.readings)
    return max(values) - first


def offered(doubt: Doubt, text: str) -> float:
    """The same for a text that must be among the recogniser's readings."""
    return dict(doubt.readings).get(text, -math.inf) - doubt.readings[0][1]


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
