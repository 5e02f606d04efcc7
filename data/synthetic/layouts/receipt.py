"""Till receipts: a narrow slip, centred shop name, items with prices at the right, totals; dot type or small sans."""

from __future__ import annotations

from dataclasses import replace

from ocr.data.synthetic import drawing
from ocr.data.synthetic.layouts.needles import print_in_dots
from ocr.data.synthetic.lines import LineStyle
from ocr.data.synthetic.material import SMALLEST, Material
from ocr.data.synthetic.record_words import HEADS, HEADS_KOREAN, NOTICES, THANKS, THANKS_KOREAN, TOTALS, TOTALS_KOREAN
from ocr.data.synthetic.sheet import PLAIN, Align, Colour, Pen, Sheet
from ocr.data.synthetic.typesetting import fitting

NEEDLES = 0.45
"""Share of slips printed in dots."""
RECORDS = 0.45
"""Share of texts in the words of tills and offices, not of running text."""
TALL = (2.0, 0.5)
"""Size and stretch of type of double height, as wide as the rest."""


def draw(sheet: Sheet, material: Material) -> None:
    rng = sheet.rng
    face = material.face("till" if rng.uniform() < 0.85 else "any")
    size = max(SMALLEST, int(sheet.width / rng.uniform(20, 40)))
    advance = face.at(size).glyph("n").advance / size
    style = LineStyle(tracking=float(rng.uniform(-0.07, 0.06)), jitter=float(rng.choice((0, 0, 0.01))))
    if rng.uniform() < 0.35 and advance < 0.75:
        style = LineStyle(pitch=max(0.5, advance))
    if rng.uniform() < 0.25:
        style = replace(style, stretch=float(rng.uniform(0.75, 1.5)))
    pen = Pen(face, size, _till_ink(sheet), style, float(rng.uniform(1.1, 1.6)))
    margin = sheet.width * rng.uniform(0.04, 0.13)
    bottom = sheet.height * rng.uniform(0.8, 0.97)
    baseline = _shop(sheet, material, pen, margin, sheet.height * rng.uniform(0.04, 0.09))
    baseline = _reference(sheet, material, pen, margin, baseline)
    baseline = _items(sheet, material, pen, margin, baseline, bottom - pen.step * 7)
    baseline = _totals(sheet, material, pen, margin, baseline)
    if baseline < bottom - pen.step * 3:
        _thanks(sheet, material, pen, margin, baseline + pen.step)
    if rng.uniform() < NEEDLES:
        print_in_dots(sheet)


def _till_ink(sheet: Sheet) -> Colour:
    """Mostly black; the grey of a worn ribbon or of thermal paper that has lain in the light."""
    level = int(sheet.rng.uniform(40, 127)) if sheet.rng.uniform() < 0.35 else 0
    return level, level, level


def _text(sheet: Sheet, material: Material, pen: Pen, length: int) -> str:
    if sheet.rng.uniform() < RECORDS:
        return material.record(pen.face)
    text = material.phrase(pen.face, length)
    return text.upper() if sheet.rng.uniform() < 0.75 else text


def _write(sheet: Sheet, pen: Pen, text: str, margin: float, baseline: float, align: Align) -> None:
    x = {"left": margin, "centre": sheet.width / 2, "right": sheet.width - margin}[align]
    sheet.write(pen, fitting(pen, text, sheet.width - 2 * margin), x, baseline, align)


def _divider(sheet: Sheet, pen: Pen, margin: float, baseline: float) -> float:
    """A rule, dashed rule, or a row of hyphens or stars (ink, but no text worth a label)."""
    rng = sheet.rng
    y = baseline - pen.size * 0.3
    dash = float(rng.choice((0, 3, pen.size * 0.3)))
    drawing.rule(sheet, (margin, y), (sheet.width - margin, y), max(1, pen.size / 14), dash=dash)
    if rng.uniform() < 0.15:
        drawing.rule(sheet, (margin, y + 4), (sheet.width - margin, y + 4), max(1, pen.size / 14), dash=dash)
    return baseline + pen.step


