"""Reading order of hand-made layouts."""

from __future__ import annotations

import numpy as np

from ocr.models.reading_order import bands, candidates, is_column_band, order_lines, straighten
from ocr.polygon import FloatArray, from_box

Quad = FloatArray


def line(left: float, top: float, width: float, height: float = 20) -> Quad:
    return np.asarray(from_box(left, top, left + width, top + height))


def flat(blocks: list[list[int]]) -> list[int]:
    return [index for block in blocks for index in block]


def shuffled(quads: list[Quad], seed: int = 0) -> tuple[list[Quad], list[int]]:
    """Quads in random order and where each of them came from."""
    order = np.random.default_rng(seed).permutation(len(quads)).tolist()
    return [quads[index] for index in order], order


def assert_read_as_given(quads: list[Quad]) -> None:
    """The quads are listed in reading order."""
    for seed in range(3):
        mixed, order = shuffled(quads, seed)
        assert [order[index] for index in flat(order_lines(mixed))] == list(range(len(quads)))


def turn(quads: list[Quad], degrees: float) -> list[Quad]:
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return [quad @ matrix for quad in quads]


ONE_COLUMN = [line(100, 100 + 30 * row, 600) for row in range(10)]
LEFT = [line(100, 200 + 30 * row, 380) for row in range(8)]
RIGHT = [line(520, 205 + 30 * row, 380) for row in range(8)]


def test_nothing() -> None:
    assert order_lines([]) == []


def test_one_column() -> None:
    assert_read_as_given(ONE_COLUMN)
    assert len(order_lines(ONE_COLUMN)) == 1


def test_paragraphs_are_blocks() -> None:
    quads = [line(100, 100 + 30 * row + 40 * (row // 4), 600) for row in range(12)]
    assert order_lines(quads) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


def test_a_line_that_is_set_in_begins_a_paragraph() -> None:
    lines = [line(70 if row in (0, 3, 7) else 40, 30 * row, 500 if row not in (2, 6) else 200) for row in range(9)]
    assert order_lines(lines) == [[0, 1, 2], [3, 4, 5, 6], [7, 8]]


def test_lists_quotations_and_centred_lines_are_not_cut_up() -> None:
    quotation = [line(80 if row in (3, 4, 5) else 40, 30 * row, 500) for row in range(9)]
    centred = [line(40 + 35 * (row % 4), 30 * row, 500 - 70 * (row % 4)) for row in range(9)]
    for lines in (quotation, centred):
        assert order_lines(lines) == [list(range(9))]


def test_two_columns() -> None:
    assert_read_as_given(LEFT + RIGHT)


def test_three_columns() -> None:
    quads = [line(100 + 320 * column, 200 + 30 * row, 280) for column in range(3) for row in range(8)]
    assert_read_as_given(quads)


def test_a_page_number_below_the_columns_comes_last() -> None:
    middle = [line(100 + 320 * column, 200 + 30 * row, 280) for column in range(3) for row in range(8)]
    assert_read_as_given([*middle, line(540, 520, 40)])


def test_the_last_line_of_a_column_stays_with_it() -> None:
    assert_read_as_given([*LEFT, line(100, 470, 200), *RIGHT])  # one line was left out


def test_three_narrow_columns() -> None:
    widths = [130, 150, 95, 145, 140, 70, 150, 138, 149, 120, 152, 90]  # six to seven heights
    assert_read_as_given(
        [line(100 + 200 * column, 200 + 25 * row, width) for column in range(3) for row, width in enumerate(widths)]
    )


def test_narrow_cells_of_many_rows_are_read_across() -> None:
    for pitch, short in ((25, 60), (30, 130)):  # of all lengths, or further apart than lines of a text
        rows = [
            (line(100, 200 + pitch * row, 130), line(320, 200 + pitch * row, 130 if row % 3 == 0 else short))
            for row in range(12)
        ]
        assert_read_as_given([cell for row in rows for cell in row])


def test_lines_that_reach_into_the_gutter_do_not_end_the_columns() -> None:
    ragged = [line(520 - 36 * (row == 3), 205 + 30 * row, 380 + 36 * (row == 3)) for row in range(8)]
    assert_read_as_given([*LEFT, *ragged])
    assert_read_as_given([*(line(100, 200 + 30 * row, 380 + 30 * (row == 4)) for row in range(8)), *RIGHT])


def test_heading_over_two_columns() -> None:
    assert_read_as_given([line(200, 100, 600, 40), *LEFT, *RIGHT])


def test_headings_between_columns() -> None:
    below = [np.add(quad, (0, 400)) for quad in LEFT + RIGHT]
    assert_read_as_given([line(200, 100, 600, 40), *LEFT, *RIGHT, line(150, 520, 700, 40), *below])


def test_columns_of_different_length() -> None:
    assert_read_as_given(LEFT + RIGHT[:4] + [line(100, 480, 800)])


def test_receipt_rows_are_read_across() -> None:
    rows = []
    for row in range(8):
        rows += [line(50, 100 + 32 * row, 240 + 10 * (row % 3)), line(500, 102 + 32 * row, 70)]
    assert_read_as_given([line(150, 40, 300, 30), *rows, line(60, 400, 400)])


def test_table_rows_are_read_across() -> None:
    assert_read_as_given([line(50 + 200 * column, 100 + 40 * row, 90) for row in range(6) for column in range(5)])


def test_a_tilted_page() -> None:
    assert_read_as_given(turn(LEFT + RIGHT, 7))


def test_a_page_on_its_head_or_its_side() -> None:
    for degrees in (90, 180, 270):
        assert_read_as_given(turn(LEFT + RIGHT, degrees))


def test_vertical_running_text_comes_last() -> None:
    side = np.array([(40.0, 700.0), (40.0, 100.0), (60.0, 100.0), (60.0, 700.0)])
    assert order_lines([side, *ONE_COLUMN]) == [list(range(1, 11)), [0]]


def test_letter_with_date_at_the_right() -> None:
    assert_read_as_given(
        [line(600, 50, 150), line(100, 120, 180), line(100, 150, 220), *[np.add(q, (0, 150)) for q in ONE_COLUMN]]
    )


def test_no_cut_between_columns_is_left_out() -> None:
    rng = np.random.default_rng(5)
    found = 0
    for number in range(60):
        count = int(rng.integers(6, 24))
        quads = [line(rng.choice([100, 420]), 30 * i, rng.uniform(40, 300)) for i in range(count)]
        boxes = straighten(np.stack(quads), 0.0)
        lines = np.arange(count)
        kept = set(candidates(boxes, lines).tolist())
        for x in set((boxes.left - boxes.height / 4).tolist()) - kept:
            assert not any(is_column_band(boxes, band, x) for band, _ in bands(boxes, lines, x)), number
        found += bool(kept)
    assert found > 10
