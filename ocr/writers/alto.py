"""ALTO 4.4, the format of libraries: one XML file a page, with polygons, confidences and characters (glyphs).

Format: https://www.loc.gov/standards/alto/
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree.ElementTree import SubElement

from ocr.polygon import bounds
from ocr.writers.markup import DECLARATION, Element, baseline, clean, good_pages, image_name, serialise, words_of
from ocr.writers.options import WriterOptions

if TYPE_CHECKING:
    from ocr.document import Block, Document, Line, Page, Word
    from ocr.polygon import Polygon
    from ocr.predict import DocumentStream

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
SCHEMA = f"{NAMESPACE} http://www.loc.gov/standards/alto/v4/alto-4-4.xsd"


def write(document: Document | DocumentStream, options: WriterOptions) -> Iterator[str]:
    """The file of each page that could be read."""
    for page in good_pages(document):
        yield DECLARATION + serialise(page_element(page, document.source, options))


def page_element(page: Page, source: str, options: WriterOptions) -> Element:
    import ocr

    root = Element(
        "alto",
        {
            "xmlns": NAMESPACE,
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:schemaLocation": SCHEMA,
            "SCHEMAVERSION": "4.4",
        },
    )
    description = SubElement(root, "Description")
    SubElement(description, "MeasurementUnit").text = "pixel"
    SubElement(SubElement(description, "sourceImageInformation"), "fileName").text = image_name(source)
    software = SubElement(SubElement(description, "Processing", ID="processing"), "processingSoftware")
    SubElement(software, "softwareName").text = "vitocr"
    SubElement(software, "softwareVersion").text = ocr.__version__
    if levels := sorted({block.heading for block in page.blocks if block.heading}):
        tags = SubElement(root, "Tags")
        for level in levels:
            SubElement(tags, "StructureTag", ID=heading_tag(level), LABEL="heading", DESCRIPTION=f"level {level}")
    size = {"WIDTH": str(page.width), "HEIGHT": str(page.height)}
    attributes = {"ID": f"page{page.number}", "PHYSICAL_IMG_NR": str(page.number), **size}
    element = SubElement(SubElement(root, "Layout"), "Page", attributes)
    space = SubElement(element, "PrintSpace", {"HPOS": "0", "VPOS": "0", **size})
    for number, block in enumerate((block for block in page.blocks if block.lines), 1):
        _add_block(space, block, f"block{number}", options)
    return root


def _add_block(parent: Element, block: Block, name: str, options: WriterOptions) -> None:
    role = {"TAGREFS": heading_tag(block.heading)} if block.heading else {}
    element = SubElement(parent, "TextBlock", {"ID": name, **box_attributes(block.polygon), **role})
    for number, line in enumerate((line for line in block.lines if words_of(line)), 1):
        _add_line(element, line, f"{name}_line{number}", options)


def heading_tag(level: int) -> str:
    return f"heading{level}"


def _add_line(parent: Element, line: Line, name: str, options: WriterOptions) -> None:
    foot = {"BASELINE": points_text(baseline(line.polygon))}
    element = SubElement(parent, "TextLine", {"ID": name, **box_attributes(line.polygon), **foot})
    _add_shape(element, line.polygon)
    for number, word in enumerate(words_of(line), 1):
        if number > 1:
            SubElement(element, "SP")
        _add_word(element, word, f"{name}_word{number}", options)


def _add_word(parent: Element, word: Word, name: str, options: WriterOptions) -> None:
    attributes = {"ID": name, **box_attributes(word.polygon), "CONTENT": clean(word.text), "WC": sure(word.confidence)}
    element = SubElement(parent, "String", attributes)
    _add_shape(element, word.polygon)
    if not options.chars or any(len(char.text) != 1 for char in word.chars):
        return  # a Glyph holds exactly one code point, and a word all of its glyphs or none
    for char in word.chars:
        attributes = {**box_attributes(char.polygon), "CONTENT": clean(char.text), "GC": sure(char.confidence)}
        _add_shape(SubElement(element, "Glyph", attributes), char.polygon)


def _add_shape(parent: Element, polygon: Polygon) -> None:
    SubElement(SubElement(parent, "Shape"), "Polygon", POINTS=points_text(polygon))


def points_text(points: Polygon) -> str:
    return " ".join(f"{x:.10g},{y:.10g}" for x, y in points)


def box_attributes(polygon: Polygon) -> dict[str, str]:
    left, top, right, bottom = bounds(polygon)
    values = {"HPOS": left, "VPOS": top, "WIDTH": right - left, "HEIGHT": bottom - top}
    return {name: f"{round(value, 2):.10g}" for name, value in values.items()}


def sure(confidence: float) -> str:
    """Confidence as ALTO wants it, from 0 to 1."""
    return f"{min(max(confidence, 0.0), 1.0):.4f}" if math.isfinite(confidence) else "0"