def _shop(sheet: Sheet, material: Material, pen: Pen, margin: float, baseline: float) -> float:
    rng = sheet.rng
    if rng.uniform() < 0.25:
        side = sheet.width * rng.uniform(0.1, 0.25)
        drawing.logo(sheet, (sheet.width / 2 - side / 2, baseline, sheet.width / 2 + side / 2, baseline + side))
        baseline += side + pen.size
    align: Align = "centre" if rng.uniform() < 0.85 else "left"
    face = pen.face if rng.uniform() < 0.6 else material.face("any", fresh=True)
    wide = LineStyle(stretch=float(rng.uniform(1.3, 2.0))) if rng.uniform() < 0.35 else PLAIN
    name = Pen(face, int(pen.size * rng.uniform(1, 2.2)), pen.colour, wide, 1.25)
    sheet.new_block()
    baseline += name.size
    for _ in range(int(rng.integers(1, 3))):
        _write(sheet, name, _text(sheet, material, name, 22), margin, baseline, align)
        baseline += name.step
    for _ in range(int(rng.integers(2, 7))):
        text = material.string(pen.face, 28) if rng.uniform() < 0.4 else _text(sheet, material, pen, 30)
        _write(sheet, pen, text, margin, baseline, align)
        baseline += pen.step
    if rng.uniform() < 0.7:
        heads = HEADS_KOREAN if material.korean else (*HEADS, *NOTICES)
        head = material.choice(heads)
        large = _scaled(pen, *TALL) if rng.uniform() < 0.2 else pen
        baseline += pen.step * 0.5 + large.step - pen.step
        if pen.face.draws(head):
            _write(sheet, large, head, margin, baseline, align)
        baseline += pen.step
    return baseline + pen.step * 0.5


def _reference(sheet: Sheet, material: Material, pen: Pen, margin: float, baseline: float) -> float:
    """Bill number, date, cashier: pairs at both margins or label and value."""
    rng = sheet.rng
    room = (sheet.width - 2 * margin) * 0.46
    colon = _colon_column(sheet)
    for _ in range(int(rng.integers(1, 5))):
        sheet.new_block()
        label = material.term(pen.face) if rng.uniform() < 0.6 else material.code(pen.face)
        left = fitting(pen, label, room)
        right = fitting(pen, material.number(pen.face), room)
        if colon:
            _write_at_colon(sheet, pen, left, right, margin, baseline, colon)
        else:
            _write_pair(sheet, pen, left, right, margin, baseline)
        baseline += pen.step
    return _divider(sheet, pen, margin, baseline) if rng.uniform() < 0.8 else baseline + pen.step * 0.5


def _items(sheet: Sheet, material: Material, pen: Pen, margin: float, baseline: float, bottom: float) -> float:
    rng = sheet.rng
    rows, unit = material.choice(("one", "one", "two", "two", "columns")), material.choice(("", "", "RM", "$", "₩"))
    numbered = bool(rng.uniform() < 0.3)
    unit = unit if pen.face.draws(unit) else ""
    tail = material.choice(("", "", " S", " SR", " *"))
    count = int(rng.integers(1, 26))
    if rng.uniform() < 0.6:
        heads = ["품명", "단가", "수량", "금액"] if material.korean else ["Item", "Qty", "Price", "Amount"]
        if rng.uniform() < 0.5:
            heads[1:] = [fitting(pen, material.term(pen.face), pen.width(head) * 1.5) for head in heads[1:]]
        sheet.new_block()
        for head, share in zip(heads, (0, 0.5, 0.72, 1), strict=True):
            x = margin + (sheet.width - 2 * margin) * share
            sheet.write(pen, head, x, baseline, "right" if share else "left")
        baseline = _divider(sheet, pen, margin, baseline + pen.step)
    for number in range(1, count + 1):
        if baseline > bottom:
            break
        sheet.new_block()
        price = f"{unit}{material.money(300)}{tail}"
        left = margin + pen.size * 1.5 if numbered else margin
        width = sheet.width - margin - left - pen.width(price) - pen.size
        name = fitting(pen, _text(sheet, material, pen, 30), width)
        if numbered:
            sheet.write(pen, str(number), margin, baseline)
        if rows != "one":
            _write(sheet, pen, name, left, baseline, "left")
            baseline += pen.step
        if rows == "columns":
            _write_columns(sheet, material, pen, price, margin, baseline)
        else:
            first = name if rows == "one" else fitting(pen, f"{rng.integers(1, 12)} x {material.money(200)}", width)
            _write_pair(sheet, pen, first, price, left, baseline)
        baseline += pen.step
    return _divider(sheet, pen, margin, baseline)


