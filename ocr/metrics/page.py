"""Comparing a page that was read with its label: words, words on their lines, reading order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ocr.document import Line, Page, Word
from ocr.metrics.text import normalise
from ocr.polygon import as_polygon, bounds, centre, contains, rotated_rectangle, slice_quad


@dataclass
class WordTally:
    """Words summed over a set, for the F1 of ICDAR 2019 SROIE task 2 (micro average)."""

    matched: int = 0
    predicted: int = 0
    labelled: int = 0

    def add(self, labelled: Counter[str], predicted: Counter[str]) -> None:
        """Count one page; each predicted word matches at most one label of the same spelling on the page."""
        self.matched += (labelled & predicted).total()
        self.predicted += predicted.total()
        self.labelled += labelled.total()

    @property
    def precision(self) -> float | None:
        return self.matched / self.predicted if self.predicted else None

    @property
    def recall(self) -> float | None:
        return self.matched / self.labelled if self.labelled else None

    @property
    def f1(self) -> float | None:
        words = self.predicted + self.labelled
        return 2 * self.matched / words if words else None


@dataclass(frozen=True, slots=True)
class LocatedWord:
    """A predicted word and where it stands in the reading order of the prediction."""

    word: Word
    order: int


@dataclass(frozen=True, slots=True)
class LocatedPage:
    """Predicted words given to the labelled line that holds their centre.

    Attributes:
        on_lines: for every labelled line that is not ``ignore`` its words, in the direction of the line.
        on_no_line: words on no labelled line. Words on ``ignore`` regions are in neither.
    """

    on_lines: list[tuple[Line, list[LocatedWord]]] = field(default_factory=list)
    on_no_line: list[LocatedWord] = field(default_factory=list)


def words_of(page: Page) -> list[Word]:
    """All words in reading order; a line without words is split at its spaces, each word with its share of the box."""
    return [word for line in page.lines for word in (line.words or split_line(line)) if word.text.strip()]


def with_words(line: Line) -> Line:
    """The line with words made by :func:`split_line`."""
    return replace(line, words=split_line(line))


def split_line(line: Line) -> tuple[Word, ...]:
    """The whitespace-separated words of a line; boxes in proportion to the number of characters."""
    quad = _quad(line)
    length = max(len(line.text), 1)
    words, position = [], 0
    for text in line.text.split():
        start = line.text.index(text, position)
        position = start + len(text)
        polygon = as_polygon(slice_quad(quad, start / length, position / length))
        words.append(Word(text, polygon, line.confidence))
    return tuple(words)


def count_words(texts: Sequence[str], *, fold_case: bool) -> Counter[str]:
    """Multiset of the whitespace-separated words of some texts."""
    return Counter(word for text in texts for word in normalise(text, fold_case=fold_case).split())


def locate_words(truth: Page, words: Sequence[Word]) -> LocatedPage:
    """Give every predicted word to the labelled line that holds its centre.

    Where boxes overlap, the line whose middle runs nearest to the centre (in line heights) gets the word.
    """
    lines = list(truth.lines)
    frames = [_Frame.of(line) for line in lines]
    boxes = np.array([bounds(line.polygon) for line in lines]).reshape(-1, 4)  # (lines, 4)
    found: list[list[LocatedWord]] = [[] for _ in lines]
    nowhere: list[LocatedWord] = []
    for order, word in enumerate(words):
        point = np.array(centre(word.polygon))
        near = np.flatnonzero((boxes[:, :2] <= point).all(axis=1) & (point <= boxes[:, 2:]).all(axis=1))
        holding = [i for i in near if contains(lines[i].polygon, (float(point[0]), float(point[1])))]
        located = LocatedWord(word, order)
        if holding:
            found[min(holding, key=lambda i: frames[i].distance(point))].append(located)
        else:
            nowhere.append(located)
    for frame, located_words in zip(frames, found, strict=True):
        located_words.sort(key=lambda item: frame.along(np.array(centre(item.word.polygon))))
    return LocatedPage([(line, ws) for line, ws in zip(lines, found, strict=True) if not line.ignore], nowhere)


def reading_order_kept(located: LocatedPage) -> tuple[int, int]:
    """How many line changes of the label the prediction makes too, and how many there are to make.

    Labelled lines with no predicted word are passed over. A step from one found line to the next counts as kept if the
    prediction reads the second directly after the first, with no other labelled line between them; a line's place is
    the median place of its words. Reading straight across two columns breaks nearly every step.
    """
    places = [float(np.median([item.order for item in words])) for _, words in located.on_lines if words]
    ranks = np.argsort(np.argsort(places, kind="stable"), kind="stable")
    return int(np.count_nonzero(np.diff(ranks) == 1)), max(len(places) - 1, 0)


@dataclass(frozen=True, slots=True)
class _Frame:
    """Middle, direction of the text and height across it of a line, in pixels."""

    middle: NDArray[np.float64]  # (2,)
    direction: NDArray[np.float64]  # (2,), unit length
    height: float

    @classmethod
    def of(cls, line: Line) -> _Frame:
        a, b, c, d = _quad(line)
        along = (b - a) + (c - d)
        direction = along / max(float(np.linalg.norm(along)), 1e-9)
        across = ((d - a) + (c - b)) / 2
        return cls((a + b + c + d) / 4, direction, max(float(np.linalg.norm(across)), 1e-9))

    def along(self, point: NDArray[np.float64]) -> float:
        return float((point - self.middle) @ self.direction)

    def distance(self, point: NDArray[np.float64]) -> float:
        offset = point - self.middle
        return abs(float(offset[0] * -self.direction[1] + offset[1] * self.direction[0])) / self.height


def _quad(line: Line) -> NDArray[np.float64]:
    """The four corners of a line, clockwise from the top left of the text.

    A polygon with more points (a bent line) is replaced by the smallest rectangle around it, whose first side runs as
    the first half of the polygon does, so that text in any direction keeps its own.
    """
    points = np.asarray(line.polygon, dtype=np.float64)
    if len(points) == 4:
        return points
    corners, along = rotated_rectangle(points), points[len(points) // 2 - 1] - points[0]
    sides = np.roll(corners, -1, axis=0) - corners  # (4, 2)
    return np.roll(corners, -int((sides @ along / np.maximum(np.linalg.norm(sides, axis=1), 1e-9)).argmax()), axis=0)
