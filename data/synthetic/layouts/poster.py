"""Shop pages, posters, covers, signs: few lines, large and small, on colour, dark and pictures; small print."""

from __future__ import annotations

import numpy as np

from ocr.data.synthetic import drawing
from ocr.data.synthetic.layouts.screen import contrast
from ocr.data.synthetic.lines import LineStyle
from ocr.data.synthetic.material import SMALLEST, Material
from ocr.data.synthetic.sheet import Align, Colour, Pen, Sheet
from ocr.data.synthetic.typesetting import Measure, fitting, set_paragraph


def draw(sheet: Sheet, material: Material) -> None:
    rng = sheet.rng
    top = 0.0
    while top < sheet.height - 60:
        height = min(sheet.height - top, sheet.height * rng.uniform(0.12, 0.6))
        _band(sheet, material, top, height, _colour(rng))
        top += height


def _colour(rng: np.random.Generator) -> Colour:
    if rng.uniform() < 0.55:
        level = int(rng.integers(228, 256))
        return (level, level, int(np.clip(level + rng.integers(-15, 5), 0, 255)))
    grey = rng.uniform(20, 250)  # most grounds are dull: a hue mixed with grey
    share = rng.choice((0.25, 0.45, 1.0), p=(0.5, 0.3, 0.2))
    return tuple(int(v) for v in grey + (rng.integers(0, 256, 3) - grey) * share)  # type: ignore[return-value]


def _band(sheet: Sheet, material: Material, top: float, height: float, ground: Colour) -> None:
    """One stripe of the page: a heading with text, a picture, or rows of label and value."""
    rng = sheet.rng
    drawing.fill(sheet, (0, top, sheet.width, top + height), ground)
    pad = sheet.width * rng.uniform(0.03, 0.1)
    kind = int(rng.choice(4, p=(0.45, 0.2, 0.2, 0.15)))
    ink = contrast(ground)
    if kind == 0:
        _heading(sheet, material, (pad, top, sheet.width - pad, top + height), ink)
    elif kind == 1:
        split = sheet.width * rng.uniform(0.35, 0.65)
        left_picture = rng.uniform() < 0.5
        picture, text = ((0, split), (split, sheet.width)) if left_picture else ((split, sheet.width), (0, split))
        drawing.picture(sheet, (picture[0] + pad / 2, top + pad / 2, picture[1] - pad / 2, top + height - pad / 2))
        _heading(sheet, material, (text[0] + pad / 2, top, text[1] - pad / 2, top + height), ink)
    elif kind == 2:
        _rows(sheet, material, (pad, top, sheet.width - pad, top + height), ink)
    else:
        drawing.picture(sheet, (0, top, sheet.width, top + height))
        _badge(sheet, material, pad, top, height)


def _heading(sheet: Sheet, material: Material, box: drawing.Box, ink: Colour) -> None:
    rng = sheet.rng
    left, top, right, bottom = box
    limit = min((right - left) / 4, (bottom - top) / 2.5)
    size = int(np.exp(rng.uniform(np.log(22), np.log(max(23, min(230, limit))))))
    tracking = float(rng.choice((0, 0, -0.03, 0.08)))
    head = Pen(material.face("any", fresh=True), size, _shade(rng, ink), LineStyle(tracking=tracking), 1.25)
    align: Align = "centre" if rng.uniform() < 0.6 else "left"
    sheet.new_block()
    measure = Measure(left, right - left, bottom - size * 0.3, align)
    baseline = set_paragraph(
        sheet, head, material.words(head.face, int(rng.integers(4, 40)))[:6], measure, top + size * 1.3
    )
    body = Pen(
        material.face("sans"), max(SMALLEST, int(min(size * 0.5, 34))), ink, leading=float(rng.uniform(1.3, 1.7))
    )
    while baseline < bottom - body.step * 2 and rng.uniform() < 0.8:
        sheet.new_block()
        measure = Measure(left, right - left, bottom - body.size * 0.5, align)
        words = material.words(body.face, int(rng.integers(15, 180)))
        baseline = set_paragraph(sheet, body, words, measure, baseline + body.size * 0.5) + body.step * 0.4


def _rows(sheet: Sheet, material: Material, box: drawing.Box, ink: Colour) -> None:
    """Product data: label at the left, value at the right, rules between."""
    rng = sheet.rng
    left, top, right, bottom = box
    pen = Pen(material.face("sans"), int(rng.uniform(14, 34)), ink, leading=1.35)
    column = (right - left) * rng.uniform(0.22, 0.4)
    ruled = rng.uniform() < 0.5
    baseline = top + pen.size * 1.6
    while baseline < bottom - pen.size * 0.6:
        sheet.new_block()
        sheet.write(pen, fitting(pen, material.phrase(pen.face, 12), column - pen.size), left, baseline)
        sheet.new_block()
        measure = Measure(left + column, right - left - column, min(bottom - pen.size * 0.4, baseline + pen.step * 3))
        value = (
            material.words(pen.face, int(rng.integers(4, 90)))
            if rng.uniform() < 0.6
            else material.string(pen.face, 22).split()
        )
        baseline = max(set_paragraph(sheet, pen, value, measure, baseline), baseline + pen.step)
        if ruled and baseline < bottom - pen.size:
            y = baseline - pen.size * 0.7
            drawing.rule(sheet, (left, y), (right, y), 1, (170, 170, 170))
            baseline += pen.size * 0.8


def _badge(sheet: Sheet, material: Material, pad: float, top: float, height: float) -> None:
    """A filled label with a short word upon a picture."""
    rng = sheet.rng
    size = int(min(90, max(16, height * rng.uniform(0.08, 0.25))))
    ground = _colour(rng)
    pen = Pen(material.face("any", fresh=True), size, contrast(ground))
    text = fitting(pen, material.phrase(pen.face, 16), sheet.width * 0.7)
    width = pen.width(text) + size * 1.4
    left = pad + rng.uniform(0, 1) * max(0.0, sheet.width - 2 * pad - width)
    y = top + rng.uniform(0.1, 0.5) * height
    if not text or y + size * 2 > top + height:
        return
    drawing.fill(sheet, (left, y, left + width, y + size * 1.8), ground, radius=float(rng.choice((0, 8, size))))
    sheet.new_block()
    sheet.write(pen, text, left + width / 2, y + size * 1.22, "centre")


def _shade(rng: np.random.Generator, ink: Colour) -> Colour:
    """The ink, or a colour of the same lightness."""
    if rng.uniform() < 0.5:
        return ink
    low, high = (170, 256) if ink[0] > 128 else (0, 130)
    return tuple(int(v) for v in rng.integers(low, high, 3))  # type: ignore[return-value]
