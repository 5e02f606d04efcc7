"""Running text into lines: breaking, hyphenation, justification, paragraphs and columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ocr.data.synthetic.sheet import Align, Pen, Sheet


@dataclass(frozen=True, slots=True)
class Measure:
    """The column text is set in, in px, and how: ``indent`` of first lines, ``hyphenate`` breaks long words."""

    left: float
    width: float
    bottom: float
    align: Align = "left"
    justify: bool = False
    indent: float = 0.0
    hyphenate: bool = False
    hanging: float = 0.0


def break_lines(words: list[str], pen: Pen, measure: Measure, rng: np.random.Generator) -> list[list[str]]:
    """Words into lines no wider than the measure; a word wider than the column is cut off at its end."""
    space = pen.width(" ")
    lines: list[list[str]] = [[]]
    room = measure.width - measure.indent
    used = 0.0
    queue = list(reversed(words))
    while queue:
        word = queue.pop()
        width = pen.width(word)
        if used + width <= room or (not lines[-1] and len(word) < 2):
            lines[-1].append(word)
            used += width + space
            continue
        head, tail = ("", word)
        if measure.hyphenate or not lines[-1]:
            head, tail = split_word(word, pen, room - used, rng)
        if head:
            lines[-1].append(head)
        elif not lines[-1]:  # nothing fits: leave the word out
            continue
        queue.append(tail)
        lines.append([])
        room, used = measure.width - measure.hanging, 0.0
    return [line for line in lines if line]


def split_word(word: str, pen: Pen, room: float, rng: np.random.Generator) -> tuple[str, str]:
    """The part of a word that fits into ``room`` px and the rest; Latin words get a hyphen, Hangul breaks anywhere."""
    hangul = all("가" <= c <= "힣" for c in word)
    least = 1 if hangul else 3
    if not hangul and not (word.isalpha() and len(word) >= 2 * least):
        return "", word
    for cut in range(len(word) - least, least - 1, -1):
        head = word[:cut] + ("" if hangul else "-")
        if pen.width(head) <= room:
            shorter = cut - int(rng.integers(0, 2))
            cut = shorter if shorter >= least else cut
            return word[:cut] + ("" if hangul else "-"), word[cut:]
    return "", word


def set_paragraph(sheet: Sheet, pen: Pen, words: list[str], measure: Measure, baseline: float) -> float:
    """Set words as lines of one block from ``baseline`` down; the baseline after the last line, which may be too low.

    Lines that would pass ``measure.bottom`` are not set.
    """
    lines = break_lines(words, pen, measure, sheet.rng)
    for number, line in enumerate(lines):
        if baseline > measure.bottom:
            break
        indent = measure.indent if number == 0 else measure.hanging
        text = " ".join(line)
        extra = 0.0
        if measure.justify and number < len(lines) - 1 and len(line) > 1:
            gap = (measure.width - indent - pen.width(text)) / (len(line) - 1)
            extra = gap / pen.size if gap < 1.2 * pen.size else 0.0
        x = {
            "left": measure.left + indent,
            "centre": measure.left + measure.width / 2,
            "right": measure.left + measure.width,
        }
        sheet.write(pen, text, x[measure.align], baseline, measure.align, extra)
        baseline += pen.step
    return baseline


def fitting(pen: Pen, text: str, width: float) -> str:
    """As many whole words of the text as fit into ``width`` px; may be empty."""
    words = text.split()
    while words and pen.width(" ".join(words)) > width:
        words.pop()
    return " ".join(words)
