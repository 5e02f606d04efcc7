"""The text layer of a PDF page as glyphs: one character, its ink box, pen, baseline, direction and font.

PDFium's rules: never in more than one thread, and a damaged file may stop the process (see :mod:`ocr.data.from_pdf`).
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

UNKNOWN = "\ufffd"
"""Text of a glyph whose character the PDF does not tell."""

HYPHENS = {0x02, 0xAD, 0x2010, 0x2011}
"""PDFium's sign for a hyphen at the end of a line, the soft one, and two more that look like the usual one."""

LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}

NARROW_SPACE = 0.05
"""A space of fewer em than this separates nothing: typesetters end lines with such."""

QUARTER_TOLERANCE = 0.3
"""Directions within so many degrees of a quarter turn are one."""

DIAGONAL = 0.25
"""Near 45 degrees (``|cos 2a|`` below this) upright boxes no longer tell width from height."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character as drawn, in pixels of the page turned so that its text runs to the right.

    ``left``, ``top``, ``right``, ``bottom`` bound the ink; ``pen`` and ``end`` are where its advance starts and ends;
    ``size`` is the em. ``angle`` in degrees, clockwise on the image, turns that frame about the image's origin.
    ``known`` is false where the PDF does not say which character it is. ``spaced``: a space stands before it.
    ``order`` counts in the PDF's own text order.
    """

    text: str
    left: float
    top: float
    right: float
    bottom: float
    baseline: float
    pen: float
    end: float
    size: float
    angle: float
    font: str
    order: int
    spaced: bool = False
    known: bool = True

    @property
    def width(self) -> float:
        return self.right - self.left

    def quad(self) -> NDArray[np.float64]:
        """Corners (4, 2) of the ink on the image, clockwise from the top left of the text."""
        return on_image(self.left, self.top, self.right, self.bottom, self.angle)


def on_image(left: float, top: float, right: float, bottom: float, angle: float) -> NDArray[np.float64]:
    """Corners (4, 2) on the image of a box in the frame turned by ``angle`` degrees."""
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    if angle == 0:
        return corners
    cosine, sine = _direction(angle)
    return corners @ np.array([(cosine, sine), (-sine, cosine)])


def page_matrix(page: pypdfium2.PdfPage, width: int, height: int) -> NDArray[np.float64]:
    """Affine matrix (2, 3) from the PDF's points to pixels of the page rendered at this size."""
    fine = 256  # PDFium answers in whole pixels
    x, y = ctypes.c_int(), ctypes.c_int()
    points = []
    for px, py in ((0, 0), (1000, 0), (0, 1000)):
        pdfium_c.FPDF_PageToDevice(page.raw, 0, 0, width * fine, height * fine, 0, px, py, x, y)
        points.append((x.value / fine, y.value / fine))
    origin, right, up = np.array(points)
    return np.stack([(right - origin) / 1000, (up - origin) / 1000, origin], axis=1)


def read_glyphs(page: pypdfium2.PdfPage, matrix: NDArray[np.float64]) -> list[Glyph]:
    """All glyphs of the page's text layer in the PDF's order, ligatures split and accents joined to their letters."""
    text_page = page.get_textpage()
    try:
        raw = [glyph for glyph in _Layer(text_page.raw, matrix).glyphs()]
    finally:
        text_page.close()
    return join_marks(split_ligatures(raw))


