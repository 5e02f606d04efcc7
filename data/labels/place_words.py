"""Which line a word of the page belongs to, and the order of words within a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from ocr.document import Line, Word
from ocr.polygon import Polygon, area, bounds, centre, contains


def place_words(lines: Sequence[Line], words: Iterable[Word]) -> list[Line]:
    """Lines with the words of the page that lie in them, in the direction of the text.

    A word goes to the line that holds its centre; where several do, to one whose text has the word, then the smallest.
    Words in no line are left out.
    """
    placed: list[list[Word]] = [list(line.words) for line in lines]
    boxes = np.array([bounds(line.polygon) for line in lines]).reshape(-1, 4)
    for word in words:
        x, y = centre(word.polygon)
        near = (boxes[:, 0] <= x) & (boxes[:, 1] <= y) & (x <= boxes[:, 2]) & (y <= boxes[:, 3])
        homes = [index for index in np.flatnonzero(near).tolist() if contains(lines[index].polygon, (x, y))]
        if homes:
            home = min(homes, key=lambda i: (word.text not in lines[i].text.split(), area(lines[i].polygon)))
            placed[home].append(word)
    return [
        replace(line, words=in_reading_direction(own, line.polygon)) for line, own in zip(lines, placed, strict=True)
    ]


def in_reading_direction(words: Iterable[Word], line: Polygon) -> tuple[Word, ...]:
    """The words sorted along the first side of their line."""
    (ax, ay), (bx, by) = line[:2]
    return tuple(sorted(words, key=lambda w: centre(w.polygon)[0] * (bx - ax) + centre(w.polygon)[1] * (by - ay)))
