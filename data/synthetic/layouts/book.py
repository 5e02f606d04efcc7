"""Pages of printed books: a justified serif column, running head, page number, sometimes a chapter opening or notes."""

from __future__ import annotations

from dataclasses import replace

from ocr.data.synthetic import drawing
from ocr.data.synthetic.lines import LineStyle
from ocr.data.synthetic.material import SMALLEST, Material
from ocr.data.synthetic.sheet import Pen, Sheet
from ocr.data.synthetic.typesetting import Measure, fitting, set_paragraph


def draw(sheet: Sheet, material: Material) -> None:
    rng = sheet.rng
    left = sheet.width * rng.uniform(0.06, 0.2)
    width = sheet.width * rng.uniform(0.88, 0.95) - left
    size = int(width / rng.uniform(17, 34))
    body = material.pen("book", size, leading=float(rng.uniform(1.12, 1.5)))
    bottom = sheet.height * rng.uniform(0.86, 0.95)
    top = _running_head(sheet, material, body, left, width, sheet.height * rng.uniform(0.05, 0.12))
    measure = Measure(left, width, bottom, "left", justify=True, indent=size * rng.uniform(1, 2), hyphenate=True)
    if rng.uniform() < 0.15:
        top = _chapter(sheet, material, body, measure, top)
    notes = bottom - body.step * rng.uniform(2, 7) if rng.uniform() < 0.2 else None
    end = notes - body.step if notes else bottom
    stop = top + (end - top) * rng.uniform(0.2, 0.9) if rng.uniform() < 0.12 else end
    baseline = top
    while baseline < stop:
        if rng.uniform() < 0.04 and stop - baseline > sheet.height * 0.3:
            baseline = _plate(sheet, material, body, measure, baseline)
        sheet.new_block()
        slanted = replace(measure, bottom=stop)
        words = material.words(body.face, int(rng.integers(80, 900)))
        baseline = set_paragraph(sheet, body, words, slanted, baseline)
    if notes:
        _notes(sheet, material, body, replace(measure, bottom=bottom, indent=0), notes)
    if rng.uniform() < 0.25:
        sheet.new_block()
        number = int(rng.integers(1, 500))
        text = material.choice(
            (str(number), f"( {number} )", f"— {number} —" if body.face.draws("—") else f"- {number} -")
        )
        sheet.write(body, text, left + width / 2, bottom + body.step * 1.6, "centre")


def _running_head(sheet: Sheet, material: Material, body: Pen, left: float, width: float, top: float) -> float:
    rng = sheet.rng
    if rng.uniform() < 0.15:
        return top
    pen = Pen(
        body.face, int(body.size * rng.uniform(0.75, 1.05)), style=LineStyle(tracking=float(rng.uniform(0, 0.12)))
    )
    sheet.new_block()
    text = fitting(pen, material.phrase(pen.face, int(rng.integers(12, 36))), width * 0.7)
    sheet.write(pen, text.upper() if rng.uniform() < 0.7 else text, left + width / 2, top, "centre")
    number = str(int(rng.integers(1, 700))) if rng.uniform() < 0.9 else material.choice(("VIII", "xii", "iv", "XXI"))
    even = rng.uniform() < 0.5
    sheet.write(pen, number, left if even else left + width, top, "left" if even else "right")
    if rng.uniform() < 0.3:
        drawing.rule(sheet, (left, top + pen.size * 0.5), (left + width, top + pen.size * 0.5), rng.uniform(1, 3))
    return top + body.step * rng.uniform(1.4, 2.2)


def _chapter(sheet: Sheet, material: Material, body: Pen, measure: Measure, top: float) -> float:
    rng = sheet.rng
    pen = Pen(material.face("book"), int(body.size * rng.uniform(1.3, 2.4)), leading=1.4)
    top += sheet.height * rng.uniform(0.02, 0.15)
    sheet.new_block(heading=1)
    number = int(rng.integers(1, 40))
    head = (
        f"제 {number} 장"
        if material.korean
        else material.choice((f"CHAPTER {number}", f"Chapter {number}", f"{number}."))
    )
    sheet.write(pen, head, measure.left + measure.width / 2, top, "centre")
    top += pen.step
    if rng.uniform() < 0.7:
        title = fitting(pen, material.phrase(pen.face, 30), measure.width)
        sheet.write(pen, title, measure.left + measure.width / 2, top, "centre")
        top += pen.step
    if rng.uniform() < 0.4:
        middle = measure.left + measure.width / 2
        drawing.rule(sheet, (middle - measure.width * 0.1, top), (middle + measure.width * 0.1, top), rng.uniform(1, 4))
        top += body.step
    return top + body.step


def _plate(sheet: Sheet, material: Material, body: Pen, measure: Measure, baseline: float) -> float:
    height = sheet.height * sheet.rng.uniform(0.1, 0.22)
    inset = measure.width * sheet.rng.uniform(0, 0.2)
    box = (measure.left + inset, baseline, measure.left + measure.width - inset, baseline + height)
    drawing.picture(sheet, box)
    caption = Pen(body.face, int(body.size * 0.75))
    sheet.new_block()
    text = fitting(caption, material.phrase(caption.face, 40), measure.width).upper()
    sheet.write(caption, text, measure.left + measure.width / 2, baseline + height + caption.size * 1.8, "centre")
    return baseline + height + caption.size * 2 + body.step * 1.5


def _notes(sheet: Sheet, material: Material, body: Pen, measure: Measure, baseline: float) -> None:
    small = Pen(body.face, max(SMALLEST, int(body.size * 0.78)), leading=body.leading)
    drawing.rule(
        sheet,
        (measure.left, baseline - small.size * 1.4),
        (measure.left + measure.width * 0.25, baseline - small.size * 1.4),
    )
    for number in range(1, 5):
        if baseline > measure.bottom:
            return
        sheet.new_block()
        mark = sheet.rng.choice((f"{number}.", f"({number})", "*" * number))
        words = [str(mark), *material.words(small.face, int(sheet.rng.integers(30, 200)))]
        baseline = set_paragraph(sheet, small, words, measure, baseline)
