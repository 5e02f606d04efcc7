"""Orientation and skew of a page by the lines on it."""

from __future__ import annotations

import numpy as np
import pytest

from ocr.document import Line
from ocr.page_direction import orientation, skew
from ocr.polygon import as_polygon, from_box, transform


def line(text: str, angle: float, confidence: float = 1.0) -> Line:
    """A line turned clockwise by so many degrees."""
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    quad = transform(from_box(0, 0, 20 * len(text), 30), np.array([[cosine, -sine, 500], [sine, cosine, 500]]))
    return Line(text, as_polygon(quad), confidence)


@pytest.mark.parametrize(("angle", "quarter"), [(0, 0), (4, 0), (-4, 0), (86, 90), (180, 180), (-176, 180), (-92, 270)])
def test_a_page_is_turned_the_way_its_lines_run(angle: float, quarter: int) -> None:
    assert orientation([line("thirty characters in one line", angle)]) == (quarter, 1.0)


def test_a_few_turned_lines_do_not_turn_the_page() -> None:
    lines = [line("a long line of upright text on the page", 0), line("stamp aside", 90), line("unsure" * 9, 180, 0.1)]
    turned, sure = orientation(lines)
    assert turned == 0 and 0.3 < sure < 0.7


def test_two_halves_or_a_few_characters_are_not_sure() -> None:
    assert orientation([line("the same length", 0), line("the same length", 180)])[1] == 0
    assert orientation([line("page 7", 180)]) == (0, 0)
    assert orientation([]) == (0, 0)


@pytest.mark.parametrize("quarter", [0, 90, 180, 270])
@pytest.mark.parametrize("angle", [-3.5, 0.0, 1.25])
def test_skew_is_the_median_of_the_lines(angle: float, quarter: int) -> None:
    lines = [line("a line of usual length", angle + quarter + wobble) for wobble in (-0.2, 0, 0.2)]
    assert skew([*lines, line("x", quarter + 30)]) == pytest.approx(angle, abs=0.05)


def test_a_page_without_lines_is_level() -> None:
    assert skew([]) == 0
