"""Blanks of forms: a rule to write on reads as underscores at the ends of a line (``Name:_``), and is no text."""

from __future__ import annotations

from dataclasses import replace

from ocr.document import Doubt, Line, Word
from ocr.polygon import union

BLANK = "_"


def without_blanks(line: Line) -> Line | None:
    """A line as it was read, without the blanks at its ends; None if it is nothing else.

    The underscores of names stay: ``__init__``, ``_some_name``.
    """
    if BLANK not in (line.text[:1], line.text[-1:]) or not line.words:
        return line
    kept = [i for i, word in enumerate(line.words) if word.text.strip(BLANK)]
    if not kept:
        return None
    words = list(line.words[kept[0] : kept[-1] + 1])
    first, last = words[0].text, words[-1].text
    front = len(first) - len(first.lstrip(BLANK)) if not is_name(first) else 0
    back = len(last) - len(last.rstrip(BLANK)) if not is_name(last) else 0
    start = sum(len(word.text) + 1 for word in line.words[: kept[0]]) + front
    words[-1] = part_of(words[-1], 0, back)
    words[0] = part_of(words[0], front, 0)
    text = " ".join(word.text for word in words)
    stop = start + len(text)
    inside = [doubt for doubt in line.doubts if start <= doubt.start and doubt.stop <= stop]
    doubts = tuple(Doubt(doubt.start - start, doubt.stop - start, doubt.readings) for doubt in inside)
    return replace(line, text=text, words=tuple(words), doubts=doubts)


def is_name(word: str) -> bool:
    """Whether the underscores at the ends of a word belong to it: with others inside, or at both ends alike."""
    bare = word.strip(BLANK)
    ends = len(word) - len(word.lstrip(BLANK)), len(word) - len(word.rstrip(BLANK))
    return BLANK in bare or (ends[0] == ends[1] == 2 and bare.isidentifier())


def part_of(word: Word, front: int, back: int) -> Word:
    """A word without so many characters at its beginning and end."""
    if not front and not back:
        return word
    text = word.text[front : len(word.text) - back]
    if len(word.chars) != len(word.text):  # what is one character to read may be several to write
        return replace(word, text=text)
    chars = word.chars[front : len(word.chars) - back]
    return replace(word, text=text, chars=chars, polygon=union([char.polygon for char in chars]))
