"""What the XML and HTML formats have in common: text that XML can hold, points, boxes, and the pages worth writing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from ocr.polygon import bounds
from ocr.writers.output import as_utf8

if TYPE_CHECKING:
    from ocr.document import Document, Line, Page, Word
    from ocr.polygon import Polygon
    from ocr.predict import DocumentStream

Element = ElementTree.Element

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """The text with a replacement character for each one that XML 1.0 forbids, such as those of a damaged file name."""
    return NOT_XML.sub("\ufffd", as_utf8(text))


def image_name(source: str) -> str:
    """The name of the file without its folders, by which other programs look for the picture beside the text."""
    return clean(Path(source).name)


def good_pages(document: Document | DocumentStream) -> Iterator[Page]:
    """The pages that could be read; the others have no size, and the formats no way to say why."""
    return (page for page in document.pages if page.error is None)


def baseline(polygon: Polygon) -> tuple[tuple[float, float], tuple[float, float]]:
    """Left and right end, in reading direction, of the lower side of a polygon."""
    return polygon[-1], polygon[len(polygon) // 2]


def words_of(line: Line) -> tuple[Word, ...]:
    """The words of a line; the whole line as one where it was not cut into words."""
    from ocr.document import Word

    if line.words or not line.text:
        return line.words
    return (Word(line.text, line.polygon, line.confidence),)


def whole_box(polygon: Polygon, page: Page) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the box around the polygon in whole pixels of the page."""
    left, top, right, bottom = (round(value) for value in bounds(polygon))
    left, top = min(max(left, 0), page.width), min(max(top, 0), page.height)
    return left, top, max(min(right, page.width), left), max(min(bottom, page.height), top)


def serialise(element: Element, level: int = 0) -> str:
    """The element as indented XML, at a depth of ``level``."""
    ElementTree.indent(element, " ", level)
    return " " * level + ElementTree.tostring(element, encoding="unicode", short_empty_elements=True) + "\n"
