"""Lines whose text is known but not where each character stands: where the spotter looks for them, in order.

A crop may show a part of a line. Which part of its text that is follows from the share of the line that lies outside,
give or take some characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ocr.document import Line
from ocr.models.end2end.spotter_config import CELL
from ocr.polygon import FloatArray, side_lengths, transform

ROWS = 3
"""Cells across the line among which the surest stands for its place along the line."""

LEAST = 4
"""Fewest characters that must be seen of a line for it to be learnt from."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """``ends`` (2, 2): where the line's middle axis begins and ends; ``height`` of the line in px; ``symbols``
    (J, SLOTS) of its characters."""

    ends: FloatArray
    height: float
    symbols: NDArray[np.int64]

    @classmethod
    def of(cls, line: Line, symbols: NDArray[np.int64]) -> TextLine:
        """A labelled line with four corners."""
        top_left, top_right, bottom_right, bottom_left = np.asarray(line.polygon, np.float64)
        ends = np.stack([top_left + bottom_left, top_right + bottom_right]) / 2
        return cls(ends, side_lengths(line.polygon)[1], symbols)

    def moved(self, matrix: FloatArray) -> TextLine:
        """After an affine map (2, 3)."""
        scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
        return replace(self, ends=transform(self.ends, matrix), height=self.height * scale)


@dataclass(frozen=True, slots=True)
class SeenLine:
    """What a crop shows of a line: ``cells`` (T, ROWS, 2) row and column along it, and how many characters come before
    the first cell and before the end of the last, as estimated from the line's length."""

    cells: NDArray[np.int64]
    first: float
    last: float


def see(line: TextLine, size: tuple[int, int]) -> SeenLine | None:
    """The cells of a crop (height, width) that lie along a line; None if it shows too little of it."""
    start, stop = line.ends / CELL
    way = stop - start
    steps = int(np.ceil(np.abs(way).max()))  # one cell further along the longer axis with each step: none comes twice
    if steps < LEAST:
        return None
    along = way / np.linalg.norm(way)
    down = np.array([-along[1], along[0]])
    shares = (np.arange(steps) + 0.5) / steps
    across = (np.arange(ROWS) - ROWS // 2)[:, None] * down
    places = np.floor(start + shares[:, None, None] * way + across).astype(np.int64)  # (T, ROWS, 2) x, y
    inside = (places >= 0).all(axis=2) & (places[..., 0] < size[1] // CELL) & (places[..., 1] < size[0] // CELL)
    seen = np.flatnonzero(inside.all(axis=1))
    count = len(line.symbols)
    if len(seen) * count / steps < LEAST:
        return None
    first, last = seen[0], seen[-1] + 1  # what lies inside a rectangle is one stretch
    return SeenLine(places[first:last, :, ::-1], first / steps * count, last / steps * count)


def line_arrays(seen: Sequence[tuple[int, SeenLine, TextLine]], slots: int) -> dict[str, NDArray[np.generic]]:
    """Padded arrays of L lines, each with the number of its page.

    Returns:
        ``line_cells`` (L, T, ROWS, 3) page, row, column; ``line_steps`` (L,) cells along each; ``line_symbols``
        (L, J, slots); ``line_lengths`` (L,) characters; ``line_span`` (L, 2) characters before the first cell and
        before the end of the last.
    """
    steps = max((len(part.cells) for _, part, _ in seen), default=0)
    longest = max((len(line.symbols) for _, _, line in seen), default=0)
    cells = np.zeros((len(seen), steps, ROWS, 3), np.int64)
    symbols = np.zeros((len(seen), longest, slots), np.int64)
    for i, (page, part, line) in enumerate(seen):
        cells[i, :, :, 0] = page
        cells[i, : len(part.cells), :, 1:] = part.cells
        symbols[i, : len(line.symbols)] = line.symbols
    return {
        "line_cells": cells,
        "line_steps": np.array([len(part.cells) for _, part, _ in seen], np.int64),
        "line_symbols": symbols,
        "line_lengths": np.array([len(line.symbols) for _, _, line in seen], np.int64),
        "line_span": np.array([(part.first, part.last) for _, part, _ in seen], np.float32).reshape(-1, 2),
    }
