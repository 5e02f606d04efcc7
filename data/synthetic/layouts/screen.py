"""Screens: windows, web pages, phone apps, terminals; coloured and dark areas, buttons, menus, inverse text, icons."""

from __future__ import annotations

import numpy as np

from ocr.data.synthetic import drawing
from ocr.data.synthetic.material import SMALLEST, Material
from ocr.data.synthetic.sheet import Colour, Pen, Sheet
from ocr.data.synthetic.typesetting import Measure, fitting, set_paragraph


def draw(sheet: Sheet, material: Material) -> None:
    rng = sheet.rng
    dark = bool(rng.uniform() < 0.4)
    ground, ink, accent = _palette(rng, dark)
    drawing.fill(sheet, (0, 0, sheet.width, sheet.height), ground)
    size = int(rng.uniform(15, 30) * max(1.0, sheet.width / 1400))
    if rng.uniform() < 0.2:
        _terminal(sheet, material, Pen(material.face("typewriter"), size, ink, leading=1.25))
        return
    pen = Pen(material.face("screen"), size, ink, leading=float(rng.uniform(1.3, 1.7)))
    top = _bar(sheet, material, pen, accent)
    left = 0.0
    if rng.uniform() < 0.5 and sheet.width > sheet.height:
        left = _side_menu(sheet, material, pen, top, accent)
    pad = pen.size * rng.uniform(0.8, 2)
    columns = int(rng.integers(1, 4)) if sheet.width > sheet.height else int(rng.integers(1, 3))
    width = (sheet.width - left - pad) / columns
    for column in range(columns):
        y = top + pad
        while y < sheet.height - pen.size * 6:
            y = _card(sheet, material, pen, left + pad + column * width, y, width - pad, accent) + pad


def contrast(colour: Colour) -> Colour:
    """Black or white, whichever is seen better on the colour."""
    return (255, 255, 255) if 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2] < 140 else (15, 15, 15)


def _palette(rng: np.random.Generator, dark: bool) -> tuple[Colour, Colour, Colour]:
    base = int(rng.integers(0, 55)) if dark else int(rng.integers(225, 256))
    ground = tuple(int(v) for v in np.clip(base + rng.integers(-12, 13, 3), 0, 255))
    level = int(rng.integers(190, 256)) if dark else int(rng.integers(0, 90))
    ink = tuple(int(v) for v in np.clip(level + rng.integers(-25, 26, 3), 0, 255))
    accent = tuple(int(v) for v in rng.integers(0, 256, 3))
    return ground, ink, accent  # type: ignore[return-value]


def _bar(sheet: Sheet, material: Material, pen: Pen, accent: Colour) -> float:
    """Title bar with a name and a few menu words; the y below it."""
    rng = sheet.rng
    height = pen.size * rng.uniform(1.8, 3.2)
    drawing.fill(sheet, (0, 0, sheet.width, height), accent)
    written = Pen(pen.face, pen.size, contrast(accent))
    x, baseline = pen.size * 1.0, height / 2 + pen.size * 0.35
    if rng.uniform() < 0.6:
        radius = pen.size * 0.5
        drawing.logo(sheet, (x, height / 2 - radius, x + 2 * radius, height / 2 + radius), written.colour)
        x += pen.size * 1.6
    for _ in range(int(rng.integers(1, 7))):
        text = material.phrase(written.face, int(rng.integers(4, 18)))
        if x + written.width(text) > sheet.width - pen.size:
            break
        sheet.new_block()
        line = sheet.write(written, text, x, baseline)
        x = (line.right if line else x) + pen.size * rng.uniform(1.4, 3)
    return height


def _side_menu(sheet: Sheet, material: Material, pen: Pen, top: float, accent: Colour) -> float:
    rng = sheet.rng
    width = sheet.width * rng.uniform(0.14, 0.24)
    shade: Colour = tuple(int(v * 0.35 + 30) for v in accent) if rng.uniform() < 0.5 else (236, 238, 241)  # type: ignore[assignment]
    drawing.fill(sheet, (0, top, width, sheet.height), shade)
    written = Pen(pen.face, max(SMALLEST, int(pen.size * 0.92)), contrast(shade))
    y = top + pen.step * 1.4
    chosen = int(rng.integers(12))
    for row in range(int(rng.integers(4, 18))):
        if y > sheet.height - pen.step:
            break
        colour = written.colour
        if row == chosen:
            drawing.fill(sheet, (0, y - pen.size * 1.2, width, y + pen.size * 0.6), accent)
            colour = contrast(accent)
        sheet.new_block()
        sheet.write(
            Pen(written.face, written.size, colour),
            fitting(written, material.phrase(written.face, 20), width - pen.size * 2),
            pen.size,
            y,
        )
        y += pen.step * rng.uniform(1.2, 1.5)
    return width


