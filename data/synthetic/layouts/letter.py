"""Business letters: letterhead, date, addressee, salutation, paragraphs, close, signature, footer."""

from __future__ import annotations

from ocr.data.synthetic import drawing
from ocr.data.synthetic.material import SMALLEST, Material
from ocr.data.synthetic.sheet import Align, Pen, Sheet
from ocr.data.synthetic.typefaces import Kind
from ocr.data.synthetic.typesetting import Measure, fitting, set_paragraph

GREETINGS = (
    "Dear Sir:",
    "Dear Sirs,",
    "Dear Madam,",
    "Gentlemen:",
    "Sehr geehrte Damen und Herren,",
    "Monsieur,",
    "Estimado señor:",
)
GREETINGS_KOREAN = ("귀하께", "안녕하십니까?", "귀사의 무궁한 발전을 기원합니다.", "존경하는 고객님께")
CLOSES = (
    "Sincerely,",
    "Yours truly,",
    "Very truly yours,",
    "Respectfully,",
    "Mit freundlichen Grüßen",
    "Cordialement,",
)
CLOSES_KOREAN = ("감사합니다.", "끝.", "올림", "드림")


def draw(sheet: Sheet, material: Material) -> None:
    rng = sheet.rng
    kinds: tuple[Kind, ...] = ("book", "sans", "typewriter")
    size = int(sheet.width / 1240 * rng.uniform(19, 30))
    pen = material.pen(material.choice(kinds), size, leading=float(rng.uniform(1.15, 1.6)))
    left = sheet.width * rng.uniform(0.09, 0.15)
    width = sheet.width - 2 * left
    baseline = _letterhead(sheet, material, pen, left, width)
    right: Align = "right" if rng.uniform() < 0.6 else "left"
    sheet.new_block()
    sheet.write(pen, material.number(pen.face), left + (width if right == "right" else 0), baseline, right)
    baseline += pen.step * rng.uniform(2, 4)
    sheet.new_block()
    for _ in range(int(rng.integers(2, 6))):
        sheet.write(pen, fitting(pen, material.phrase(pen.face, 34), width * 0.5), left, baseline)
        baseline += pen.step
    baseline += pen.step
    baseline = _opening(sheet, material, pen, left, width, baseline)
    bottom = sheet.height * rng.uniform(0.68, 0.8)
    justify = bool(rng.uniform() < 0.35)
    measure = Measure(
        left, width, bottom, justify=justify, indent=size * float(rng.choice((0, 2, 4))), hyphenate=justify
    )
    for _ in range(int(rng.integers(1, 6))):
        sheet.new_block()
        baseline = set_paragraph(sheet, pen, material.words(pen.face, int(rng.integers(80, 600))), measure, baseline)
        baseline += pen.step * rng.choice((0, 0.6, 1))
    _close(sheet, material, pen, left, width, min(baseline, bottom + pen.step) + pen.step)
    _footer(sheet, material, pen, left)


def _letterhead(sheet: Sheet, material: Material, pen: Pen, left: float, width: float) -> float:
    rng = sheet.rng
    baseline = sheet.height * rng.uniform(0.05, 0.08)
    if rng.uniform() < 0.25:
        return baseline + sheet.height * 0.05
    name = material.pen("any", int(pen.size * rng.uniform(1.4, 3)), leading=1.3, fresh=True)
    align: Align = material.choice(("left", "centre", "right"))  # type: ignore[assignment]
    x = {"left": left, "centre": left + width / 2, "right": left + width}[align]
    if rng.uniform() < 0.5:
        side = pen.size * rng.uniform(2.5, 5)
        spot = left + width - side if align == "left" else left
        drawing.logo(sheet, (spot, baseline - pen.size, spot + side, baseline - pen.size + side))
    sheet.new_block(heading=1)
    title = fitting(name, material.phrase(name.face, 26), width * 0.6)
    sheet.write(name, title.upper() if rng.uniform() < 0.5 else title.title(), x, baseline + name.size, align)
    baseline += name.size + name.step * 0.9
    sheet.heading = 0
    small = Pen(pen.face, max(SMALLEST, int(pen.size * rng.uniform(0.6, 0.8))))
    for _ in range(int(rng.integers(1, 4))):
        sheet.write(small, fitting(small, material.string(small.face, 44), width * 0.6), x, baseline, align)
        baseline += small.step
    if rng.uniform() < 0.5:
        drawing.rule(sheet, (left, baseline), (left + width, baseline), rng.uniform(1, 4))
    return baseline + pen.step * rng.uniform(1.5, 3)


def _opening(sheet: Sheet, material: Material, pen: Pen, left: float, width: float, baseline: float) -> float:
    rng = sheet.rng
    if rng.uniform() < 0.35:
        subject = Pen(pen.face, pen.size, leading=pen.leading)
        sheet.new_block()
        head = material.choice(("제목:", "건명:") if material.korean else ("Re:", "Subject:", "SUBJECT:", "Betreff:"))
        line = sheet.write(subject, fitting(subject, f"{head} {material.phrase(pen.face, 50)}", width), left, baseline)
        if line and rng.uniform() < 0.4:
            y = baseline + pen.size * 0.2
            drawing.rule(sheet, (left, y), (line.right, y))
        baseline += pen.step * 1.8
    greeting = material.choice(GREETINGS_KOREAN if material.korean else GREETINGS)
    if pen.face.draws(greeting):
        sheet.new_block()
        sheet.write(pen, greeting, left, baseline)
        baseline += pen.step * 1.6
    return baseline


def _close(sheet: Sheet, material: Material, pen: Pen, left: float, width: float, baseline: float) -> None:
    rng = sheet.rng
    x = left + width * rng.choice((0, 0.5, 0.6))
    close = material.choice(CLOSES_KOREAN if material.korean else CLOSES)
    sheet.new_block()
    if pen.face.draws(close):
        sheet.write(pen, close, x, baseline)
    if rng.uniform() < 0.85:
        drawing.signature(sheet, x, baseline + pen.step * 1.8, pen.size * rng.uniform(1.2, 2.8))
    baseline += pen.step * rng.uniform(3, 4)
    for _ in range(int(rng.integers(1, 4))):
        sheet.write(pen, fitting(pen, material.phrase(pen.face, 26).title(), left + width - x), x, baseline)
        baseline += pen.step
    if rng.uniform() < 0.3:
        sheet.new_block()
        sheet.write(
            pen,
            material.choice(("Enclosure", "cc: " + material.phrase(pen.face, 16), "DJB/sb", "Encl.")),
            left,
            baseline,
        )


def _footer(sheet: Sheet, material: Material, pen: Pen, left: float) -> None:
    rng = sheet.rng
    if rng.uniform() < 0.5:
        return
    small = Pen(pen.face, max(SMALLEST, int(pen.size * rng.uniform(0.5, 0.7))))
    baseline = sheet.height * 0.95
    if rng.uniform() < 0.5:
        drawing.rule(sheet, (left, baseline - small.size * 1.4), (sheet.width - left, baseline - small.size * 1.4))
    sheet.new_block()
    for _ in range(int(rng.integers(1, 3))):
        text = fitting(small, material.string(small.face, 90), sheet.width - 2 * left)
        sheet.write(small, text, sheet.width / 2, baseline, "centre")
        baseline += small.step