class _Layer:
    """Reads PDFium's text page; buffers for the answers of its functions are made once."""

    def __init__(self, text_page: pdfium_c.FPDF_TEXTPAGE, matrix: NDArray[np.float64]) -> None:
        self.raw = text_page
        (self.xx, self.xy, self.x0), (self.yx, self.yy, self.y0) = matrix.tolist()  # NumPy is slow on single points
        self.numbers = [ctypes.c_double() for _ in range(6)]
        self.letter_matrix, self.loose = pdfium_c.FS_MATRIX(), pdfium_c.FS_RECTF()
        self.name, self.flags = ctypes.create_string_buffer(128), ctypes.c_int()

    def glyphs(self) -> Iterator[Glyph]:
        spaced = True
        for index in range(pdfium_c.FPDFText_CountChars(self.raw)):
            code = pdfium_c.FPDFText_GetUnicode(self.raw, index)
            if pdfium_c.FPDFText_IsGenerated(self.raw, index) == 1 and code not in HYPHENS:
                spaced = True
                continue
            glyph = self._glyph(index, code, spaced)
            if glyph is None:
                continue
            if glyph.text.isspace():
                spaced = spaced or glyph.end - glyph.pen > NARROW_SPACE * glyph.size
                continue
            yield glyph
            spaced = False

    def _glyph(self, index: int, code: int, spaced: bool) -> Glyph | None:
        """The glyph, a space among them; None if it leaves no ink or has no size."""
        raw, numbers, letter = self.raw, self.numbers, self.letter_matrix
        pdfium_c.FPDFText_GetCharBox(raw, index, numbers[0], numbers[1], numbers[2], numbers[3])
        pdfium_c.FPDFText_GetCharOrigin(raw, index, numbers[4], numbers[5])
        pdfium_c.FPDFText_GetLooseCharBox(raw, index, self.loose)
        pdfium_c.FPDFText_GetMatrix(raw, index, letter)
        size = pdfium_c.FPDFText_GetFontSize(raw, index)
        dx, dy = self._turned(letter.a * size, letter.b * size)
        ux, uy = self._turned(letter.c * size, letter.d * size)
        em = math.hypot(ux, uy)
        if not (em > 0.5 and math.hypot(dx, dy) > 0.1):
            return None
        angle = _snap(math.degrees(math.atan2(dy, dx)))
        left, right, bottom, top = (number.value for number in numbers[:4])
        ink = self._in_frame((left, top, right, bottom), angle)
        loose = self._in_frame((self.loose.left, self.loose.top, self.loose.right, self.loose.bottom), angle)
        text, known = _text_of(code, pdfium_c.FPDFText_HasUnicodeMapError(raw, index) == 1)
        if not text or (not text.isspace() and (ink is None or loose is None)):
            return None if not text else self._diagonal(index, text, angle, em, spaced)
        ink = ink or loose or (0.0, 0.0, 0.0, 0.0)
        loose = loose or ink
        if not text.isspace() and min(ink[2] - ink[0], ink[3] - ink[1]) <= 0:
            return None
        mirrored = dx * uy - dy * ux > 0
        pen, baseline = self._origin(angle)
        font = self._font(index)
        return Glyph(
            text, *ink, baseline, pen, max(loose[2], pen), em, angle, font, index, spaced, known and not mirrored
        )

    def _diagonal(self, index: int, text: str, angle: float, em: float, spaced: bool) -> Glyph:
        """A stand-in of about the right size for text near 45 degrees; not ``known``, so that its line is ignored."""
        pen, baseline = self._origin(angle)
        return Glyph(
            text, pen, baseline - 0.72 * em, pen + 0.5 * em, baseline + 0.2 * em, baseline, pen, pen + 0.5 * em, em,
            angle, self._font(index), index, spaced, False,
        )  # fmt: skip

    def _origin(self, angle: float) -> tuple[float, float]:
        x, y = self._turned(self.numbers[4].value, self.numbers[5].value)
        x, y = x + self.x0, y + self.y0
        cosine, sine = _direction(angle)
        return x * cosine + y * sine, y * cosine - x * sine

    def _turned(self, x: float, y: float) -> tuple[float, float]:
        """A vector of the page's space on the image."""
        return self.xx * x + self.xy * y, self.yx * x + self.yy * y

    def _font(self, index: int) -> str:
        pdfium_c.FPDFText_GetFontInfo(self.raw, index, self.name, len(self.name), self.flags)
        return self.name.value.decode("utf-8", "replace")

    def _in_frame(
        self, box: tuple[float, float, float, float], angle: float
    ) -> tuple[float, float, float, float] | None:
        """An upright box (left, top, right, bottom) in points around turned ink, as the ink's box in the turned frame.

        A box of width w and height h turned by a has an upright box of w |cos a| + h |sin a| by w |sin a| + h |cos a|;
        solved for w and h. None near 45 degrees, where that has no solution.
        """
        x0, y0 = self._turned(box[0], box[1])
        x1, y1 = self._turned(box[2], box[3])
        cosine, sine = _direction(angle)
        outer_width, outer_height = abs(x1 - x0), abs(y1 - y0)
        c, s = abs(cosine), abs(sine)
        double = c * c - s * s
        if abs(double) < DIAGONAL:
            return None
        width = max(0.0, (outer_width * c - outer_height * s) / double)
        height = max(0.0, (outer_height * c - outer_width * s) / double)
        x, y = (x0 + x1) / 2 + self.x0, (y0 + y1) / 2 + self.y0
        u, v = x * cosine + y * sine, y * cosine - x * sine
        return u - width / 2, v - height / 2, u + width / 2, v + height / 2


def split_ligatures(glyphs: list[Glyph]) -> list[Glyph]:
    """Characters that share one ligature get equal shares of its box (narrow letters less)."""
    result: list[Glyph] = []
    group: list[Glyph] = []
    for glyph in [*glyphs, None]:
        if group and (glyph is None or not _same_place(group[-1], glyph)):
            result += _shares(group)
            group = []
        if glyph is not None:
            group.append(glyph)
    return result


def _same_place(first: Glyph, second: Glyph) -> bool:
    same = first.left == second.left and first.right == second.right and first.baseline == second.baseline
    return same and not second.spaced


