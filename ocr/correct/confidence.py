"""Confidences of corrected words as probabilities."""

from __future__ import annotations

import math
from dataclasses import replace

from ocr.correct.config import Temperature
from ocr.document import Line, Page

NEAREST = 1e-6
"""Distance from 0 and 1 that a confidence is taken to have at least."""


def calibrated(confidence: float, temperature: Temperature) -> float:
    """The probability that a word of this confidence is right; both in [0, 1]."""
    value = min(max(confidence, NEAREST), 1 - NEAREST)
    odds = math.log(value / (1 - value)) / temperature.temperature + temperature.offset
    return 1 / (1 + math.exp(-odds))


def with_probabilities(line: Line, temperature: Temperature) -> Line:
    """The line with calibrated words; its own confidence and those of characters stay as they are."""
    words = tuple(replace(word, confidence=calibrated(word.confidence, temperature)) for word in line.words)
    return replace(line, words=words)


def page_with_probabilities(page: Page, temperature: Temperature) -> Page:
    """The page with calibrated words."""
    blocks = (
        replace(block, lines=tuple(with_probabilities(line, temperature) for line in block.lines))
        for block in page.blocks
    )
    return replace(page, blocks=tuple(blocks))
