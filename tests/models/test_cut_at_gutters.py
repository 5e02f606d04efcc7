"""Lines that the detector joined across a gutter, on drawn pages."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ocr.models.two_stage.cut_at_gutters import cut_at_gutters
from ocr.polygon import FloatArray, from_box

SIZE = (700, 520)
ROWS = range(60, 500, 34)


def drawn(gutter: float, rows: range = ROWS, across: int | None = None) -> NDArray[np.uint8]:
    """Two columns of print (H, W) so many pixels apart; in one row, a line across both."""
    page = Image.new("L", SIZE, 235)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(24)
    for number, row in enumerate(rows):
        if number == across:
            pen.text((350, row), "a heading that runs over both columns", 20, font, anchor="ms")
            continue
        pen.text((350 - gutter / 2, row), "left column text", 20, font, anchor="rs")
        pen.text((350 + gutter / 2, row), "right column text", 20, font, anchor="ls")
    return np.asarray(page)


def lines(rows: range = ROWS) -> list[FloatArray]:
    return [np.asarray(from_box(130, row - 22, 560, row + 7), np.float64) for row in rows]


def test_lines_across_a_gutter_are_cut_there() -> None:
    pieces = cut_at_gutters(drawn(40), lines())
    assert len(pieces) == 2 * len(ROWS)
    for left, right in zip(pieces[::2], pieces[1::2], strict=True):
        assert left[0, 0] == 130 and right[1, 0] == 560
        assert 330 <= left[1, 0] < right[0, 0] <= 370


def test_pages_that_lie_on_their_side_are_cut_as_well() -> None:
    turned = np.ascontiguousarray(np.rot90(drawn(40)))
    found = [np.stack([quad[:, 1], SIZE[0] - quad[:, 0]], axis=1) for quad in lines()]
    assert len(cut_at_gutters(turned, found)) == 2 * len(ROWS)


def test_a_heading_stays_whole_between_columns() -> None:
    found = lines()
    pieces = cut_at_gutters(drawn(40, across=len(ROWS) // 2), found)
    assert len(pieces) == 2 * len(ROWS) - 1
    assert np.array_equal(pieces[len(ROWS) - 1], found[len(ROWS) // 2])


@pytest.mark.parametrize(("gutter", "rows"), [(10, ROWS), (40, range(60, 180, 34))])
def test_spaces_between_words_are_no_gutters(gutter: float, rows: range) -> None:
    found = lines(rows)
    page = drawn(gutter, rows)
    page = np.concatenate([page[: rows[-1] + 20], drawn(0)[30:]])  # other text below
    pieces = cut_at_gutters(page, found)
    assert len(pieces) == len(found)
    assert all(np.array_equal(piece, quad) for piece, quad in zip(pieces, found, strict=True))


def test_a_page_without_lines_has_no_pieces() -> None:
    assert cut_at_gutters(drawn(40), []) == []