def _shares(group: list[Glyph]) -> list[Glyph]:
    letters = [(letter, glyph) for glyph in group for letter in glyph.text]
    if len(letters) == 1:
        return group
    weights = np.cumsum([0.0] + [0.6 if letter in "iljtf" else 1.0 for letter, _ in letters])
    shares = weights / weights[-1]
    first = group[0]
    pieces = []
    for number, (letter, glyph) in enumerate(letters):
        start, stop = float(shares[number]), float(shares[number + 1])
        pieces.append(
            replace(
                glyph,
                text=letter,
                left=first.left + start * first.width,
                right=first.left + stop * first.width,
                pen=first.pen + start * (first.end - first.pen),
                end=first.pen + stop * (first.end - first.pen),
                spaced=first.spaced and number == 0,
            )
        )
    return pieces


ACCENTS = {
    "`": "\u0300", "´": "\u0301", "^": "\u0302", "ˆ": "\u0302", "~": "\u0303", "˜": "\u0303", "¯": "\u0304",
    "˘": "\u0306", "˙": "\u0307", "¨": "\u0308", "˚": "\u030a", "˝": "\u030b", "ˇ": "\u030c", "¸": "\u0327",
    "˛": "\u0328",
}  # fmt: skip
"""Spacing accents, which old typesetting sets over or under a letter, and the combining marks they stand for."""


def join_marks(glyphs: list[Glyph]) -> list[Glyph]:
    """Accents drawn upon a letter, combining marks and conjoining jamo become one character with it (NFC)."""
    result: list[Glyph] = []
    for glyph in glyphs:
        joined = _joined(result[-1], glyph) if result else None
        if joined is None:
            result.append(glyph)
        else:
            result[-1] = joined
    return _join_stray_accents(result)


def _join_stray_accents(glyphs: list[Glyph]) -> list[Glyph]:
    """Accents that stand elsewhere in the PDF's order than the letters that they are drawn upon."""
    result = list(glyphs)
    for accent in [glyph for glyph in glyphs if glyph.text in ACCENTS]:
        for index, letter in enumerate(result):
            near = min(abs(accent.bottom - letter.top), abs(accent.top - letter.bottom)) < 0.35 * letter.size
            joined = _joined(letter, accent) if near and letter is not accent else None
            if joined is not None:
                result[index] = joined
                result.remove(accent)
                break
    return result


def _joined(first: Glyph, second: Glyph) -> Glyph | None:
    if first.angle != second.angle or abs(first.baseline - second.baseline) > second.size:
        return None
    if first.text in ACCENTS and _covers(second, first):
        base, mark = second, ACCENTS[first.text]
    elif second.text in ACCENTS and _covers(first, second):
        base, mark = first, ACCENTS[second.text]
    elif not second.spaced and (unicodedata.combining(second.text) or "\u1160" <= second.text <= "\u11ff"):
        base, mark = first, second.text
    else:
        return None
    letter = {"ı": "i", "ȷ": "j"}.get(base.text, base.text)
    text = unicodedata.normalize("NFC", letter + mark)
    if len(text) != 1:
        return None
    return replace(
        base,
        text=text,
        left=min(first.left, second.left),
        right=max(first.right, second.right),
        top=min(first.top, second.top),
        bottom=max(first.bottom, second.bottom),
        pen=min(first.pen, second.pen) if first is base else base.pen,
        spaced=first.spaced,
        known=first.known and second.known,
    )


def _covers(letter: Glyph, accent: Glyph) -> bool:
    """Whether the accent stands over or under the letter, not beside it."""
    shared = min(letter.right, accent.right) - max(letter.left, accent.left)
    return letter.text.isalpha() and shared > 0.5 * min(accent.width, letter.width)


def _text_of(code: int, unmapped: bool) -> tuple[str, bool]:
    """Text of a code point and whether it is certain; no text where nothing is to be seen (zero-width characters)."""
    if code in HYPHENS:
        return "-", True
    if code in LIGATURES:
        return LIGATURES[code], True
    if code > 0x10FFFF:
        return UNKNOWN, False
    character = chr(code)
    category = unicodedata.category(character)
    if category == "Cf" and not unmapped:
        return "", True
    if character.isspace():
        return " ", True
    if unmapped or category in ("Cc", "Co", "Cn", "Cs") or character == UNKNOWN:
        return UNKNOWN, False
    return unicodedata.normalize("NFC", character), True


def _snap(angle: float) -> float:
    """Degrees in [0, 360), to tenths; quarter turns exact."""
    quarter = round(angle / 90) * 90
    return float((quarter if abs(angle - quarter) < QUARTER_TOLERANCE else round(angle, 1)) % 360)


def _direction(angle: float) -> tuple[float, float]:
    """Cosine and sine, exact for quarter turns."""
    if angle % 90 == 0:
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(angle // 90) % 4]
    return math.cos(math.radians(angle)), math.sin(math.radians(angle))
