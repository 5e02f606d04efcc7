"""Headings on pages drawn here: large, bold, in capitals or apart; and what looks like one and is none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.document import Block, Line
from ocr.models.page_blocks import page_blocks, split_headings
from ocr.polygon import as_polygon, from_box

BODY = "It was the best of times and it was the worst of times"


class Drawing:
    """A white page and the lines that stand on it."""

    def __init__(self) -> None:
        self.grey: NDArray[np.uint8] = np.full((1200, 1000), 255, np.uint8)
        self.lines: list[Line] = []

    def write(self, text: str, left: int, baseline: int, scale: float = 0.8, thickness: int = 1) -> None:
        cv2.putText(self.grey, text, (left, baseline), cv2.FONT_HERSHEY_SIMPLEX, scale, 0, thickness, cv2.LINE_AA)
        (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
        box = from_box(left, baseline - height, left + width, baseline + below * 0.7)
        self.lines.append(Line(text, as_polygon(box)))

    def paragraph(self, top: int, rows: int = 5, left: int = 60) -> int:
        for row in range(rows):
            self.write(BODY, left, top + 36 * row)
        return top + 36 * rows

    def headings(self) -> dict[str, int]:
        return {line.text: b.heading for b in page_blocks(self.lines, self.grey) if b.heading for line in b.lines}


def page_with(text: str, scale: float = 0.8, thickness: int = 1, gap: int = 20) -> Drawing:
    """Two paragraphs with a line between them."""
    page = Drawing()
    below = page.paragraph(60)
    page.write(text, 60, below + gap, scale, thickness)
    page.paragraph(below + 2 * gap + 36)
    return page


@pytest.mark.parametrize(("scale", "level"), [(1.9, 1), (1.2, 2)])
def test_larger_print_is_a_heading_of_a_level_by_its_size(scale: float, level: int) -> None:
    page = page_with("The second part", scale, 2 if scale < 1.5 else 3, gap=60)
    assert page.headings() == {"The second part": level}


def test_bold_print_of_the_same_size_that_stands_apart_is_a_heading() -> None:
    assert page_with("The second part", thickness=3).headings() == {"The second part": 3}
    assert page_with("THE SECOND PART", thickness=2).headings() == {"THE SECOND PART": 3}


def test_a_short_line_by_itself_is_none() -> None:
    assert page_with("of times.", gap=0).headings() == {}
    assert page_with("of times.").headings() == {}


def test_running_text_rows_of_cells_and_empty_pages_have_none() -> None:
    page = Drawing()
    page.paragraph(60, rows=12)
    for row in range(6):
        page.write("Milk", 60, 600 + 36 * row)
        page.write("2.50", 500, 600 + 36 * row, thickness=3 if row == 0 else 1)
    assert page.headings() == {}
    assert page_blocks([], page.grey) == ()


def test_white_print_on_black_is_measured_like_black_on_white() -> None:
    page = page_with("The second part", thickness=3)
    page.grey = 255 - page.grey
    assert page.headings() == {"The second part": 3}


def test_a_turned_page_has_the_headings_of_the_upright_one() -> None:
    page = page_with("The second part", thickness=3)
    page.grey = np.ascontiguousarray(np.rot90(page.grey, -1))
    height = page.grey.shape[1]
    page.lines = [Line(line.text, tuple((height - y, x) for x, y in line.polygon)) for line in page.lines]
    assert page.headings() == {"The second part": 3}


def test_a_block_is_cut_where_a_heading_begins_and_ends() -> None:
    lines = [Line(letter, from_box(0, 0, 1, 1)) for letter in "abcdefgh"]
    parts = split_headings(lines, [2, 0, 0, 1, 1, 1, 1, 0])
    assert parts == [Block((lines[0],), 2), Block(tuple(lines[1:]))], "four lines are no heading"
    assert [block.heading for block in split_headings(lines, [0, 0, 1, 2, 0, 0, 0, 0])] == [0, 1, 2, 0]
