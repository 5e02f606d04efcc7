"""What a page says beyond doubt is told to its doubtful words: its own spelling, names and terms.

An old print writes ``á`` where today's texts have ``a``, and the language model would mend it: so a word that the page
has elsewhere gives way less readily, and one that it has is likelier (a cache of words, Kuhn and De Mori 1990).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ocr.correct.retrieval import core_of
from ocr.document import Doubt, Line
from ocr.metrics.text import has_hangul

STAYS, COMES = 4.0, 1.0
"""Nats by which other readings of a word that the page has are less likely, and by which such a word is likelier
(chosen on train pages and rendered ones: scripts/LOG.md)."""


def sure_words(lines: Sequence[Line], settled: float) -> Counter[str]:
    """How often each word of letters alone stands in the lines with a probability of ``settled`` or more. Korean words
    carry particles, and hardly come again as they are: lines with Hangul do not count."""
    words: Counter[str] = Counter()
    for line in lines:
        if has_hangul(line.text):
            continue
        start = 0
        for word in line.text.split(" "):
            stop = start + len(word)
            sure = sum(doubt.readings[0][1] for doubt in line.doubts if doubt.start <= stop and doubt.stop >= start)
            if sure >= math.log(settled) and (core := core_of(word)[1]).isalpha():
                words[core] += 1
            start = stop + 1
    return words


def with_page_words(line: Line, words: Counter[str], settled: float) -> Line:
    """The line with its doubts as the page's words have them; the line itself if they say nothing of it. What is read
    with a probability of ``settled`` or more does not change anyway."""
    if has_hangul(line.text):
        return line
    doubts = tuple(
        told(line, doubt, words) if doubt.readings[0][1] < math.log(settled) else doubt for doubt in line.doubts
    )
    return replace(line, doubts=doubts) if doubts != line.doubts else line


def told(line: Line, doubt: Doubt, words: Counter[str]) -> Doubt:
    """The doubt with the readings that make a word of the page likelier, but never than what was read, or those that
    take one away less likely."""
    (read, own), *others = doubt.readings
    start, stop = line.text.rfind(" ", 0, doubt.start) + 1, line.text.find(" ", doubt.stop)
    before, after = line.text[start : doubt.start], line.text[doubt.stop : stop if stop >= 0 else len(line.text)]
    were = cores_of(before + read + after)
    readings = [(read, own)]
    for text, value in others:
        new = cores_of(before + text + after)
        lost, won = (min((words[word] for word in some), default=0) for some in (were - new, new - were))
        if lost > won:
            value -= STAYS
        elif won and not lost:
            value = max(value, min(own, value + COMES))
        readings.append((text, value))
    return replace(doubt, readings=tuple(readings))


def cores_of(text: str) -> set[str]:
    """The words of a text without the punctuation around them."""
    return {core for word in text.split() if (core := core_of(word)[1])}
