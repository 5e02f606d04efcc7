"""What may be changed in a line, and what not: never make worse what was right."""

from __future__ import annotations

import math
import re

from ocr.correct.config import CorrectionConfig
from ocr.document import Doubt, Line
from ocr.metrics.text import edit_distance

CODE = re.compile(r"[0-9@_/\\#=+<>|~^$€£₩¥%]|\w\.\w|://")
"""What makes a word a number, amount, code, address or file name, of which no language model knows anything."""

SENTENCE_END = ".!?:…。"


def allowed_readings(line: Line, doubt: Doubt, config: CorrectionConfig) -> list[int]:
    """Numbers of the readings that may stand in this place; 0, what was read, always may."""
    read, value = doubt.readings[0]
    if value >= math.log(config.sure):
        return [0]
    best = max(value for _, value in doubt.readings)
    frozen = is_frozen(line.text, doubt.start, doubt.stop)
    numbers = [0]
    for number, (text, other) in enumerate(doubt.readings):
        if number == 0 or other < best - config.spread or text == read:
            continue
        touched = frozen or CODE.search(text) is not None
        if touched and other < value - config.close:
            continue
        numbers.append(number)
    return numbers


def is_frozen(text: str, start: int, stop: int) -> bool:
    """Whether the words that a stretch touches hold digits or signs of codes, or look like names."""
    left, right = text.rfind(" ", 0, start) + 1, text.find(" ", stop)
    words = text[left : right if right >= 0 else len(text)]
    return CODE.search(words) is not None or is_name(text, left, words)


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