def _card(sheet: Sheet, material: Material, pen: Pen, left: float, top: float, width: float, accent: Colour) -> float:
    """Heading, text, picture, fields or buttons; the y below."""
    rng = sheet.rng
    y = top
    if rng.uniform() < 0.25 and width > 60:
        height = min(width * rng.uniform(0.3, 0.7), sheet.height - top - pen.size * 4)
        drawing.picture(sheet, (left, y, left + width, y + height))
        y += height + pen.size * 0.6
    if rng.uniform() < 0.6:
        head = Pen(pen.face, int(pen.size * rng.uniform(1.1, 2.2)), pen.colour, leading=1.2)
        sheet.new_block()
        measure = Measure(left, width, sheet.height - pen.size * 2)
        y = set_paragraph(sheet, head, material.words(head.face, int(rng.integers(8, 40)))[:8], measure, y + head.size)
    if rng.uniform() < 0.75:
        sheet.new_block()
        measure = Measure(left, width, min(sheet.height - pen.size, y + pen.step * 9))
        y = set_paragraph(sheet, pen, material.words(pen.face, int(rng.integers(20, 260))), measure, y + pen.size)
    for _ in range(int(rng.integers(0, 4))):
        if y > sheet.height - pen.size * 4:
            break
        y = _control(sheet, material, pen, left, y, width, accent)
    return y + pen.size * 0.5


def _control(
    sheet: Sheet, material: Material, pen: Pen, left: float, top: float, width: float, accent: Colour
) -> float:
    """A button, a text field or a labelled value."""
    rng = sheet.rng
    height = pen.size * rng.uniform(1.8, 2.6)
    kind = int(rng.integers(3))
    wide = min(width, pen.size * rng.uniform(5, 14))
    baseline = top + height / 2 + pen.size * 0.35
    sheet.new_block()
    if kind == 0:
        drawing.fill(
            sheet, (left, top, left + wide, top + height), accent, radius=float(rng.choice((0, 4, height / 2)))
        )
        label = Pen(pen.face, pen.size, contrast(accent))
        sheet.write(
            label, fitting(label, material.phrase(pen.face, 14), wide - pen.size), left + wide / 2, baseline, "centre"
        )
    elif kind == 1:
        drawing.frame(
            sheet, (left, top, left + width, top + height), 1, (150, 150, 150), radius=float(rng.choice((0, 5)))
        )
        sheet.write(
            pen, fitting(pen, material.string(pen.face, 26), width - pen.size * 1.2), left + pen.size * 0.6, baseline
        )
    else:
        line = sheet.write(pen, fitting(pen, material.phrase(pen.face, 14), width * 0.5), left, baseline)
        value = fitting(pen, material.number(pen.face), width - (line.right - left if line else 0) - pen.size)
        sheet.new_block()
        sheet.write(pen, value, left + width, baseline, "right")
    return top + height * 1.15


def _terminal(sheet: Sheet, material: Material, pen: Pen) -> None:
    """Rows of a console or an editor."""
    rng = sheet.rng
    y = pen.step * 1.5
    while y < sheet.height - pen.step:
        if rng.uniform() < 0.85:
            text = material.string(pen.face, int(rng.integers(5, 80)))
            indent = pen.size * 0.6 * int(rng.choice((0, 0, 2, 4, 8)))
            colour = (
                pen.colour
                if rng.uniform() < 0.7
                else tuple(int(v) for v in (np.array(pen.colour) + rng.integers(-70, 70, 3)).clip(0, 255))
            )
            shown = Pen(pen.face, pen.size, colour)  # type: ignore[arg-type]
            sheet.write(shown, fitting(shown, text, sheet.width - pen.size * 2 - indent), pen.size + indent, y)
        else:
            sheet.new_block()
        y += pen.step
