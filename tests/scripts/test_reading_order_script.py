"""What ``scripts/reading_order.py`` counts."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("fontTools", reason="training extra not installed")
sys.path.append(str(Path(__file__).parents[2] / "scripts"))

from reading_order import steps_kept

from ocr.document import Block, Line, Page
from ocr.polygon import from_box


def page_of(*places: tuple[float, float]) -> Page:
    lines = tuple(Line("text", from_box(left, top, left + 300, top + 20)) for left, top in places)
    return Page(1, 1000, 1000, (Block(lines),))


def test_steps_are_those_from_a_line_to_the_next() -> None:
    rng = np.random.default_rng(0)
    assert steps_kept(page_of((50, 100), (50, 130), (50, 160)), rng) == (2, 2, 1)
    assert steps_kept(page_of((50, 100), (50, 160), (50, 130)), rng) == (0, 2, 1), "the label jumps, the order does not"
    assert steps_kept(page_of(), rng) == (0, 0, 0)
