"""What ``scripts/reading_order.py`` counts."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("fontTools", reason="training extra not installed")
sys.path.append(str(Path(__file__).parents[2] / "scripts"))

from reading_order import compare

from ocr.document import Block, Line, Page
from ocr.polygon import from_box


def page_of(*paragraphs: tuple[tuple[float, float], ...]) -> Page:
    blocks = [
        Block(tuple(Line("text", from_box(left, top, left + 300, top + 20)) for left, top in places))
        for places in paragraphs
    ]
    return Page(1, 1000, 1000, tuple(blocks))


def test_steps_are_those_from_a_line_to_the_next() -> None:
    rng = np.random.default_rng(0)
    assert compare(page_of(((50, 100), (50, 130), (50, 160))), rng).tolist() == [2, 2, 0, 0, 0]
    jumps = page_of(((50, 100), (50, 160), (50, 130)))
    assert compare(jumps, rng).tolist() == [0, 2, 0, 0, 0], "the label jumps, the order does not"
    assert compare(page_of(), rng).tolist() == [0] * 5


def test_block_ends_are_compared() -> None:
    rng = np.random.default_rng(0)
    above, below = ((50, 100), (50, 130)), ((50, 260), (50, 290), (50, 320))
    assert compare(page_of(above, below), rng).tolist() == [4, 4, 1, 1, 1]
    assert compare(page_of(above + below), rng).tolist() == [4, 4, 0, 1, 0]
