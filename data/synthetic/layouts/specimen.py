"""A type specimen: lines of many faces and sizes, as close as print ever sets them, over the whole sheet.

No page looks like this. It shows a network that learns characters several times as many of them a pixel as real pages
do, and more faces; the other layouts teach it pages.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ocr.data.synthetic.fonts import Face
from ocr.data.synthetic.layouts.needles import print_in_dots
from ocr.data.synthetic.lines import LineStyle
from ocr.data.synthetic.material import Material
from ocr.data.synthetic.sheet import Pen, Sheet

SIZES = (18, 40)
"""Range of type in px an em."""

NEEDLES = 0.15
"""Share of sheets printed in dots."""

NEW_FACE = 0.4
"""Share of lines at which another face begins."""


def draw(sheet: Sheet, material: Material) -> None:
    rng = sheet.rng
    gutter = float(rng.uniform(0.02, 0.05)) * sheet.width
    edges = np.linspace(0, sheet.width, int(rng.choice((2, 3, 4), p=(0.5, 0.35, 0.15))))
    for left, right in pairwise(edges.tolist()):
        sheet.new_block()
        _column(sheet, material, left + gutter, right - gutter)
    if rng.uniform() < NEEDLES:
        print_in_dots(sheet)


def _column(sheet: Sheet, material: Material, left: float, right: float) -> None:
    rng = sheet.rng
    baseline, pen = 0.0, None
    while True:
        length = int((right - left) / (pen.size if pen else SIZES[0]) * 2.6)
        text = material.texts.line(rng, max(1, length // 2 if material.korean else length), material.language)
        if pen is None or rng.uniform() < NEW_FACE or not pen.face.draws(text.replace(" ", "")):
            face = material.fonts.choose(rng, text, 6)
            if face is None:
                continue
            pen = _pen(rng, face)
        baseline += pen.step
        if baseline > sheet.height - pen.size * 0.4:
            return
        indent = rng.uniform(0, 0.2) * (right - left) if rng.uniform() < 0.2 else 0.0
        _write(sheet, pen, text, left + indent, baseline, right)


def _pen(rng: np.random.Generator, face: Face) -> Pen:
    low, high = np.log(SIZES)
    style = LineStyle(
        tracking=_tracking(rng),
        word_space=float(rng.uniform(-0.06, 0.15)),
        jitter=float(rng.uniform(0.01, 0.05)) if rng.uniform() < 0.06 else 0.0,
        pitch=float(rng.uniform(0.5, 0.7)) if rng.uniform() < 0.05 else 0.0,
        stretch=float(np.exp(rng.uniform(-0.35, 0.7))) if rng.uniform() < 0.15 else 1.0,
    )
    return Pen(face, round(float(np.exp(rng.uniform(low, high)))), style=style, leading=float(rng.uniform(1.02, 1.5)))


def _tracking(rng: np.random.Generator) -> float:
    draw = rng.uniform()
    if draw < 0.2:  # letters that touch, as where a till or an office program rounds its advances down
        return float(rng.uniform(-0.09, -0.03))
    return float(rng.uniform(-0.03, 0.05) if draw < 0.9 else rng.uniform(0.08, 0.4))


def _write(sheet: Sheet, pen: Pen, text: str, x: float, baseline: float, right: float) -> None:
    """As many words as fit; a word that fits nowhere is cut, for a specimen need not make sense."""
    words = text.split()
    while len(words) > 1 and x + pen.width(" ".join(words)) > right:
        words.pop()
    line = " ".join(words)
    while len(line) > 1 and x + pen.width(line) > right:
        line = line[:-1]
    sheet.write(pen, line, x, baseline)