def _totals(sheet: Sheet, material: Material, pen: Pen, margin: float, baseline: float) -> float:
    rng = sheet.rng
    colon = _colon_column(sheet)
    for _ in range(int(rng.integers(1, 7))):
        label = material.choice(TOTALS_KOREAN if material.korean else TOTALS)
        label = material.term(pen.face) if rng.uniform() < RECORDS else label
        if not pen.face.draws(label):
            continue
        large = pen
        if rng.uniform() < 0.2:  # double width, double height or larger
            large = _scaled(pen, *((1.0, 1.8), TALL, (1.5, 1.0))[int(rng.integers(3))])
        label = fitting(large, label + (" :" if rng.uniform() < 0.3 else ""), (sheet.width - 2 * margin) * 0.6)
        sheet.new_block()
        baseline += large.step - pen.step
        if colon:
            _write_at_colon(sheet, large, label.removesuffix(" :"), material.money(900), margin, baseline, colon)
        else:
            _write_pair(sheet, large, label, material.money(900), margin, baseline)
        baseline += pen.step
    return _divider(sheet, pen, margin, baseline) if rng.uniform() < 0.6 else baseline


def _scaled(pen: Pen, size: float, stretch: float) -> Pen:
    style = replace(pen.style, stretch=pen.style.stretch * stretch)
    return Pen(pen.face, int(pen.size * size), pen.colour, style, pen.leading)


def _write_pair(sheet: Sheet, pen: Pen, left: str, right: str, margin: float, baseline: float) -> None:
    first = sheet.write(pen, left, margin, baseline)
    edge = sheet.width - margin
    if first is None or first.right + pen.size * 0.6 < edge - pen.width(right):
        sheet.write(pen, right, edge, baseline, "right")


def _write_columns(sheet: Sheet, material: Material, pen: Pen, price: str, margin: float, baseline: float) -> None:
    """Quantity and price of one, each by itself, before the price of all: a lone digit stands far from other print."""
    rng = sheet.rng
    width = sheet.width - 2 * margin
    quantity = str(rng.integers(1, 12)) if rng.uniform() < 0.8 else f"{rng.integers(1, 12)}.00"
    sheet.write(pen, quantity, margin + width * rng.uniform(0.02, 0.25), baseline)
    one = material.money(200)
    right = margin + width * 0.66
    if right + pen.size < sheet.width - margin - pen.width(price) and right - pen.width(one) > margin + width * 0.4:
        sheet.write(pen, one, right, baseline, "right")
    sheet.write(pen, price, sheet.width - margin, baseline, "right")


def _colon_column(sheet: Sheet) -> float:
    """The part of the width at which the colons of all lines stand below each other, or 0: there are none."""
    return float(sheet.rng.uniform(0.3, 0.55)) if sheet.rng.uniform() < 0.3 else 0.0


def _write_at_colon(
    sheet: Sheet, pen: Pen, left: str, right: str, margin: float, baseline: float, colon: float
) -> None:
    x = margin + (sheet.width - 2 * margin) * colon
    label = sheet.write(pen, fitting(pen, left, x - margin - pen.size * 0.5), margin, baseline)
    gap = pen.size * sheet.rng.uniform(0.6, 1.5)
    if pen.face.draws(":") and (label is None or label.right + pen.size * 0.5 < x):
        sheet.write(pen, ":", x, baseline)
    if x + gap + pen.width(right) < sheet.width - margin * 0.5:
        sheet.write(pen, right, x + gap, baseline)


def _thanks(sheet: Sheet, material: Material, pen: Pen, margin: float, baseline: float) -> None:
    rng = sheet.rng
    sheet.new_block()
    for _ in range(int(rng.integers(1, 4))):
        text = material.choice(THANKS_KOREAN if material.korean else THANKS)
        if baseline < sheet.height - pen.step and pen.face.draws(text):
            _write(sheet, pen, text, margin, baseline, "centre")
            baseline += pen.step
    room = sheet.height - baseline - pen.size
    if rng.uniform() < 0.3 and room > pen.size * 3:
        half = sheet.width * rng.uniform(0.15, 0.35)
        drawing.barcode(
            sheet, (sheet.width / 2 - half, baseline, sheet.width / 2 + half, baseline + min(room, pen.size * 3))
        )
