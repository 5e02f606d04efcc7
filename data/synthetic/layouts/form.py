"""Forms: a title, boxes with labels and typed entries, check boxes, ruled lines, comments, a number up the margin."""

from __future__ import annotations

from ocr.data.synthetic import drawing
from ocr.data.synthetic.material import SMALLEST, Material
from ocr.data.synthetic.record_words import LABELS, LABELS_KOREAN
from ocr.data.synthetic.sheet import Pen, Sheet
from ocr.data.synthetic.typesetting import Measure, fitting, set_paragraph


def draw(sheet: Sheet, material: Material) -> None:
    rng = sheet.rng
    scale = sheet.width / 1000
    label = material.pen("sans" if rng.uniform() < 0.75 else "book", int(scale * rng.uniform(15, 23)), leading=1.3)
    entry = material.pen(
        "typewriter" if rng.uniform() < 0.6 else "any", int(label.size * rng.uniform(0.95, 1.3)), leading=1.3
    )
    margin = sheet.width * rng.uniform(0.05, 0.11)
    baseline = _title(sheet, material, label, margin, sheet.height * rng.uniform(0.05, 0.09))
    bottom = sheet.height * rng.uniform(0.88, 0.95)
    boxed = bool(rng.uniform() < 0.6)
    while baseline < bottom - label.size * 7:
        part = int(rng.choice(6, p=(0.38, 0.2, 0.14, 0.1, 0.1, 0.08)))
        if part == 0:
            baseline = _fields(sheet, material, label, entry, margin, baseline, boxed)
        elif part == 1:
            baseline = _ruled_fields(sheet, material, label, entry, margin, baseline)
        elif part == 2:
            baseline = _check_boxes(sheet, material, label, margin, baseline)
        elif part == 3:
            baseline = _section(sheet, material, label, margin, baseline)
        elif part == 4:
            baseline = _comment_box(sheet, material, label, entry, margin, baseline, bottom)
        else:
            sheet.new_block()
            words = material.words(label.face, int(rng.integers(60, 260)))
            small = Pen(label.face, max(SMALLEST, int(label.size * 0.85)))
            measure = Measure(margin, sheet.width - 2 * margin, bottom, justify=bool(rng.uniform() < 0.4))
            baseline = set_paragraph(sheet, small, words, measure, baseline + small.size)
        baseline += label.size * rng.uniform(0.5, 1.6)
    _edges(sheet, material, label, margin)


def _label(sheet: Sheet, material: Material, pen: Pen) -> str:
    for _ in range(5):
        text = material.choice(LABELS_KOREAN if material.korean and sheet.rng.uniform() < 0.85 else LABELS)
        text = material.term(pen.face) if sheet.rng.uniform() < 0.4 else text
        text = text.upper() if sheet.rng.uniform() < 0.3 else text
        if pen.face.draws(text):
            return text + (":" if sheet.rng.uniform() < 0.5 else "")
    return "No."


def _entry(sheet: Sheet, material: Material, pen: Pen, width: float) -> str:
    drawn = sheet.rng.uniform()
    if drawn < 0.35:
        return fitting(pen, material.number(pen.face), width)
    if drawn < 0.45:
        return fitting(pen, material.code(pen.face), width)
    if drawn < 0.6:
        return fitting(pen, material.record(pen.face), width)
    return fitting(pen, material.phrase(pen.face, 28), width)


def _title(sheet: Sheet, material: Material, label: Pen, margin: float, baseline: float) -> float:
    rng = sheet.rng
    pen = Pen(material.face("sans"), int(label.size * rng.uniform(1.1, 2)), leading=1.35)
    if rng.uniform() < 0.35:
        side = label.size * rng.uniform(2.5, 5)
        drawing.logo(sheet, (margin, baseline - label.size, margin + side, baseline - label.size + side))
    room = sheet.width * 0.55
    if rng.uniform() < 0.2:
        drawing.barcode(sheet, (sheet.width * 0.72, baseline - pen.size, sheet.width - margin, baseline + label.size))
        room = sheet.width * 0.4
    sheet.new_block(heading=1)
    for _ in range(int(rng.integers(1, 4))):
        text = fitting(pen, material.phrase(pen.face, 32), room)
        sheet.write(pen, text.upper() if rng.uniform() < 0.6 else text, sheet.width / 2, baseline, "centre")
        baseline += pen.step
    return baseline + label.size * 2


def _fields(sheet: Sheet, material: Material, label: Pen, entry: Pen, margin: float, top: float, boxed: bool) -> float:
    """Rows of cells, label at the upper left in small type or before the entry."""
    rng = sheet.rng
    width = sheet.width - 2 * margin
    stacked = bool(rng.uniform() < 0.4)
    height = max(entry.size * (2.5 if stacked else 1.7), label.size * 1.8)
    small = Pen(label.face, max(SMALLEST, int(label.size * (0.75 if stacked else 1))))
    for _ in range(int(rng.integers(1, 6))):
        cells = int(rng.integers(1, 4))
        for cell in range(cells):
            left = margin + width * cell / cells
            if boxed:
                drawing.frame(sheet, (left, top, left + width / cells, top + height), rng.choice((1, 1, 2)))
            sheet.new_block()
            baseline = top + small.size * 1.1 if stacked else top + height * 0.68
            x = left + small.size * 0.4
            room = width / cells - small.size
            line = sheet.write(small, fitting(small, _label(sheet, material, small), room), x, baseline)
            if line is None or rng.uniform() < 0.2:
                continue
            sheet.new_block()
            start = x if stacked else line.right + entry.size * rng.uniform(0.5, 1.2)
            text = _entry(sheet, material, entry, left + width / cells - start - entry.size * 0.4)
            sheet.write(entry, text, start, top + height * (0.86 if stacked else 0.68))
        top += height
    return top


