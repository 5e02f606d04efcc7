"""Boxes that hold two rows of text."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import ocr
from ocr.models.two_stage.reader import TwoStageReader
from ocr.models.two_stage.rectify import ShrunkPage
from ocr.models.two_stage.stacked_rows import split_across, split_place
from ocr.polygon import FloatArray, from_box


def drawn(*rows: str, size: int = 26) -> NDArray[np.uint8]:
    page = Image.new("L", (300, 120), 255)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size)
    for number, text in enumerate(rows):
        pen.text((100, 44 + 30 * number), text, 0, font, anchor="ls")
    return np.asarray(page)


def box(rows: int) -> FloatArray:
    return np.asarray(from_box(92, 20, 200, 20 + 30 * rows), np.float64)


@pytest.mark.parametrize("rows", [("TAR", "9.1"), ("Total", "35+"), ("a", "b")])
def test_two_rows_are_told_apart_by_the_ground_between_them(rows: tuple[str, str]) -> None:
    place = split_place(ShrunkPage(drawn(*rows)), box(2))
    assert place is not None
    upper, lower = split_across(box(2), place)
    assert 44 <= upper[2, 1] == lower[0, 1] <= 56
    assert (upper[:2] == box(2)[:2]).all() and (lower[2:] == box(2)[2:]).all()


@pytest.mark.parametrize("text", ["TAR", "Total", "#§&", ""])
def test_a_single_row_is_left_whole(text: str) -> None:
    assert split_place(ShrunkPage(drawn(text)), box(1)) is None


def test_rows_that_the_detector_joined_are_read_one_by_one() -> None:
    model = ocr.load().model
    reader = getattr(model, "doubting", model)
    assert isinstance(reader, TwoStageReader)
    page = drawn("TAR", "9.1")
    single = [np.asarray(from_box(0, 60 + i, 40, 120), np.float64) for i in range(3)]  # no lower than the rows
    lines = reader._read_quads(ShrunkPage(page), [box(2), *single], (300, 120))
    assert [line.text for line in lines if line is not None] == ["TAR", "9.1"]
