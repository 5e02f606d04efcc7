"""Invisible text over the words of a PDF page, written by PDFium; runs inside :mod:`ocr.writers.pdf_worker`.

Each word is a piece of text of its own, stretched over its four corners at any angle, with a space behind it where its
line goes on. What the page says as text already (a born-digital page, a stamp, earlier OCR) is not said twice.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium_c

from ocr.errors import InputError
from ocr.writers.pdf_font import advance, codes

LEVEL_RISE = 1.8
"""Points by which a word may rise along its way and still be laid level.

Programs that extract text (Poppler) cut words with slanted baselines into letters. The text then lies at most half of
it, 2 pixels at 150 dpi, beside the word.
"""

Vector = tuple[float, float]


class PlacedWord(NamedTuple):
    """A word and where it stands: lower left corner, way along the text and way up, in pixels of the displayed page."""

    text: str
    origin: Vector
    along: Vector
    up: Vector
    last: bool
    """Whether its line ends with it."""


class PageSpace(NamedTuple):
    """From pixels of the displayed page to the points of the PDF page, whose own rotation and crop it knows."""

    origin: Vector
    right: Vector
    """What one pixel to the right is in points."""
    down: Vector

    def vector(self, way: Vector) -> Vector:
        x, y = way
        return self.right[0] * x + self.down[0] * y, self.right[1] * x + self.down[1] * y

    def point(self, place: Vector) -> Vector:
        x, y = self.vector(place)
        return self.origin[0] + x, self.origin[1] + y


def add_words(
    document: pypdfium2.PdfDocument,
    page: pypdfium2.PdfPage,
    font: pdfium_c.FPDF_FONT,
    words: Iterable[PlacedWord],
    size: tuple[int, int],
) -> None:
    """Lay the words over a page that was read as a picture of ``size`` (width, height) pixels."""
    space = page_space(page, size)
    present = text_boxes(page)
    added = False
    for word in words:
        centre = space.point(
            (word.origin[0] + (word.along[0] + word.up[0]) / 2, word.origin[1] + (word.along[1] + word.up[1]) / 2)
        )
        if not any(left <= centre[0] <= right and low <= centre[1] <= high for left, low, right, high in present):
            added = add_word(document, page, font, word, space) or added
    if added and not pdfium_c.FPDFPage_GenerateContent(page.raw):
        raise InputError("damaged", "PDFium could not write text into a page of the PDF")


def page_space(page: pypdfium2.PdfPage, size: tuple[int, int]) -> PageSpace:
    """The mapping that PDFium itself renders with."""
    width, height = size
    x, y = ctypes.c_double(), ctypes.c_double()
    corners = []
    for device in ((0, 0), (width, 0), (0, height)):
        pdfium_c.FPDF_DeviceToPage(page.raw, 0, 0, width, height, 0, *device, ctypes.byref(x), ctypes.byref(y))
        corners.append((x.value, y.value))
    origin, right, low = corners
    return PageSpace(
        origin,
        ((right[0] - origin[0]) / width, (right[1] - origin[1]) / width),
        ((low[0] - origin[0]) / height, (low[1] - origin[1]) / height),
    )


def text_boxes(page: pypdfium2.PdfPage) -> Sequence[tuple[float, float, float, float]]:
    """Left, bottom, right, top of the pieces of text that the page has."""
    text = page.get_textpage()
    try:
        return [text.get_rect(index) for index in range(text.count_rects())]
    finally:
        text.close()


def add_word(
    document: pypdfium2.PdfDocument,
    page: pypdfium2.PdfPage,
    font: pdfium_c.FPDF_FONT,
    word: PlacedWord,
    space: PageSpace,
) -> bool:
    """False for a word without letters or without extent, which is left out."""
    letters = codes(word.text)
    placed = level(space.point(word.origin), space.vector(word.along), space.vector(word.up))
    origin, along, up = placed
    size = math.hypot(*up)
    if not letters or size < 1e-3 or math.hypot(*along) < 1e-3:
        return False
    ems = advance(letters) * size
    numbers = letters if word.last else [*letters, 0x20]
    text = pdfium_c.FPDFPageObj_CreateTextObj(document.raw, font, size)
    pdfium_c.FPDFText_SetCharcodes(text, (ctypes.c_uint32 * len(numbers))(*numbers), len(numbers))
    pdfium_c.FPDFTextObj_SetTextRenderMode(text, pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE)
    matrix = (along[0] / ems, along[1] / ems, up[0] / size, up[1] / size, *origin)
    pdfium_c.FPDFPageObj_SetMatrix(text, pdfium_c.FS_MATRIX(*matrix))
    pdfium_c.FPDFPage_InsertObject(page.raw, text)
    return True


def level(origin: Vector, along: Vector, up: Vector) -> tuple[Vector, Vector, Vector]:
    """The same place with sides along the axes of the page if the word is slanted so little that nobody sees it."""
    (x, y), (rise_x, rise_y) = along, up
    if abs(y) <= LEVEL_RISE and abs(x) > abs(y):
        return (origin[0] + rise_x / 2, origin[1] + y / 2), (x, 0.0), (0.0, rise_y)
    if abs(x) <= LEVEL_RISE and abs(y) > abs(x):
        return (origin[0] + x / 2, origin[1] + rise_y / 2), (0.0, y), (rise_x, 0.0)
    return origin, along, up
