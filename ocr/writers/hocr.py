"""hOCR 1.2: HTML whose elements carry boxes and confidences, as Tesseract writes and OCRmyPDF and hocr-tools read it.

Boxes are upright, in whole pixels. What is turned has a ``textangle`` and, for lines, words and characters of any
direction, a ``poly`` with its true corners. hOCR has no headings within its boxes; those of a page have the role and
level of WAI-ARIA, which readers of HTML know and readers of hOCR pass over.

Format: https://kba.github.io/hocr-spec/1.2/
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree.ElementTree import SubElement

from ocr.writers.markup import (
    DECLARATION,
    Element,
    baseline,
    clean,
    good_pages,
    serialise,
    whole_box,
    words_of,
)
from ocr.writers.options import WriterOptions

if TYPE_CHECKING:
    from ocr.document import Block, Document, Line, Page, Word
    from ocr.polygon import Polygon
    from ocr.predict import DocumentStream

HEAD = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" \
"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
"""
CAPABILITIES = "ocr_page ocr_carea ocr_par ocr_line ocrx_word ocrx_cinfo ocrp_wconf ocrp_poly"
SLOPED = 10.0
"""Degrees up to which a line is told by the slope of its baseline, as Tesseract does, and not by its angle."""


def write(document: Document | DocumentStream, options: WriterOptions) -> Iterator[str]:
    """The document, a page at a time; pages that could not be read are left out and keep their number."""
    import ocr

    head = Element("head")
    SubElement(head, "title").text = clean(document.source)
    SubElement(head, "meta", {"http-equiv": "Content-Type", "content": "text/html;charset=utf-8"})
    SubElement(head, "meta", name="ocr-system", content=f"vitocr {ocr.__version__}")
    SubElement(head, "meta", name="ocr-capabilities", content=CAPABILITIES)
    yield DECLARATION + HEAD + serialise(head, 1) + " <body>\n"
    for page in good_pages(document):
        yield joined_characters(serialise(page_element(page, document.source, options), 2))
    yield " </body>\n</html>\n"


def page_element(page: Page, source: str, options: WriterOptions) -> Element:
    name = clean(source).replace('"', "'").replace(";", ",")  # which would end the name or the property
    title = f'image "{name}"; bbox 0 0 {page.width} {page.height}; ppageno {page.number - 1}'
    if options.resolution is not None:
        title += f"; scan_res {options.resolution} {options.resolution}"
    element = Element("div", {"class": "ocr_page", "id": f"page_{page.number}", "title": title})
    for number, block in enumerate((block for block in page.blocks if block.lines), 1):
        _add_block(element, block, page, f"{page.number}_{number}", options)
    return element


def _add_block(parent: Element, block: Block, page: Page, number: str, options: WriterOptions) -> None:
    title = box_property(block.polygon, page)
    area = SubElement(parent, "div", {"class": "ocr_carea", "id": f"block_{number}", "title": title})
    role = {"role": "heading", "aria-level": str(block.heading)} if block.heading else {}
    paragraph = SubElement(area, "p", {"class": "ocr_par", "id": f"par_{number}", "title": title, **role})
    for index, line in enumerate(block.lines, 1):
        _add_line(paragraph, line, page, f"{number}_{index}", options)


def _add_line(parent: Element, line: Line, page: Page, number: str, options: WriterOptions) -> None:
    title = f"{place(line.polygon, page)}; {direction(line.polygon, page)}"
    element = SubElement(parent, "span", {"class": "ocr_line", "id": f"line_{number}", "title": title})
    for index, word in enumerate(words_of(line), 1):
        _add_word(element, word, page, f"{number}_{index}", options)


def _add_word(parent: Element, word: Word, page: Page, number: str, options: WriterOptions) -> None:
    title = f"{place(word.polygon, page)}; x_wconf {round(100 * word.confidence)}"
    element = SubElement(parent, "span", {"class": "ocrx_word", "id": f"word_{number}", "title": title})
    if not (options.chars and word.chars):
        element.text = clean(word.text)
        return
    for char in word.chars:
        left, top, right, bottom = whole_box(char.polygon, page)
        title = f"x_bboxes {left} {top} {right} {bottom}; x_conf {100 * char.confidence:.2f}"
        SubElement(element, "span", {"class": "ocrx_cinfo", "title": title}).text = clean(char.text)


def place(polygon: Polygon, page: Page) -> str:
    """``bbox``, and ``poly`` if that says more."""
    points = [(min(max(x, 0), page.width), min(max(y, 0), page.height)) for x, y in polygon]
    if {x for x, _ in polygon} <= {polygon[0][0], polygon[2][0]} and polygon[0][1] == polygon[1][1]:
        return box_property(polygon, page)
    return f"{box_property(polygon, page)}; poly " + " ".join(f"{x:.1f} {y:.1f}" for x, y in points)


def joined_characters(markup: str) -> str:
    """The indented markup without space between the characters of a word, which would cut it up."""
    return re.sub(r"\s*(<span class=\"ocrx_cinfo\".*?</span>)(?:\s*(?=</span>))?", r"\1", markup)


def box_property(polygon: Polygon, page: Page) -> str:
    return "bbox " + " ".join(map(str, whole_box(polygon, page)))


def direction(polygon: Polygon, page: Page) -> str:
    """Slope and height of the baseline over the lower left corner of the box, or the angle of a turned line."""
    (left, foot), (right, end) = baseline(polygon)
    angle = math.degrees(math.atan2(foot - end, right - left))  # counter-clockwise, as y points down
    if abs(angle) > SLOPED:
        return f"textangle {angle:.2f}"
    slope = (end - foot) / max(right - left, 1e-6)
    box_left, _, _, box_bottom = whole_box(polygon, page)
    return f"baseline {slope:.4f} {foot + slope * (box_left - left) - box_bottom:.1f}"
