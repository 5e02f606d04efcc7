"""Reading order: detected lines to blocks of lines, in NumPy.

Columns of running text are read one after the other; rows of a table, a form or a receipt are read across. What tells
them apart is the length of their lines: text runs on for many letters in every column, cells do not. A heading over
two columns ends the columns above it and begins those below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ocr.polygon import FloatArray, all_side_lengths

TEXT_ASPECT = 8.0
"""Median width over height from which the lines of a column are running text."""

COLUMN_LINES = 3
"""Fewest lines of a column."""

NARROW_ASPECT = 6.0
"""The same of narrow columns, if they have so many lines"""

NARROW_LINES = 10
"""and most of them are at least"""

NARROW_FILL = 0.7
"""this part as long as its longest ones, cells being of all lengths,"""

NARROW_PITCH = 1.3
"""and no further apart, in line heights from middle to middle, than lines of running text."""

OVERLAP = 0.5
"""A line runs across an upright if it reaches beyond it by more than this many line heights on both sides: where lines
end is found less exactly than gutters are narrow."""

FOOTER_LINES = 2
"""The last lines of a page, so many at most,"""

FOOTER_GAP = 2.0
"""stand below all columns if they are further below the others than this many line heights."""

SAME_ROW = 0.5
"""Two lines stand in one row if their middles are less than this many line heights apart."""

BLOCK_GAP = 0.7
"""A new block begins where rows are further apart than usual by more than this many line heights."""

INDENT = (0.8, 8.0)
"""A line of running text that begins so many line heights to the right of the others begins a paragraph."""

AT_THE_EDGE = 0.6
"""Part of the lines of a block that begin at its edge, if an indent is to mean anything."""

TURNED = np.radians(30)
"""A line turned further than this against the page stands in a block of its own, after the others."""

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Boxes:
    """Upright boxes after the page has been turned straight; arrays (N,) in pixels."""

    left: FloatArray
    top: FloatArray
    right: FloatArray
    bottom: FloatArray
    height: FloatArray
    """Line height, which a tilted line's upright box exceeds."""

    @property
    def middle(self) -> FloatArray:
        return (self.top + self.bottom) / 2

    @property
    def centre(self) -> FloatArray:
        return (self.left + self.right) / 2


def order_lines(quads: Sequence[ArrayLike]) -> list[list[int]]:
    """Blocks of lines in reading order.

    Args:
        quads: Lines (4, 2), clockwise from the top left of their text, in any order.

    Returns:
        Indices into ``quads``: lists of lines, each line in exactly one of them.
    """
    if not quads:
        return []
    corners = np.asarray(quads, dtype=np.float64)  # (N, 4, 2)
    along = corners[:, 1] - corners[:, 0]  # (N, 2)
    total = along.sum(axis=0)  # longer lines weigh more
    direction = np.arctan2(total[1], total[0])
    angles = np.arctan2(along[:, 1], along[:, 0]) - direction
    turned = np.abs((angles + np.pi) % (2 * np.pi) - np.pi) > TURNED
    boxes = straighten(corners, float(direction))
    blocks = order_region(boxes, np.flatnonzero(~turned))
    aside = sorted(np.flatnonzero(turned), key=lambda line: (boxes.top[line], boxes.left[line]))
    return [[int(line) for line in block] for block in blocks] + [[int(line)] for line in aside]


def straighten(corners: FloatArray, direction: float) -> Boxes:
    """Upright boxes around quadrilaterals (N, 4, 2) after turning the page back by ``direction`` radians."""
    cosine, sine = np.cos(direction), np.sin(direction)
    turned = corners @ np.array([[cosine, -sine], [sine, cosine]])
    heights = np.maximum(all_side_lengths(corners)[1], 1e-6)
    (left, top), (right, bottom) = turned.min(axis=1).T, turned.max(axis=1).T
    return Boxes(left, top, right, bottom, heights)


def order_region(boxes: Boxes, lines: Indices) -> list[list[int]]:
    """Blocks of the given lines: by columns if there are any, else by rows."""
    gutter = find_gutter(boxes, lines)
    if gutter is None:
        return split_blocks(boxes, group_rows(boxes, lines))
    blocks: list[list[int]] = []
    for band, across in bands(boxes, lines, gutter):
        if is_column_band(boxes, band, gutter):
            left = boxes.centre[band] <= gutter
            blocks += order_region(boxes, band[left]) + order_region(boxes, band[~left])
        elif len(band):
            blocks += split_blocks(boxes, group_rows(boxes, band))
        if len(across):
            blocks += split_blocks(boxes, group_rows(boxes, across))
    return blocks


def find_gutter(boxes: Boxes, lines: Indices) -> float | None:
    """Where to cut the lines into columns: the x with most lines in columns of running text at its sides, if any."""
    best, most = None, 0
    for x in candidates(boxes, lines):
        inside = [band for band, _ in bands(boxes, lines, x) if is_column_band(boxes, band, x)]
        count = sum(len(band) for band in inside)
        if count > most:
            best, most = float(x), count
    return best


def candidates(boxes: Boxes, lines: Indices) -> FloatArray:
    """The upright cuts that may be tried: beside lines, with running text on both sides."""
    cuts = np.unique(boxes.left[lines] - boxes.height[lines] / 4)
    long = lines[boxes.right[lines] - boxes.left[lines] >= NARROW_ASPECT * boxes.height[lines]]
    overlap = OVERLAP * boxes.height[long]
    before = np.searchsorted(np.sort(boxes.right[long] - overlap), cuts, side="right")  # long lines that end there
    behind = len(long) - np.searchsorted(np.sort(boxes.left[long] + overlap), cuts, side="left")
    fewest = (COLUMN_LINES + 1) // 2  # half of the lines of a column are long, or their median was not
    worth: FloatArray = cuts[(before >= fewest) & (behind >= fewest)]
    return worth


