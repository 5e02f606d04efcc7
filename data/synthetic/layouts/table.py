"""Tables: ruled or not, head row plain, grey or inverse, numbers to the right, text to the left, title and notes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ocr.data.synthetic import drawing
from ocr.data.synthetic.material import Material
from ocr.data.synthetic.sheet import Pen, Sheet
from ocr.data.synthetic.typesetting import Measure, fitting, set_paragraph


def draw(sheet: Sheet, material: Material) -> None:
    rng = sheet.rng
    size = int(sheet.width / 1240 * rng.uniform(17, 28))
    body = material.pen("sans" if rng.uniform() < 0.6 else "book", size, leading=1.3)
    margin = sheet.width * rng.uniform(0.05, 0.1)
    bottom = sheet.height * rng.uniform(0.85, 0.95)
    baseline = sheet.height * rng.uniform(0.05, 0.1)
    while baseline < bottom - size * 10:
        baseline = _title(sheet, material, body, margin, baseline)
        baseline = grid(sheet, material, body, (margin, baseline, sheet.width - margin, bottom)) + size * 1.5
        if rng.uniform() < 0.6:
            sheet.new_block()
            measure = Measure(margin, sheet.width - 2 * margin, bottom)
            words = material.words(body.face, int(rng.integers(60, 500)))
            baseline = set_paragraph(sheet, body, words, measure, baseline + size) + size
        if rng.uniform() < 0.4:
            return


def grid(sheet: Sheet, material: Material, pen: Pen, box: drawing.Box) -> float:
    """One table within the box; the y below its last row."""
    rng = sheet.rng
    left, top, right, bottom = box
    columns = int(rng.integers(2, max(3, min(8, int((right - left) / (pen.size * 5)))) + 1))
    shares = rng.dirichlet(np.full(columns, 4.0))
    shares = np.maximum(shares, 0.5 / columns)
    edges = left + (right - left) * np.concatenate([[0], np.cumsum(shares / shares.sum())])
    height = pen.size * rng.uniform(1.35, 2.1)
    rows = min(int(rng.integers(3, 30)), int((bottom - top) / height - 1))
    if rows < 2:
        return bottom
    numeric = rng.uniform(size=columns) < 0.55
    numeric[0] = False
    rules = int(rng.integers(4))  # 0 all, 1 horizontal, 2 head and foot, 3 none
    _head(sheet, material, pen, edges, top, height)
    for row in range(1, rows):
        y = top + row * height
        if rng.uniform() < 0.02:
            continue
        for column in range(columns):
            _cell(sheet, material, pen, (edges[column], y, edges[column + 1], y + height), bool(numeric[column]))
    _rules(sheet, edges, top, height, rows, rules)
    return top + rows * height


def _title(sheet: Sheet, material: Material, body: Pen, margin: float, baseline: float) -> float:
    if sheet.rng.uniform() < 0.25:
        return baseline + body.size
    pen = Pen(material.face("sans"), int(body.size * sheet.rng.uniform(1, 1.7)))
    sheet.new_block()
    number = int(sheet.rng.integers(1, 30))
    head = material.choice(
        (f"표 {number}.", f"<표 {number}>", "") if material.korean else (f"Table {number}.", f"TABLE {number}", "")
    )
    text = fitting(pen, f"{head} {material.phrase(pen.face, 40)}", sheet.width - 2 * margin)
    centred = sheet.rng.uniform() < 0.5
    sheet.write(pen, text, sheet.width / 2 if centred else margin, baseline + pen.size, "centre" if centred else "left")
    return baseline + pen.size * 1.9


def _head(sheet: Sheet, material: Material, pen: Pen, edges: np.ndarray, top: float, height: float) -> None:
    style = int(sheet.rng.integers(4))
    colour = (0, 0, 0)
    if style == 0:
        drawing.fill(sheet, (edges[0], top, edges[-1], top + height), (215, 215, 215))
    elif style == 1:
        dark = (20, 40, 90) if sheet.colour else (30, 30, 30)
        drawing.fill(sheet, (edges[0], top, edges[-1], top + height), dark)
        colour = (255, 255, 255)
    chosen = Pen(pen.face, pen.size, colour)
    for first, last in pairwise(edges.tolist()):
        sheet.new_block()
        text = fitting(chosen, material.phrase(pen.face, 16), last - first - pen.size)
        sheet.write(
            chosen,
            text.title() if sheet.rng.uniform() < 0.5 else text,
            (first + last) / 2,
            top + height * 0.7,
            "centre",
        )


def _cell(sheet: Sheet, material: Material, pen: Pen, box: drawing.Box, numeric: bool) -> None:
    rng = sheet.rng
    left, top, right, bottom = box
    if rng.uniform() < 0.06:
        return
    sheet.new_block()
    baseline = top + (bottom - top) / 2 + pen.size * 0.35
    room = right - left - pen.size
    if numeric:
        drawn = rng.uniform()
        text = (
            material.money(10000)
            if drawn < 0.5
            else f"{rng.integers(0, 100)}%"
            if drawn < 0.65
            else material.number(pen.face)
        )
        sheet.write(pen, fitting(pen, text, room), right - pen.size * 0.5, baseline, "right")
        return
    text = material.string(pen.face, 24) if rng.uniform() < 0.35 else material.phrase(pen.face, 24)
    sheet.write(pen, fitting(pen, text, room), left + pen.size * 0.4, baseline)


def _rules(sheet: Sheet, edges: np.ndarray, top: float, height: float, rows: int, style: int) -> None:
    thickness = int(sheet.rng.choice((1, 1, 2)))
    left, right, end = float(edges[0]), float(edges[-1]), top + rows * height
    if style < 2:
        for row in range(rows + 1):
            drawing.rule(sheet, (left, top + row * height), (right, top + row * height), thickness)
    elif style == 2:
        for y in (top, top + height, end):
            drawing.rule(sheet, (left, y), (right, y), thickness + (y != top + height))
    if style == 0:
        for x in edges:
            drawing.rule(sheet, (x, top), (x, end), thickness)
