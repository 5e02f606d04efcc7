"""What may be changed in a line, and what not: never make worse what was right."""

from __future__ import annotations

import math
import re

from ocr.correct.config import CorrectionConfig
from ocr.correct.search import is_upper
from ocr.document import Doubt, Line
from ocr.metrics.text import edit_distance

CODE = re.compile(r"[0-9@_/\\#=+<>|~^$€£₩¥%]|\w\.\w|://")
"""What makes a word a number, amount, code, address or file name, of which no language model knows anything."""

ADDRESS = re.compile(r"[@/\\_]|\w[.:]\w")
"""What addresses, paths and file names hold, and no word does."""

SENTENCE_END = ".!?:…。"


STROKES = str.maketrans("l1", "ii")

MOST_COMPANY = 2
"""Other changes in a line that count, at most."""


def allowed_readings(line: Line, doubt: Doubt, config: CorrectionConfig) -> list[int]:
    """Numbers of the readings that may stand in this place; 0, what was read, always may."""
    read, value = doubt.readings[0]
    if value >= math.log(config.sure):
        return [0]
    best = max(value for _, value in doubt.readings)
    start, words = words_around(line.text, doubt.start, doubt.stop)
    code, name = CODE.search(words) is not None, is_name(line.text, start, words)
    rest = words[: doubt.start - start] + words[doubt.stop - start :]
    address = ADDRESS.search(words) is not None
    numbers, letters = [0], len(letters_of(read))
    for number, (text, other) in enumerate(doubt.readings):
        if number == 0 or other < max(best - config.spread, config.floor) or text == read:
            continue
        close = config.close if not address and spells(read, text, rest) else 0.0
        if (code or CODE.search(text)) and other < value - close:
            continue
        if signs_in(text) != signs_in(read) and other < value - config.close_signs:
            continue
        if name and other < value - config.close_names:
            continue
        if len(letters_of(text)) < letters and other < value - config.close_fewer:
            continue
        numbers.append(number)
    return numbers


def spells(read: str, text: str, rest: str) -> bool:
    """Whether one character for one changes in a word that has no digits besides, and no digit to another one:
    ``0rder``, ``te1``. What stands in amounts and codes is not for a language to say."""
    if len(read) != len(text) or any(c.isdecimal() for c in rest):
        return False
    return not any(a.isdecimal() and b.isdecimal() and a != b for a, b in zip(read, text, strict=True))


def needed_gain(line: Line, doubt: Doubt, number: int, others: int, config: CorrectionConfig) -> float:
    """Nats by which a reading must win over what was read in its place, with so many other changes in the line."""
    (read, own), (text, other) = doubt.readings[0], doubt.readings[number]
    need = config.gain + config.gain_picture * (own - other) - config.company * min(others, MOST_COMPANY)
    if letters_of(read) == letters_of(text):
        need += config.gain_signs
    elif outlines(read) == outlines(text):
        need += config.gain_case
    elif len(letters_of(read)) != len(letters_of(text)):
        need += config.gain_length
    start, words = words_around(line.text, doubt.start, doubt.stop)
    return need + config.gain_capitals * is_upper(line.text) + config.gain_names * is_name(line.text, start, words)


def outlines(text: str) -> str:
    """The letters of a text without what tells small ones from capitals, and ``I`` from ``l`` and ``1``."""
    return letters_of(text).casefold().translate(STROKES)


def signs_in(text: str) -> int:
    """How many characters are neither letters, digits nor spaces."""
    return sum(not c.isalnum() and c != " " for c in text)


def letters_of(text: str) -> str:
    """The text without spaces and punctuation."""
    return "".join(c for c in text if c.isalnum())


def words_around(text: str, start: int, stop: int) -> tuple[int, str]:
    """The words that a stretch touches, and where they begin."""
    left, right = text.rfind(" ", 0, start) + 1, text.find(" ", stop)
    return left, text[left : right if right >= 0 else len(text)]


def is_name(text: str, start: int, words: str) -> bool:
    """A capital in front, not at the beginning of a line or sentence, and small letters in the line besides."""
    before = text[:start].rstrip()
    if not before or before[-1] in SENTENCE_END or not words[:1].isupper():
        return False
    return any(c.islower() for c in before)


def within_bounds(read: str, corrected: str, config: CorrectionConfig) -> bool:
    """Whether a line has kept about its length and most of its characters."""
    size = max(len(read), 1)
    if abs(len(corrected) - len(read)) > max(2, config.length * size):
        return False
    return edit_distance(read, corrected) <= max(2, config.edits * size)