def bands(boxes: Boxes, lines: Indices, x: float) -> list[tuple[Indices, Indices]]:
    """The lines beside the upright at ``x``, cut where lines run across it and above a footer: pairs of a band and the
    lines below it."""
    order = lines[np.argsort(boxes.middle[lines], kind="stable")]
    overlap = OVERLAP * boxes.height[order]
    across = (boxes.left[order] < x - overlap) & (boxes.right[order] > x + overlap)
    begins = np.flatnonzero((across[:-1] & ~across[1:]) | before_footer(boxes, order)) + 1
    parts = zip(np.split(order, begins), np.split(across, begins), strict=True)
    return [(part[~crossing], part[crossing]) for part, crossing in parts]


def before_footer(boxes: Boxes, order: Indices) -> NDArray[np.bool_]:
    """Behind which (N - 1,) of N lines, from the top down, a footer begins."""
    begins = np.zeros(max(len(order) - 1, 0), np.bool_)
    if len(begins):
        last = slice(-FOOTER_LINES, None)
        gaps = boxes.top[order[1:]] - np.maximum.accumulate(boxes.bottom[order])[:-1]
        begins[last] = gaps[last] > FOOTER_GAP * np.median(boxes.height[order])
    return begins


def is_column_band(boxes: Boxes, band: Indices, x: float) -> bool:
    """Whether both sides of ``x`` hold running text, next to each other."""
    left = boxes.centre[band] <= x
    sides = band[left], band[~left]
    if min(len(side) for side in sides) < COLUMN_LINES:
        return False
    if not all(is_running_text(boxes, side) for side in sides):
        return False
    begins = [float(boxes.top[side].min()) for side in sides]
    ends = [float(boxes.bottom[side].max()) for side in sides]
    shorter = min(end - begin for begin, end in zip(begins, ends, strict=True))
    return min(ends) - max(begins) > shorter / 2


def is_running_text(boxes: Boxes, column: Indices) -> bool:
    """Whether the lines of a column are long enough for running text, not cells."""
    widths = boxes.right[column] - boxes.left[column]
    aspect = float(np.median(widths / boxes.height[column]))
    if aspect >= TEXT_ASPECT or aspect < NARROW_ASPECT or len(column) < NARROW_LINES:
        return aspect >= TEXT_ASPECT
    height, steps = np.median(boxes.height[column]), np.diff(np.sort(boxes.middle[column]))
    steps = steps[steps > SAME_ROW * height]  # from row to row, which may go over several columns
    close = bool(len(steps)) and bool(np.median(steps) <= NARROW_PITCH * height)
    return close and bool(np.median(widths) >= NARROW_FILL * np.quantile(widths, 0.9))


def group_rows(boxes: Boxes, lines: Indices) -> list[list[int]]:
    """Rows from top to bottom, each from left to right."""
    middles, heights, lefts = boxes.middle.tolist(), boxes.height.tolist(), boxes.left.tolist()
    rows: list[list[int]] = []
    for line in lines[np.lexsort((boxes.left[lines], boxes.middle[lines]))].tolist():
        if rows:
            last = rows[-1]
            middle, height = (sum(values[i] for i in last) / len(last) for values in (middles, heights))
            if abs(middles[line] - middle) < SAME_ROW * min(heights[line], height):
                last.append(line)
                continue
        rows.append([line])
    return [sorted(row, key=lefts.__getitem__) for row in rows]


def split_blocks(boxes: Boxes, rows: list[list[int]]) -> list[list[int]]:
    """Rows joined to blocks; a wider gap than usual begins a new one."""
    if not rows:
        return []
    gaps = np.array([boxes.top[below].min() - boxes.bottom[above].max() for above, below in pairwise(rows)])
    usual = float(np.median(gaps)) if len(gaps) else 0.0
    height = float(np.median([boxes.height[line] for row in rows for line in row]))
    blocks = [[rows[0]]]
    for gap, row in zip(gaps, rows[1:], strict=True):
        if gap > max(0.0, usual) + BLOCK_GAP * height:
            blocks.append([])
        blocks[-1].append(row)
    return [
        [line for row in paragraph for line in row] for block in blocks for paragraph in split_paragraphs(boxes, block)
    ]


def split_paragraphs(boxes: Boxes, rows: list[list[int]]) -> list[list[list[int]]]:
    """The rows of a block, cut before every first line of running text that is set in."""
    first = [row[0] for row in rows]
    heights = boxes.height[first]
    if len(rows) < COLUMN_LINES or any(len(row) > 1 for row in rows):
        return [rows]
    if np.median((boxes.right[first] - boxes.left[first]) / heights) < TEXT_ASPECT:
        return [rows]
    indents = (boxes.left[first] - np.median(boxes.left[first])) / np.median(heights)
    if np.mean(np.abs(indents) < INDENT[0] / 2) < AT_THE_EDGE:
        return [rows]
    set_in = (indents >= INDENT[0]) & (indents <= INDENT[1])
    alone = ~np.append(set_in[1:], False) & ~np.append(False, set_in[:-1])  # several in a row are a list or a quotation
    begins = set_in & alone
    paragraphs = [[rows[0]]]
    for begin, row in zip(begins[1:], rows[1:], strict=True):
        if begin:
            paragraphs.append([])
        paragraphs[-1].append(row)
    return paragraphs
