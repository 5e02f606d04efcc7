"""Glyphs of a PDF page to the lines and words of a labelled page, drawn as the page engine draws its labels.

A character has the box of its ink; words and lines reach from the ascender line to the descender line of their font
(:mod:`ocr.data.synthetic.sheet`). Dots that lead to a page number belong to no label.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ocr.data.pdf_glyphs import NARROW_SPACE, UNKNOWN, Glyph, on_image
from ocr.document import Char, Line, Word
from ocr.polygon import Polygon, as_polygon, from_box

STREAM_GAP = 1.3
"""Glyphs that follow each other in the PDF are on one line if at most so many em lie between them ..."""

MERGE_GAP = 0.6
"""... and pieces of a line that the PDF draws apart if it is so many: two columns must not become one line."""

WORD_GAP = 0.2
"""Such pieces are one word if fewer em lie between them."""

BACK = 0.6
"""How many em a glyph may step back behind the end of the one before it (kerning, italics)."""

BASELINE = 0.25
"""How many em the baselines of letters of one size differ on one line (the E of TeX's name) ..."""

RAISED = 0.5
"""... and those of smaller ones (exponents, notes)."""

SMALLER = 0.85
LARGEST_RATIO = 2.5
"""Sizes of letters on one line differ less: a drop cap is a line of its own."""

LEADERS = 4
"""So many dots in a row, at a distance from each other, are a leader."""

LEAST_ASCENDER = 6.0
"""Lines with lower letters (in pixels) cannot be read and are ignored."""

SOFT_EDGE = 0.1
"""Ink that covers less than this part of a pixel at the edge of a letter is not seen."""

HANGUL = (("\u1100", "\u11ff"), ("\u3131", "\u318e"), ("\uac00", "\ud7a3"))


@dataclass(slots=True)
class Run:
    """Glyphs of one line in reading order; ``tallest`` has its size and baseline."""

    glyphs: list[Glyph] = field(default_factory=list)

    @property
    def tallest(self) -> Glyph:
        return max(self.glyphs, key=lambda glyph: glyph.size)


def build_lines(glyphs: Sequence[Glyph], hidden: frozenset[int], width: int, height: int) -> list[Line]:
    """The lines of a page of this size in pixels, in the order of the PDF.

    ``hidden`` holds the ``order`` of glyphs that leave no ink: a line of nothing else is left out, a line with some of
    them is marked ``ignore``, as is one with a character that the PDF does not tell or with letters too small to read.
    """
    extents = FontExtents(glyphs)
    ordered = sorted(group_runs(glyphs), key=lambda run: min(glyph.order for glyph in run.glyphs))
    pieces = [piece for run in ordered for piece in split_unknown(run)]
    visible = [piece for piece in pieces if any(glyph.order not in hidden for glyph in piece.glyphs)]
    return [_line(piece, extents, hidden, (width, height)) for piece in visible]


def group_runs(glyphs: Sequence[Glyph]) -> list[Run]:
    """Lines of glyphs: first as the PDF strings them together, then pieces on one baseline joined; no leaders."""
    runs: list[Run] = []
    for glyph in glyphs:
        if runs and _continues(runs[-1], glyph):
            runs[-1].glyphs.append(glyph)
        else:
            runs.append(Run([glyph]))
    runs = [piece for run in runs for piece in cut_leaders(run)]
    directions: dict[float, list[Run]] = defaultdict(list)
    for run in runs:
        directions[run.glyphs[0].angle].append(run)
    return [run for group in directions.values() for run in _merge(group)]


def _continues(run: Run, glyph: Glyph) -> bool:
    last = run.glyphs[-1]
    if last.angle != glyph.angle or not _on_one_line(run.tallest, glyph):
        return False
    em = max(last.size, glyph.size)
    return -BACK * em < glyph.pen - last.end < STREAM_GAP * em


def _on_one_line(first: Glyph, second: Glyph) -> bool:
    small, large = sorted((first.size, second.size))
    if large > LARGEST_RATIO * small:
        return False
    tolerance = RAISED if small < SMALLER * large else BASELINE
    return abs(first.baseline - second.baseline) < tolerance * large


def _merge(runs: list[Run]) -> list[Run]:
    """Pieces of one direction that stand side by side on one baseline become one line."""
    merged: list[Run] = []
    for run in sorted(runs, key=lambda run: run.glyphs[0].pen):
        first = run.glyphs[0]
        for earlier in merged:
            last = earlier.glyphs[-1]
            em = max(last.size, first.size)
            if -0.3 * em < first.pen - last.end < MERGE_GAP * em and _on_one_line(earlier.tallest, run.tallest):
                earlier.glyphs += run.glyphs
                break
        else:
            merged.append(Run(list(run.glyphs)))
    return merged


def cut_leaders(run: Run) -> list[Run]:
    """The run without rows of spaced dots, cut in two there."""
    pieces, current, dots = [], list[Glyph](), list[Glyph]()
    for glyph in [*run.glyphs, None]:
        if glyph is not None and glyph.text in ".·" and (not dots or glyph.left - dots[-1].right > 0.1 * glyph.size):
            dots.append(glyph)
            continue
        if len(dots) >= LEADERS:
            pieces.append(current)
            current = []
        else:
            current += dots
        dots = []
        if glyph is not None:
            if glyph.text in ".·":
                dots = [glyph]
            else:
                current.append(glyph)
    return [Run(piece) for piece in [*pieces, current + dots] if piece]


def split_unknown(run: Run) -> list[Run]:
    """Words of unknown characters alone (bullets of symbol fonts) at either end become lines of their own."""
    words = split_words(run.glyphs)
    unknown = [all(not glyph.known for glyph in word) for word in words]
    if all(unknown) or not (unknown[0] or unknown[-1]):
        return [run]
    first = unknown.index(False)
    last = len(unknown) - unknown[::-1].index(False)
    parts = (words[:first], words[first:last], words[last:])
    return [Run([glyph for word in part for glyph in word]) for part in parts if part]


def split_words(glyphs: Sequence[Glyph]) -> list[list[Glyph]]:
    """The glyphs of a line cut at its spaces."""
    words: list[list[Glyph]] = []
    for glyph in glyphs:
        if not words or _starts_word(words[-1][-1], glyph):
            words.append([glyph])
        else:
            words[-1].append(glyph)
    return words


def _starts_word(previous: Glyph, glyph: Glyph) -> bool:
    gap = (glyph.pen - previous.end) / glyph.size
    if 0 <= glyph.order - previous.order <= 3:  # the PDF strings them together and says where spaces are
        return glyph.spaced and gap > NARROW_SPACE
    return gap > WORD_GAP


class FontExtents:
    """How far letters of each font of a page reach above and below the baseline, in em, measured on their ink."""

    def __init__(self, glyphs: Sequence[Glyph]) -> None:
        reaches: dict[str, dict[str, tuple[list[float], list[float]]]] = defaultdict(
            lambda: defaultdict(lambda: ([], []))
        )
        for glyph in glyphs:
            above, below = reaches[glyph.font][_letter_class(glyph.text)]
            above.append((glyph.baseline - glyph.top) / glyph.size)
            below.append((glyph.bottom - glyph.baseline) / glyph.size)
        self.reaches = reaches
        self._known: dict[tuple[str, bool], tuple[float, float]] = {}

    def of(self, font: str, hangul: bool) -> tuple[float, float]:
        """Ascender and descender in em."""
        if (font, hangul) not in self._known:
            self._known[font, hangul] = self._hangul(font) if hangul else self._latin(font)
        return self._known[font, hangul]

    def _hangul(self, font: str) -> tuple[float, float]:
        above, below = self.reaches[font]["hangul"]
        return float(np.quantile(above, 0.9)), float(np.quantile(below, 0.9))

    def _latin(self, font: str) -> tuple[float, float]:
        classes = self.reaches[font]
        for name, factor in (("ascender", 1.0), ("capital", 1.03), ("small", 1.5), ("descender", 1.5)):
            if classes[name][0]:
                ascender = factor * float(np.median(classes[name][0]))
                break
        else:
            ascender = min(0.9, max((max(above) for above, _ in classes.values() if above), default=0.72))
        below = classes["descender"][1]
        return ascender, float(np.median(below)) if below else 0.29 * ascender


def _letter_class(text: str) -> str:
    if is_hangul(text):
        return "hangul"
    for name, letters in (("ascender", "bdfhkl"), ("descender", "gpqy"), ("small", "acemnorsuvwxz")):
        if text in letters:
            return name
    return "capital" if text.isupper() or text.isdecimal() else "other"


def is_hangul(text: str) -> bool:
    return any(low <= text <= high for low, high in HANGUL)


def _line(run: Run, extents: FontExtents, hidden: frozenset[int], limit: tuple[int, int]) -> Line:
    ascender, descender = _reach(run.glyphs, extents)
    baseline = _baseline(run.glyphs)
    top, bottom, angle = baseline - ascender, baseline + descender, run.glyphs[0].angle
    if not any(glyph.known for glyph in run.glyphs):  # symbols, of any size
        top, bottom = min(glyph.top for glyph in run.glyphs), max(glyph.bottom for glyph in run.glyphs)

    def outline(glyphs: Sequence[Glyph]) -> Polygon:
        left, right = min(glyph.left for glyph in glyphs), max(glyph.right for glyph in glyphs)
        return _polygon(left, top, right, bottom, angle, limit)

    words = []
    for glyphs in split_words(run.glyphs):
        chars = tuple(Char(glyph.text, _ink_polygon(glyph, limit)) for glyph in glyphs)
        words.append(Word("".join(char.text for char in chars), outline(glyphs), 1.0, chars))
    unsure = any(not glyph.known or glyph.order in hidden for glyph in run.glyphs) or ascender < LEAST_ASCENDER
    text = " ".join(word.text for word in words)
    return Line(text, outline(run.glyphs), 1.0, tuple(words), unsure or UNKNOWN in text)


def _ink_polygon(glyph: Glyph, limit: tuple[int, int]) -> Polygon:
    """The ink on whole pixels, as drawn, where the text runs along the pixel grid."""
    left, top, right, bottom = glyph.left, glyph.top, glyph.right, glyph.bottom
    if glyph.angle % 90 == 0:
        left, top = math.floor(left + SOFT_EDGE), math.floor(top + SOFT_EDGE)
        right, bottom = max(math.ceil(right - SOFT_EDGE), left + 1), max(math.ceil(bottom - SOFT_EDGE), top + 1)
    return _polygon(left, top, right, bottom, glyph.angle, limit)


def _polygon(left: float, top: float, right: float, bottom: float, angle: float, limit: tuple[int, int]) -> Polygon:
    """A box of the turned frame on the image, kept inside it; the usual case without NumPy, for its speed."""
    if angle:
        return as_polygon(np.clip(on_image(left, top, right, bottom, angle), 0, limit))
    x0, x1 = (float(round(min(max(x, 0.0), limit[0]), 2)) for x in (left, right))
    y0, y1 = (float(round(min(max(y, 0.0), limit[1]), 2)) for y in (top, bottom))
    return from_box(x0, y0, x1, y1)


def _reach(glyphs: Sequence[Glyph], extents: FontExtents) -> tuple[float, float]:
    """Ascender and descender of a line in pixels: of the commonest font of each of its scripts."""
    reaches = []
    letters = [glyph for glyph in glyphs if glyph.text.isalnum()] or list(glyphs)
    for hangul in (False, True):
        some = [glyph for glyph in letters if is_hangul(glyph.text) == hangul]
        if len(some) * 10 > len(letters):
            font = Counter(glyph.font for glyph in some).most_common(1)[0][0]
            size = float(np.median([glyph.size for glyph in some if glyph.font == font]))
            ascender, descender = extents.of(font, hangul)
            reaches.append((ascender * size, descender * size))
    return max(above for above, _ in reaches), max(below for _, below in reaches)


def _baseline(glyphs: Sequence[Glyph]) -> float:
    """That of most letters: exponents and the like stand elsewhere."""
    return float(np.median([glyph.baseline for glyph in glyphs]))
