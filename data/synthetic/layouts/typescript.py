"""Typewritten pages: fixed pitch, ragged right, uneven keys, overstrikes, underlined headings, a number at the head."""

from __future__ import annotations

import numpy as np

from ocr.data.synthetic import drawing, ink
from ocr.data.synthetic.lines import LineStyle
from ocr.data.synthetic.material import Material
from ocr.data.synthetic.sheet import Colour, Pen, Sheet
from ocr.data.synthetic.typesetting import Measure, break_lines


def draw(sheet: Sheet, material: Material) -> None:
    rng = sheet.rng
    pen = _pen(sheet, material)
    left = sheet.width * rng.uniform(0.08, 0.2)
    width = sheet.width * rng.uniform(0.86, 0.97) - left
    bottom = sheet.height * rng.uniform(0.85, 0.97)
    baseline = sheet.height * rng.uniform(0.04, 0.14)
    if rng.uniform() < 0.6:
        sheet.new_block()
        number = int(rng.integers(1, 99))
        sheet.write(
            pen, material.choice((f"- {number} -", f"-{number}-", str(number))), sheet.width / 2, baseline, "centre"
        )
        baseline += pen.step * rng.uniform(1.5, 3)
    if rng.uniform() < 0.35:
        baseline = _head(sheet, material, pen, left, width, baseline)
    indent = pen.size * 0.6 * float(rng.choice((0, 3, 5, 5, 8)))
    gap = pen.step * float(rng.choice((0, 0, 0.5, 1)))
    end = bottom if rng.uniform() < 0.7 else baseline + (bottom - baseline) * rng.uniform(0.1, 0.9)
    while baseline < end:
        if rng.uniform() < 0.12:
            baseline = _heading(sheet, material, pen, left, width, baseline)
        inset = width * rng.uniform(0.05, 0.25) if rng.uniform() < 0.1 else 0.0
        baseline = (
            _paragraph(sheet, material, pen, Measure(left + inset, width - inset, end, indent=indent), baseline) + gap
        )
    if rng.uniform() < 0.5:  # a fresh ribbon prints fat
        sheet.image = ink.bleed(sheet.image, rng, float(rng.uniform(0.2, 0.9)), pen.size / 22)
    if end < bottom - pen.step * 5:
        _close(sheet, material, pen, left, width, end, bottom)


def _pen(sheet: Sheet, material: Material) -> Pen:
    """Pica or elite: ten or twelve characters an inch, here 60 to 95 a page's width; ink black to blue or faded."""
    rng = sheet.rng
    face = material.face("typewriter")
    size = max(14, int(sheet.width / rng.uniform(58, 96) / 0.6))
    advance = face.at(size).glyph("n").advance / size
    style = LineStyle(tracking=float(rng.normal(0, 0.01)), jitter=float(rng.uniform(0, 0.022)))
    if abs(advance - 0.6) > 0.12:
        style = LineStyle(pitch=0.6 if not material.korean else 0.5, jitter=style.jitter)
    grey = int(rng.choice((0, 0, 30, 60)))
    colour: Colour = (grey, grey, grey) if rng.uniform() < 0.85 else (50, 45, 110)
    leading = float(rng.choice((1.0, 1.15, 1.3, 1.6, 2.1))) * 1.03
    return Pen(face, size, colour, style, leading, wear=float(rng.uniform(0, 0.75)))


def _paragraph(sheet: Sheet, material: Material, pen: Pen, measure: Measure, baseline: float) -> float:
    """As set_paragraph, with a typist's accidents."""
    rng = sheet.rng
    sheet.new_block()
    words = material.words(pen.face, int(rng.integers(80, 900)))
    clumsy = float(rng.choice((0, 0, 0.02, 0.06)))
    for number, line in enumerate(break_lines(words, pen, measure, rng)):
        if baseline > measure.bottom:
            break
        x = measure.left + (measure.indent if number == 0 else measure.hanging)
        struck = frozenset(np.flatnonzero(rng.uniform(size=len(line)) < clumsy / 2).tolist()) if clumsy else frozenset()
        drift = rng.normal(0, 0.04) * pen.size
        set_line = sheet.write(pen, " ".join(line), x, baseline + drift, struck=struck)
        if set_line and rng.uniform() < clumsy:
            _retouch(sheet, pen, set_line.chars)
        if set_line and rng.uniform() < 0.015:
            _underline(sheet, pen, set_line.words[0])
        baseline += pen.step
    return baseline