def _ruled_fields(sheet: Sheet, material: Material, label: Pen, entry: Pen, margin: float, top: float) -> float:
    """Labels followed by a rule (solid or dotted) on which the entry stands."""
    rng = sheet.rng
    columns = int(rng.integers(1, 3))
    width = (sheet.width - 2 * margin) / columns
    dash = 2.0 if rng.uniform() < 0.3 else 0.0
    step = max(label.size, entry.size) * rng.uniform(1.5, 2.2)
    for _ in range(int(rng.integers(2, 7))):
        top += step
        for column in range(columns):
            left = margin + column * width
            sheet.new_block()
            line = sheet.write(label, fitting(label, _label(sheet, material, label), width * 0.6), left, top)
            if line is None:
                continue
            start, stop = line.right + label.size * 0.4, left + width - label.size
            drawing.rule(sheet, (start, top + label.size * 0.22), (stop, top + label.size * 0.22), 1, dash=dash)
            if rng.uniform() < 0.75:
                sheet.new_block()
                sheet.write(
                    entry, _entry(sheet, material, entry, stop - start - entry.size), start + entry.size * 0.5, top
                )
            elif rng.uniform() < 0.3:
                drawing.signature(sheet, start + label.size, top, label.size * rng.uniform(0.8, 1.5))
    return top + label.size


def _check_boxes(sheet: Sheet, material: Material, label: Pen, margin: float, top: float) -> float:
    rng = sheet.rng
    columns = int(rng.integers(2, 5))
    width = (sheet.width - 2 * margin) / columns
    side = label.size * 0.75
    for _ in range(int(rng.integers(1, 5))):
        top += label.step * 1.25
        for column in range(columns):
            left = margin + column * width
            box = (left, top - side, left + side, top)
            drawing.frame(sheet, box)
            if rng.uniform() < 0.3:
                drawing.rule(sheet, (box[0] - 1, box[1] - 2), (box[2] + 2, box[3] + 2), 2)
                drawing.rule(sheet, (box[0] - 1, box[3] + 2), (box[2] + 2, box[1] - 2), 2)
            sheet.new_block()
            sheet.write(
                label, fitting(label, material.phrase(label.face, 22), width - side * 3), left + side * 1.6, top
            )
    return top + label.size * 0.5


def _section(sheet: Sheet, material: Material, label: Pen, margin: float, top: float) -> float:
    """A heading in a band: grey, black with white type, or only ruled."""
    rng = sheet.rng
    height = label.size * 1.7
    box = (margin, top, sheet.width - margin, top + height)
    style = int(rng.integers(3))
    shade = (0, 0, 0) if style == 0 else (205, 205, 205)
    if style < 2:
        drawing.fill(sheet, box, shade)
    else:
        drawing.rule(sheet, (margin, top + height), (sheet.width - margin, top + height), 2)
    pen = Pen(material.face("sans"), label.size, (255, 255, 255) if style == 0 else (0, 0, 0))
    sheet.new_block(heading=2)
    text = fitting(pen, material.phrase(pen.face, 36), sheet.width - 3 * margin)
    sheet.write(pen, text.upper() if rng.uniform() < 0.5 else text, margin + label.size * 0.5, top + height * 0.72)
    return top + height


def _comment_box(
    sheet: Sheet, material: Material, label: Pen, entry: Pen, margin: float, top: float, bottom: float
) -> float:
    rng = sheet.rng
    height = min(bottom - top, label.size * rng.uniform(4, 12))
    drawing.frame(sheet, (margin, top, sheet.width - margin, top + height), rng.choice((1, 2)))
    sheet.new_block()
    sheet.write(label, _label(sheet, material, label), margin + label.size * 0.5, top + label.size * 1.3)
    inner = Measure(margin + label.size, sheet.width - 2 * margin - 2 * label.size, top + height - entry.size * 0.5)
    drawn = rng.uniform()
    if drawn < 0.5:
        sheet.new_block()
        start = top + label.size * 1.6 + entry.size * 1.2
        set_paragraph(sheet, entry, material.words(entry.face, int(rng.integers(30, 300))), inner, start)
    elif drawn < 0.75:
        drawing.scrawl(
            sheet, (inner.left, top + label.size * 1.6, inner.left + inner.width * 0.8, top + height - label.size)
        )
    return top + height


def _edges(sheet: Sheet, material: Material, label: Pen, margin: float) -> None:
    """A serial number up the right margin or at the foot, as stamped on archived forms."""
    rng = sheet.rng
    pen = Pen(material.face("any", fresh=True), int(label.size * rng.uniform(0.9, 1.5)))
    number = str(rng.integers(10**7, 10**9))
    sheet.new_block()
    if rng.uniform() < 0.3:
        y = sheet.height * rng.uniform(0.6, 0.95)
        sheet.write(pen, number, sheet.width - margin * 0.35, y, quarter_turns=1)
    elif rng.uniform() < 0.5:
        sheet.write(pen, number, sheet.width - margin, sheet.height * 0.975, "right")
