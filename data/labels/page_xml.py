"""PAGE XML (PRImA, all versions since 2010; Transkribus, eScriptorium, OCR-D): regions, lines, words, glyphs.

Format: https://ocr-d.de/en/gt-guidelines/pagexml/pagecontent_xsd_Complex_Type_pc_PcGtsType.html
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ocr.data.label_options import LabelOptions
from ocr.data.labels.label_files import image_size, nfc
from ocr.data.labels.place_words import in_reading_direction
from ocr.data.labels.text_quad import text_quad
from ocr.data.labels.xml_file import Element, children, find_image, label_files, parse_points, parse_xml
from ocr.data.samples import Sample
from ocr.document import Block, Char, Line, Page, Word
from ocr.errors import InputError
from ocr.polygon import Polygon


def recognises(path: Path) -> bool:
    """An XML file with the root ``PcGts``, or a folder (or one with a folder ``page``) of such files."""
    return bool(label_files(path, "PcGts"))


def read(path: Path, options: LabelOptions) -> list[Sample]:
    """One sample a file. Raises InputError naming the file, UsageError for images outside the folder."""
    return [_sample(file, options) for file in label_files(path, "PcGts")]


def _sample(file: Path, options: LabelOptions) -> Sample:
    element = next(children(parse_xml(file), "Page"), None)
    if element is None:
        raise InputError("damaged", f"{file}: PAGE XML without a Page element")
    image = find_image(file, element.get("imageFilename", ""), options)
    try:
        size = (int(float(element.get("imageWidth", 0))), int(float(element.get("imageHeight", 0))))
        lines = [line for region in _ordered_regions(element) for line in _region_lines(region, options)]
    except ValueError as error:
        raise InputError("damaged", f"{file}: {error}") from error
    size = size if min(size) > 0 else image_size(image)
    page = Page(1, *size, (Block(tuple(lines)),) if lines else ())
    return Sample(image, page, lang=element.get("primaryLanguage"), size=size, source=str(file))


def _ordered_regions(page: Element) -> list[Element]:
    """Text regions, also nested ones, in the ReadingOrder if there is one; those it leaves out come last."""
    regions = list(page.iter("TextRegion"))
    order = next(page.iter("ReadingOrder"), None)
    if order is None:
        return regions
    listed = [element.get("regionRef", "") for element in _in_reading_order(order) if element.get("regionRef")]
    place = {name: index for index, name in enumerate(listed)}
    return sorted(regions, key=lambda region: place.get(region.get("id", ""), len(place)))


def _in_reading_order(group: Element) -> Iterator[Element]:
    for child in sorted(group, key=lambda element: int(element.get("index", 0))):
        yield child
        yield from _in_reading_order(child)


def _region_lines(region: Element, options: LabelOptions) -> list[Line]:
    lines = list(children(region, "TextLine"))
    if lines:
        return [_line(line, (region.get("type") or "").lower() in options.ignore_kinds) for line in lines]
    outline = _outline(region)
    if not outline or next(children(region, "TextRegion"), None) is not None:
        return []
    return [Line(_text(region).replace("\n", " "), text_quad(outline), ignore=True)]  # its lines are not labelled


def _line(element: Element, ignore: bool) -> Line:
    baseline_element = next(children(element, "Baseline"), None)
    baseline = _points(baseline_element) if baseline_element is not None else []
    quad = text_quad(_outline(element), baseline if len(baseline) > 1 else None)
    words = tuple(word for child in children(element, "Word") if (word := _word(child, quad)) is not None)
    words = in_reading_direction(words, quad)
    text = _text(element) or " ".join(word.text for word in words)
    return Line(text, quad, words=words, ignore=ignore or not text)


def _word(element: Element, line: Polygon) -> Word | None:
    outline, text = _outline(element), _text(element)
    glyphs = [(glyph, _outline(glyph)) for glyph in children(element, "Glyph")]
    chars = tuple(Char(_text(glyph), text_quad(points, line[:2])) for glyph, points in glyphs if points)
    text = text or "".join(char.text for char in chars)
    return Word(text, text_quad(outline, line[:2]), chars=chars) if text and outline else None


def _text(element: Element) -> str:
    """The best reading: the TextEquiv of the lowest ``index``."""
    readings = sorted(children(element, "TextEquiv"), key=lambda reading: int(reading.get("index", 0)))
    for reading in readings:
        unicode = next(children(reading, "Unicode"), None)
        if unicode is not None and unicode.text and unicode.text.strip():
            return nfc(unicode.text.strip())
    return ""


def _outline(element: Element) -> list[tuple[float, float]]:
    coords = next(children(element, "Coords"), None)
    return _points(coords) if coords is not None else []


def _points(element: Element) -> list[tuple[float, float]]:
    """Of the attribute ``points``, or of ``Point`` children, as before 2013."""
    nested = [(float(point.get("x", "nan")), float(point.get("y", "nan"))) for point in children(element, "Point")]
    return nested or parse_points(element.get("points"))