def _retouch(sheet: Sheet, pen: Pen, chars: np.ndarray) -> None:
    """One letter typed upon another; the label keeps the one below, which stays the darker."""
    quad = chars[int(sheet.rng.integers(len(chars)))]
    glyph = pen.face.at(pen.size).glyph("abcdeghiknorstu"[int(sheet.rng.integers(15))])
    left, bottom = round(float(quad[0, 0])), round(float(quad[2, 1]))
    height, width = glyph.mask.shape
    region = sheet.image[bottom - height : bottom, left : left + width]
    if region.shape[:2] == glyph.mask.shape and region.ndim == 2:
        np.minimum(region, 255 - (glyph.mask * sheet.rng.uniform(0.2, 0.55)).astype(np.uint8), out=region)


def _underline(sheet: Sheet, pen: Pen, quad: np.ndarray) -> None:
    y = float(quad[2, 1]) + pen.size * 0.02
    drawing.rule(sheet, (float(quad[0, 0]), y), (float(quad[1, 0]), y), pen.size / 14, pen.colour)


def _heading(sheet: Sheet, material: Material, pen: Pen, left: float, width: float, baseline: float) -> float:
    sheet.new_block(heading=2)
    baseline += pen.step * 0.5
    text = material.phrase(pen.face, int(sheet.rng.integers(8, 40)))
    text = text.upper() if sheet.rng.uniform() < 0.4 else text
    centred = sheet.rng.uniform() < 0.4
    spaced = Pen(pen.face, pen.size, pen.colour, LineStyle(tracking=0.5), pen.leading, pen.wear)
    chosen = spaced if sheet.rng.uniform() < 0.15 and spaced.width(text) < width and not pen.style.pitch else pen
    line = sheet.write(chosen, text, left + width / 2 if centred else left, baseline, "centre" if centred else "left")
    if line and sheet.rng.uniform() < 0.7:
        _underline(sheet, pen, line.outline)
    return baseline + pen.step * 1.5


def _head(sheet: Sheet, material: Material, pen: Pen, left: float, width: float, baseline: float) -> float:
    """Place and date at the right, then the addressee at the left."""
    sheet.new_block()
    sheet.write(pen, f"{material.phrase(pen.face, 12)}, {material.number(pen.face)}", left + width, baseline, "right")
    baseline += pen.step * sheet.rng.uniform(1.5, 3)
    sheet.new_block()
    for _ in range(int(sheet.rng.integers(1, 5))):
        sheet.write(pen, material.phrase(pen.face, 30), left, baseline)
        baseline += pen.step
    return baseline + pen.step


def _close(
    sheet: Sheet, material: Material, pen: Pen, left: float, width: float, baseline: float, bottom: float
) -> None:
    """A signature with a name under it, and perhaps reference initials, a stamp, a note in pencil."""
    rng = sheet.rng
    x = left + width * rng.uniform(0.3, 0.65)
    baseline += pen.step
    sheet.new_block()
    sheet.write(pen, material.phrase(pen.face, 18) + ",", x, baseline)
    if rng.uniform() < 0.8:
        drawing.signature(sheet, x, baseline + pen.step * 1.6, pen.size * rng.uniform(1.2, 2.6))
    sheet.write(pen, material.phrase(pen.face, 22).title(), x, baseline + pen.step * 3)
    if rng.uniform() < 0.5 and baseline + pen.step * 5 < bottom:
        sheet.new_block()
        sheet.write(pen, material.code(pen.face), left, baseline + pen.step * 5)
