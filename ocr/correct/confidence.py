"""Confidences as probabilities that a word is right."""

from __future__ import annotations

import math
from dataclasses import replace

from ocr.correct.config import Temperature
from ocr.document import Char, Line, Page, Word

NEAREST = 1e-6
"""Distance from 0 and 1 that a confidence is taken to have at least."""


def calibrated(confidence: float, temperature: Temperature) -> float:
    """The probability that a word of this confidence is right; both in [0, 1]."""
    value = min(max(confidence, NEAREST), 1 - NEAREST)
    odds = math.log(value / (1 - value)) / temperature.temperature + temperature.offset
    return 1 / (1 + math.exp(-odds))


def with_probabilities(line: Line, temperature: Temperature) -> Line:
    """The line with calibrated words. The confidences of a word's characters are brought to the power that makes them
    multiply to the word's, and the line's own stays their mean."""
    words = tuple(with_probability(word, temperature) for word in line.words)
    characters = [char.confidence for word in words for char in word.chars]
    mean = sum(characters) / len(characters) if characters else line.confidence
    return replace(line, words=words, confidence=mean)


def with_probability(word: Word, temperature: Temperature) -> Word:
    probability = calibrated(word.confidence, temperature)
    before = min(max(word.confidence, NEAREST), 1 - NEAREST)
    power = math.log(probability) / math.log(before)
    chars = tuple(Char(char.text, char.polygon, char.confidence**power) for char in word.chars)
    return Word(word.text, word.polygon, probability, chars)


def page_with_probabilities(page: Page, temperature: Temperature) -> Page:
    """The page with calibrated lines."""
    blocks = (
        replace(block, lines=tuple(with_probabilities(line, temperature) for line in block.lines))
        for block in page.blocks
    )
    return replace(page, blocks=tuple(blocks))
