"""From the lines of a page to its blocks: reading order and paragraphs first, then headings; blanks are no lines."""

from __future__ import annotations

from collections.abc import Sequence

from ocr.document import Block, Line
from ocr.models.blanks import without_blanks
from ocr.models.headings import GreyImage, heading_levels
from ocr.models.reading_order import order_lines

HEADING_LINES = 3
"""Most lines of a heading; more of them are a text in large type."""


def page_blocks(lines: Sequence[Line], grey: GreyImage) -> tuple[Block, ...]:
    """Blocks in reading order. ``grey`` (H, W) is the page that the lines' polygons are pixels of."""
    lines = [text for line in lines if (text := without_blanks(line)) is not None]
    blocks = [[lines[i] for i in block] for block in order_lines([line.polygon for line in lines])]
    levels = iter(heading_levels([line for block in blocks for line in block], grey))
    return tuple(part for block in blocks for part in split_headings(block, [next(levels) for _ in block]))


def split_headings(lines: Sequence[Line], levels: Sequence[int]) -> list[Block]:
    """A block, cut where a heading begins or ends."""
    parts: list[tuple[int, list[Line]]] = []
    for line, level in zip(lines, levels, strict=True):
        if parts and parts[-1][0] == level:
            parts[-1][1].append(line)
        else:
            parts.append((level, [line]))
    kept = [(level if len(part) <= HEADING_LINES else 0, part) for level, part in parts]
    joined: list[tuple[int, list[Line]]] = []
    for level, part in kept:
        if joined and joined[-1][0] == level == 0:
            joined[-1][1].extend(part)
        else:
            joined.append((level, part))
    return [Block(tuple(part), level) for level, part in joined]
