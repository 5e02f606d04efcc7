"""Reports, magazines, papers: a title, one to three columns of paragraphs, headings, pictures with captions."""

from __future__ import annotations

from dataclasses import replace

from ocr.data.synthetic import drawing
from ocr.data.synthetic.material import SMALLEST, Material
from ocr.data.synthetic.sheet import Align, Pen, Sheet
from ocr.data.synthetic.typesetting import Measure, fitting, set_paragraph


def draw(sheet: Sheet, material: Material) -> None:
    rng = sheet.rng
    margin = sheet.width * rng.uniform(0.05, 0.13)
    size = int(sheet.width / 1240 * rng.choice((17, 19, 21, 23, 25, 28, 32)) * rng.uniform(0.9, 1.15))
    kind = material.choice(("book", "book", "sans"))
    body = material.pen("book" if kind == "book" else "sans", size, leading=float(rng.uniform(1.12, 1.6)))
    top = sheet.height * rng.uniform(0.04, 0.1)
    top = _running_head(sheet, material, body, margin, top)
    if rng.uniform() < 0.6:
        top = _title(sheet, material, body, margin, top)
    columns = int(rng.choice((1, 2, 3), p=(0.4, 0.45, 0.15))) if size * 26 < sheet.width else 1
    gutter = size * rng.uniform(1.2, 2.4)
    width = (sheet.width - 2 * margin - gutter * (columns - 1)) / columns
    bottom = sheet.height * rng.uniform(0.88, 0.94)
    justify = bool(rng.uniform() < 0.6)
    for column in range(columns):
        left = margin + column * (width + gutter)
        if column and rng.uniform() < 0.15:
            drawing.rule(sheet, (left - gutter / 2, top), (left - gutter / 2, bottom))
        measure = Measure(left, width, bottom, justify=justify, indent=size * rng.choice((0, 1.5)), hyphenate=justify)
        end = bottom if column < columns - 1 or rng.uniform() < 0.7 else top + (bottom - top) * rng.uniform(0.2, 1)
        _column(sheet, material, body, measure, top + size, end)
    _foot(sheet, material, body, margin)


def _running_head(sheet: Sheet, material: Material, body: Pen, margin: float, top: float) -> float:
    rng = sheet.rng
    if rng.uniform() < 0.5:
        return top
    small = Pen(body.face, max(SMALLEST, int(body.size * 0.8)))
    sheet.new_block()
    head = material.phrase(small.face, 40)
    sheet.write(small, head.upper() if rng.uniform() < 0.3 else head, margin, top)
    if rng.uniform() < 0.6:
        sheet.write(small, str(int(rng.integers(1, 900))), sheet.width - margin, top, "right")
    if rng.uniform() < 0.5:
        drawing.rule(sheet, (margin, top + small.size * 0.5), (sheet.width - margin, top + small.size * 0.5))
    return top + small.step * 1.8


def _title(sheet: Sheet, material: Material, body: Pen, margin: float, top: float) -> float:
    rng = sheet.rng
    kind = material.choice(("sans", "book", "any"))
    pen = material.pen(
        "any" if kind == "any" else "sans", int(body.size * rng.uniform(1.6, 3.6)), leading=1.25, fresh=True
    )
    colour = (int(rng.integers(0, 130)), int(rng.integers(0, 100)), int(rng.integers(0, 160)))
    pen = Pen(pen.face, pen.size, colour if sheet.colour else (0, 0, 0), leading=1.2)
    align: Align = "centre" if rng.uniform() < 0.5 else "left"
    measure = Measure(margin, sheet.width - 2 * margin, top + pen.step * 3.2, align)
    sheet.new_block(heading=1)
    top = set_paragraph(sheet, pen, material.words(pen.face, int(rng.integers(8, 60))), measure, top + pen.size)
    if rng.uniform() < 0.6:
        sheet.new_block()
        x = sheet.width / 2 if align == "centre" else margin
        sheet.write(body, material.phrase(body.face, 30), x, top, align)
        top += body.step * 1.5
    return top + body.size * 0.5


def _column(sheet: Sheet, material: Material, body: Pen, measure: Measure, baseline: float, end: float) -> None:
    rng = sheet.rng
    face = material.face("sans") if rng.uniform() < 0.4 else body.face
    heading = Pen(face, int(body.size * rng.uniform(1.0, 1.5)), leading=1.3)
    gap = body.step * float(rng.choice((0, 0.5, 1)))
    while baseline < end:
        drawn = rng.uniform()
        if drawn < 0.09 and end - baseline > body.size * 14:
            baseline = _figure(sheet, material, body, measure, baseline, end)
        elif drawn < 0.25 and end - baseline > body.step * 4:
            sheet.new_block(heading=2)
            text = fitting(heading, material.phrase(heading.face, 34), measure.width)
            if text:
                baseline += body.step * 0.6
                sheet.write(heading, text, measure.left, baseline)
                baseline += heading.step * 1.1
        sheet.new_block()
        words = material.words(body.face, int(rng.integers(60, 700)))
        narrowed = replace(measure, bottom=min(end, measure.bottom))
        baseline = set_paragraph(sheet, body, words, narrowed, baseline) + gap


def _figure(sheet: Sheet, material: Material, body: Pen, measure: Measure, baseline: float, end: float) -> float:
    rng = sheet.rng
    height = min(end - baseline - body.size * 5, measure.width * rng.uniform(0.35, 0.9))
    top = baseline - body.size * 0.5
    inset = measure.width * (rng.uniform(0, 0.2) if rng.uniform() < 0.4 else 0)
    box = (measure.left + inset, top, measure.left + measure.width - inset, top + height)
    (drawing.chart if rng.uniform() < 0.3 else drawing.picture)(sheet, box)
    if rng.uniform() < 0.3:
        drawing.frame(sheet, box)
    caption = Pen(body.face, max(SMALLEST, int(body.size * 0.85)), leading=1.25)
    head = material.choice(("그림", "사진") if material.korean else ("Fig.", "Figure", "FIG."))
    words = [word for word in (head, f"{rng.integers(1, 60)}.") if caption.face.draws(word)]
    sheet.new_block()
    start = top + height + caption.size * 1.5
    below = Measure(measure.left, measure.width, min(end, start + caption.step * 2), "centre" if inset else "left")
    after = set_paragraph(sheet, caption, words + material.words(caption.face, int(rng.integers(10, 80))), below, start)
    return after + body.step


def _foot(sheet: Sheet, material: Material, body: Pen, margin: float) -> None:
    rng = sheet.rng
    if rng.uniform() < 0.5:
        return
    sheet.new_block()
    number = str(int(rng.integers(1, 600)))
    text = material.choice(
        (number, f"- {number} -", f"{number} / {rng.integers(600, 999)}", f"({number})", f"Page {number}")
    )
    sheet.write(Pen(body.face, body.size), text, sheet.width / 2, sheet.height * 0.965, "centre")
