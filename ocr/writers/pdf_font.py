"""The font of invisible text: one blank box for every character, half an em wide, or a whole em for Hangul.

Its characters are numbered by their UTF-16 code, so that every script can be searched and copied without a real font
of megabytes; the idea is that of Tesseract's pdf.ttf. The box reaches from the baseline (descent 0) to one em above it,
so that a viewer marks exactly what a word's polygon covers.
"""

from __future__ import annotations

import base64
import ctypes
import zlib
from bisect import bisect_right

import pypdfium2.raw as pdfium_c

from ocr.errors import InputError

FONT = """
eNqVULtKQ0EUnPswiRLUSIqUURQsBB+FlWAThWAhxtJCN/HmgfcmIS9iZ2kZUGwsLfUjbBRL9Q8Ei2AdwSIkzu7dQHwgeGCWmTmcs7MLA8AYTmAh
vr27uJJ42bgDjHm6BxlPlBHGJvU59ULOPc7u3GcnqR+ol/KOOEz3EpLfEKt5GsFn6438lZjNe7Vm8JEMximPsFvKCO6LUd9ShzzRLGMEAeoQdbwo
POfq6fqI+oP6olyq1piLZbZkHzIrsTW3d7Y/sfYOy2rjl7LayrdgasOQXr8nT7+vNn0ZUY4FW3fMn0vNS6PFtDb+WeusQS6d4fv2OCN2fOgXmSoN
ENXJorw3pnw12+8rDF4h/1Rxo8N5zi1HpiOSd7WvfkT7knflrhCyeoOBUf+X1A1BKp/bQ35AcaaxZXcKk5qbGMeM5vaQH5A8WWwUqoW066ScXN0V
FSRRRAMFVIk0XDhIETnUyQUq+tV/1Cda71WA
"""
"""A TrueType font of 688 bytes, compressed: glyph 1 is 500 and glyph 2 is 1,000 of 1,000 units wide (see its test)."""

WIDE = (
    (0x1100, 0x115F),
    (0x2E80, 0xA4CF),
    (0xAC00, 0xD7A3),
    (0xF900, 0xFAFF),
    (0xFE30, 0xFE6F),
    (0xFF01, 0xFF60),
    (0xFFE0, 0xFFE6),
)
"""First and last code of what stands a whole em wide: Hangul, kana, ideographs and full-width forms."""

TO_UNICODE = b"""/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
1 beginbfrange
<0000> <FFFF> <0000>
endbfrange
endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


def load_font(document: pdfium_c.FPDF_DOCUMENT) -> pdfium_c.FPDF_FONT:
    """The font in a document, once for all of its pages; to be closed with ``FPDFFont_Close``."""
    font = zlib.decompress(base64.b64decode(FONT))
    glyphs = bytearray(b"\0\1" * 65536)
    for first, last in WIDE:
        glyphs[2 * first : 2 * last + 2] = b"\0\2" * (last - first + 1)
    arrays = [(ctypes.c_uint8 * len(data)).from_buffer_copy(data) for data in (font, glyphs)]
    loaded = pdfium_c.FPDFText_LoadCidType2Font(document, arrays[0], len(font), TO_UNICODE, arrays[1], len(glyphs))
    if not loaded:
        raise InputError("damaged", "PDFium could not put a font into the PDF")
    return loaded


def codes(text: str) -> list[int]:
    """The numbers of the characters: UTF-16, most significant byte first."""
    data = text.encode("utf-16-be", "replace")
    return [first << 8 | second for first, second in zip(data[::2], data[1::2], strict=True)]


def advance(numbers: list[int]) -> float:
    """Length of these characters in ems."""
    return sum(1.0 if is_wide(number) else 0.5 for number in numbers)


def is_wide(number: int) -> bool:
    index = bisect_right(WIDE, (number, 0x10FFFF)) - 1
    return index >= 0 and number <= WIDE[index][1]
