"""PAGE XML 2019 (PRImA; Transkribus, eScriptorium, OCR-D): one XML file a page, with polygons, confidences and glyphs.

Its points are whole pixels.

Format: https://ocr-d.de/en/gt-guidelines/pagexml/pagecontent_xsd_Complex_Type_pc_PcGtsType.html
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from xml.etree.ElementTree import SubElement

from ocr.writers.markup import DECLARATION, Element, baseline, clean, good_pages, image_name, serialise
from ocr.writers.options import WriterOptions

if TYPE_CHECKING:
    from ocr.document import Block, Document, Line, Page, Word
    from ocr.polygon import Polygon
    from ocr.predict import DocumentStream

NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"


def write(document: Document | DocumentStream, options: WriterOptions) -> Iterator[str]:
    """The file of each page that could be read."""
    for page in good_pages(document):
        yield DECLARATION + serialise(page_element(page, document.source, options))


def page_element(page: Page, source: str, options: WriterOptions) -> Element:
    import ocr

    root = Element("PcGts", {"xmlns": NAMESPACE})
    metadata = SubElement(root, "Metadata")
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    for name, text in (("Creator", f"vitocr {ocr.__version__}"), ("Created", now), ("LastChange", now)):
        SubElement(metadata, name).text = text
    size = {"imageWidth": str(page.width), "imageHeight": str(page.height)}
    element = SubElement(root, "Page", {"imageFilename": image_name(source), **size})
    blocks = [block for block in page.blocks if block.lines]
    if blocks:
        group = SubElement(SubElement(element, "ReadingOrder"), "OrderedGroup", id="order")
    for number in range(len(blocks)):
        SubElement(group, "RegionRefIndexed", index=str(number), regionRef=f"r{number + 1}")
    for number, block in enumerate(blocks, 1):
        _add_region(element, block, f"r{number}", options)
    return root


def _add_region(parent: Element, block: Block, name: str, options: WriterOptions) -> None:
    element = SubElement(parent, "TextRegion", {"id": name, **({"type": "heading"} if block.heading else {})})
    SubElement(element, "Coords", points=points_text(block.polygon))
    for number, line in enumerate(block.lines, 1):
        _add_line(element, line, f"{name}_l{number}", options)
    _add_text(element, "\n".join(line.text for line in block.lines), None)


def _add_line(parent: Element, line: Line, name: str, options: WriterOptions) -> None:
    element = SubElement(parent, "TextLine", id=name)
    SubElement(element, "Coords", points=points_text(line.polygon))
    SubElement(element, "Baseline", points=points_text(baseline(line.polygon)))
    for number, word in enumerate(line.words, 1):
        _add_word(element, word, f"{name}_w{number}", options)
    _add_text(element, line.text, line.confidence)


def _add_word(parent: Element, word: Word, name: str, options: WriterOptions) -> None:
    element = SubElement(parent, "Word", id=name)
    SubElement(element, "Coords", points=points_text(word.polygon))
    for number, char in enumerate(word.chars if options.chars else (), 1):
        glyph = SubElement(element, "Glyph", id=f"{name}_g{number}")
        SubElement(glyph, "Coords", points=points_text(char.polygon))
        _add_text(glyph, char.text, char.confidence)
    _add_text(element, word.text, word.confidence)


def _add_text(parent: Element, text: str, confidence: float | None) -> None:
    known = confidence is not None and math.isfinite(confidence)
    attributes = {"conf": f"{min(max(confidence or 0.0, 0.0), 1.0):.4f}"} if known else {}
    SubElement(SubElement(parent, "TextEquiv", attributes), "Unicode").text = clean(text)


def points_text(points: Polygon) -> str:
    """``x,y x,y``; the schema knows neither fractions nor numbers below 0."""
    return " ".join(f"{max(round(x), 0)},{max(round(y), 0)}" for x, y in points)
