"""Markdown: headings, paragraphs, lists and simple tables.

Headings are the blocks that the reader took for such; of the others, lines from each one that begins with a bullet or a
number are a list, rows of cells that stand in columns a table, and everything else is a paragraph, whose lines stay
lines. Nothing that was read is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from ocr.polygon import bounds
from ocr.writers.markup import good_pages
from ocr.writers.options import WriterOptions

if TYPE_CHECKING:
    from ocr.document import Document, Line, Page
    from ocr.predict import DocumentStream

SAME_ROW = 0.5
"""Lines stand in one row if their middles are less than this many line heights apart."""

BULLET = re.compile(r"[•·▪‣◦●○■□▶※–*-] +(?=\S)")
NUMBER = re.compile(r"(\d{1,3})[.)] +(?=\S)")
LETTER = re.compile(r"(\(\d{1,3}\)|\(?([a-z]|[ivx]{2,4})\)) +\S")
"""Marks of items that Markdown does not know: they stay, behind a bullet."""

SPECIAL = re.compile(r"([\\`*_<\[\]])")
LEADING = re.compile(r"#{1,6}(?= )|[>+=-]|\d+(?=[.)]( |$))")

Row = list["Line"]


def write(document: Document | DocumentStream, options: WriterOptions) -> Iterator[str]:
    """The document, blocks with an empty line between them; with ``titled``, after a comment that names its source."""
    if options.titled:
        yield f"<!-- {document.source.replace('--', '- -')} -->\n\n"
    gap = ""
    for page in good_pages(document):
        for part in page_parts(page):
            yield f"{gap}{part}\n"
            gap = "\n"


def page_parts(page: Page) -> Iterator[str]:
    """Headings, paragraphs, lists and tables in reading order."""
    for block in page.blocks:
        lines = [line for line in block.lines if line.text.strip()]
        if block.heading and lines:
            yield "#" * min(block.heading, 6) + " " + " ".join(escape(line.text) for line in lines)
        else:
            yield from block_parts(lines)


def block_parts(lines: Sequence[Line]) -> Iterator[str]:
    """Tables of the block, and what stands between them as paragraphs and lists."""
    for number, group in groupby(marked_rows(group_rows(lines)), key=lambda entry: entry[0]):
        rows = [row for _, row in group]
        if number:
            yield table(rows)
        else:
            yield from text_parts([line for row in rows for line in row])


def text_parts(lines: Sequence[Line]) -> Iterator[str]:
    """Paragraphs and lists: a line with a mark begins a list, and the unmarked lines after it go on with its item."""
    paragraph: list[str] = []
    items: list[str] = []
    for line in lines:
        text = line.text.strip()
        bullet, number = BULLET.match(text), NUMBER.match(text)
        if bullet:
            items.append("- " + escape(text[bullet.end() :]))
        elif number:
            items.append(f"{number[1]}. " + escape(text[number.end() :]))
        elif LETTER.match(text):
            items.append("- " + escape(text))
        elif items:
            items[-1] += "\n   " + escape(text)
        else:
            paragraph.append(escape(text))
    if paragraph:
        yield "\n".join(paragraph)
    if items:
        yield "\n".join(items)


def group_rows(lines: Sequence[Line]) -> list[Row]:
    """Lines side by side as rows, in the order of reading; a turned line is a row of its own."""
    rows: list[Row] = []
    for line in lines:
        if rows and beside(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def beside(first: Line, second: Line) -> bool:
    """Whether the second line stands to the right of the first one, at the same height."""
    (_, top, right, bottom), (left, other_top, _, other_bottom) = bounds(first.polygon), bounds(second.polygon)
    apart = abs(top + bottom - other_top - other_bottom) / 2
    return left >= right and apart < SAME_ROW * min(bottom - top, other_bottom - other_top)


def marked_rows(rows: list[Row]) -> list[tuple[int, Row]]:
    """Each row with the number of its table, or 0: two or more rows of two or more cells that share their columns."""
    marked: list[tuple[int, Row]] = []
    start = tables = 0
    while start < len(rows):
        stop = start
        while stop < len(rows) and len(rows[stop]) > 1 and columns(rows[start : stop + 1]):
            stop += 1
        is_table = stop - start > 1
        tables += is_table
        stop = stop if is_table else start + 1
        marked += [(tables if is_table else 0, row) for row in rows[start:stop]]
        start = stop
    return marked


def columns(rows: list[Row]) -> list[tuple[float, float]]:
    """Left and right ends of the columns of a table; empty if a cell would reach over two columns."""
    merged: list[tuple[float, float]] = []
    for left, right in sorted((bounds(cell.polygon)[0], bounds(cell.polygon)[2]) for row in rows for cell in row):
        if merged and left < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], right))
        else:
            merged.append((left, right))
    return merged if all(len({column_of(cell, merged) for cell in row}) == len(row) for row in rows) else []


def column_of(cell: Line, merged: list[tuple[float, float]]) -> int:
    left = bounds(cell.polygon)[0]
    return max(index for index, (start, _) in enumerate(merged) if left >= start)


def table(rows: list[Row]) -> str:
    """A pipe table whose first row is the header, which Markdown demands."""
    ends = columns(rows)
    written = []
    for row in rows:
        cells = [""] * len(ends)
        for cell in row:
            cells[column_of(cell, ends)] = escape(cell.text.strip()).replace("|", "\\|")
        written.append("| " + " | ".join(cells) + " |")
    return "\n".join([written[0], "|" + " --- |" * len(ends), *written[1:]])


def escape(text: str) -> str:
    """The text with backslashes before what Markdown would take for its own marks."""
    text = SPECIAL.sub(r"\\\1", text.strip())
    mark = LEADING.match(text)
    if mark is None:
        return text
    return f"{mark[0]}\\{text[mark.end() :]}" if mark[0].isdigit() else f"\\{text}"
