"""Lists, contents with dot leaders, indexes, dialogues: short lines with numbers, bullets and deep indents."""

from __future__ import annotations

from ocr.data.synthetic import drawing
from ocr.data.synthetic.material import Material
from ocr.data.synthetic.sheet import Pen, Sheet
from ocr.data.synthetic.typefaces import Kind
from ocr.data.synthetic.typesetting import Measure, fitting, set_paragraph

BULLETS = ("•", "-", "–", "*", "▪", "○", "■", "·", "※", "▶", "+", ">")


def draw(sheet: Sheet, material: Material) -> None:
    rng = sheet.rng
    kinds: tuple[Kind, ...] = ("book", "sans", "sans", "typewriter")
    size = int(sheet.width / 1240 * rng.uniform(18, 34))
    pen = material.pen(material.choice(kinds), size, leading=float(rng.uniform(1.2, 1.9)))
    margin = sheet.width * rng.uniform(0.07, 0.16)
    bottom = sheet.height * rng.uniform(0.86, 0.95)
    baseline = sheet.height * rng.uniform(0.05, 0.12)
    while baseline < bottom - pen.step * 3:
        baseline = _heading(sheet, material, pen, margin, baseline)
        part = (_items, _contents, _pairs)[int(rng.choice(3, p=(0.55, 0.25, 0.2)))]
        baseline = part(sheet, material, pen, margin, baseline, bottom) + pen.step * rng.uniform(0.3, 1.2)


def _heading(sheet: Sheet, material: Material, pen: Pen, margin: float, baseline: float) -> float:
    rng = sheet.rng
    head = Pen(
        material.face("sans") if rng.uniform() < 0.5 else pen.face, int(pen.size * rng.uniform(1, 2.2)), leading=1.4
    )
    text = fitting(head, material.phrase(head.face, 36), sheet.width - 2 * margin)
    sheet.new_block(heading=2)
    centred = rng.uniform() < 0.3
    x, align = (sheet.width / 2, "centre") if centred else (margin, "left")
    sheet.write(head, text.upper() if rng.uniform() < 0.3 else text, x, baseline + head.size, align)  # type: ignore[arg-type]
    return baseline + head.size + head.step


def _items(sheet: Sheet, material: Material, pen: Pen, margin: float, baseline: float, bottom: float) -> float:
    """Bulleted or numbered items, some two levels deep, their marks set apart or in the line."""
    rng = sheet.rng
    style = int(rng.integers(4))
    marks = [mark for mark in BULLETS if pen.face.draws(mark)] or ["-"]
    bullet = material.choice(marks)
    apart = bool(rng.uniform() < 0.4)
    for number in range(1, int(rng.integers(3, 14))):
        if baseline > bottom:
            break
        letter = chr(96 + number)
        mark = (bullet, f"{number}.", f"({number})", f"{letter})")[style]
        level = pen.size * 2 * (rng.uniform() < 0.2)
        hang = pen.width(mark) + pen.size * (1.5 if apart else 0.4)
        measure = Measure(margin + level, sheet.width - 2 * margin - level, bottom, hanging=hang)
        words = material.words(pen.face, int(rng.integers(10, 200)))
        sheet.new_block()
        if apart and hang - pen.width(mark) > pen.size:
            sheet.write(pen, mark, margin + level, baseline)
            measure = Measure(margin + level + hang, measure.width - hang, bottom)
        else:
            words = [mark, *words]
        baseline = set_paragraph(sheet, pen, words, measure, baseline) + pen.step * 0.15
    return baseline


def _contents(sheet: Sheet, material: Material, pen: Pen, margin: float, baseline: float, bottom: float) -> float:
    """Titles with page numbers at the right; between them dots, which are ink but belong to no label, or nothing."""
    rng = sheet.rng
    right = sheet.width - margin
    dotted = bool(rng.uniform() < 0.7)
    page = int(rng.integers(1, 30))
    for number in range(1, int(rng.integers(4, 20))):
        if baseline > bottom:
            break
        indent = pen.size * 1.5 * int(rng.integers(0, 3))
        title = fitting(pen, f"{number}. {material.phrase(pen.face, 40)}", right - margin - indent - pen.size * 5)
        sheet.new_block()
        line = sheet.write(pen, title, margin + indent, baseline)
        page += int(rng.integers(0, 15))
        last = sheet.write(pen, str(page), right, baseline, "right")
        if line and last and dotted:
            start, stop = line.right + pen.size * 0.4, float(last.outline[0, 0]) - pen.size * 0.4
            drawing.dot_leader(sheet, start, stop, baseline - pen.size / 20, pen.size)
        baseline += pen.step
    return baseline


def _pairs(sheet: Sheet, material: Material, pen: Pen, margin: float, baseline: float, bottom: float) -> float:
    """Terms at the left with explanations indented, as in glossaries and dialogues."""
    rng = sheet.rng
    column = (sheet.width - 2 * margin) * rng.uniform(0.15, 0.3)
    for _ in range(int(rng.integers(2, 9))):
        if baseline > bottom:
            break
        sheet.new_block()
        sheet.write(pen, fitting(pen, material.phrase(pen.face, 14), column - pen.size), margin, baseline)
        sheet.new_block()
        measure = Measure(margin + column, sheet.width - 2 * margin - column, bottom)
        words = material.words(pen.face, int(rng.integers(20, 220)))
        baseline = set_paragraph(sheet, pen, words, measure, baseline) + pen.step * 0.3
    return baseline
