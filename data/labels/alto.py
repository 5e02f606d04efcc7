"""ALTO XML, versions 1 to 4 (libraries, kraken, eScriptorium): lines, strings, glyphs.

Format: https://www.loc.gov/standards/alto/
"""

from __future__ import annotations

from pathlib import Path

from ocr.data.label_options import LabelOptions
from ocr.data.labels.label_files import image_size, nfc
from ocr.data.labels.text_quad import text_quad
from ocr.data.labels.xml_file import Element, children, find_image, label_files, parse_points, parse_xml
from ocr.data.samples import Sample
from ocr.document import Block, Char, Line, Page, Word
from ocr.errors import InputError
from ocr.polygon import Polygon, from_box

Points = list[tuple[float, float]]
Scale = tuple[float, float]
HYPHENS = {"\u00ad": "-", "\u00ac": "-"}
"""Soft hyphen and not sign, which files put in HYP for the hyphen that is printed at the end of a line."""


def recognises(path: Path) -> bool:
    """An XML file with the root ``alto``, or a folder (or one with a folder ``alto``) of such files."""
    return bool(label_files(path, "alto"))


def read(path: Path, options: LabelOptions) -> list[Sample]:
    """One sample a file. Raises InputError naming the file, UsageError for images outside the folder."""
    return [_sample(file, options) for file in label_files(path, "alto")]


def _sample(file: Path, options: LabelOptions) -> Sample:
    root = parse_xml(file)
    pages = list(root.iter("Page"))
    if len(pages) != 1:
        raise InputError(
            "unsupported", f"{file}: ALTO with {len(pages)} pages; give one file a page, each beside its image"
        )
    image = find_image(file, (root.findtext(".//sourceImageInformation/fileName") or "").strip(), options)
    try:
        width, height = (float(pages[0].get(name) or 0) for name in ("WIDTH", "HEIGHT"))
        is_pixel = (root.findtext(".//MeasurementUnit") or "pixel").strip() == "pixel"
        size = (round(width), round(height)) if is_pixel and width > 0 and height > 0 else image_size(image)
        scale = (1.0, 1.0) if is_pixel or not width or not height else (size[0] / width, size[1] / height)
        kinds = {tag.get("ID", ""): tag.get("LABEL", "") for tags in root.iter("Tags") for tag in tags}
        lines = [_line(line, scale, _kinds(line, kinds), options) for line in pages[0].iter("TextLine")]
    except ValueError as error:
        raise InputError("damaged", f"{file}: {error}") from error
    page = Page(1, *size, (Block(tuple(lines)),) if lines else ())
    return Sample(image, page, lang=_language(pages[0]), size=size, source=str(file))


def _line(element: Element, scale: Scale, kinds: set[str], options: LabelOptions) -> Line:
    baseline = _baseline(element, scale)
    quad = text_quad(_outline(element, scale), baseline if len(baseline) > 1 else None)
    text = line_text(element)
    words = tuple(word for child in children(element, "String") if (word := _word(child, scale, quad)) is not None)
    return Line(text, quad, words=words, ignore=not text or bool(kinds & options.ignore_kinds))


def line_text(element: Element) -> str:
    """Strings joined by the spaces (SP) between them, or by one space each if the line has no SP; HYP as printed."""
    has_spaces = next(children(element, "SP"), None) is not None
    parts: list[str] = []
    for child in element:
        if child.tag == "String":
            if parts and not has_spaces:
                parts.append(" ")
            parts.append(child.get("CONTENT", ""))
        elif child.tag == "SP":
            parts.append(" ")
        elif child.tag == "HYP":
            hyphen = HYPHENS.get(child.get("CONTENT", "-"), child.get("CONTENT", "-"))
            parts = [*parts, hyphen] if not "".join(parts).endswith(hyphen) else parts
    return nfc(" ".join("".join(parts).split(" "))).strip()


def _word(element: Element, scale: Scale, line: Polygon) -> Word | None:
    """None for a String without place or text, or one that holds a whole line."""
    text, outline = nfc(element.get("CONTENT", "").strip()), _outline(element, scale)
    if not text or not outline or " " in text:
        return None
    glyphs = [(glyph, _outline(glyph, scale)) for glyph in children(element, "Glyph")]
    chars = tuple(Char(nfc(g.get("CONTENT", "")), text_quad(points, line[:2])) for g, points in glyphs if points)
    return Word(text, text_quad(outline, line[:2]), chars=chars)


def _outline(element: Element, scale: Scale) -> Points:
    """The Shape's Polygon, else the box of HPOS, VPOS, WIDTH, HEIGHT, in pixels; empty if neither is there."""
    shape = next(children(element, "Shape"), None)
    polygon = next(children(shape, "Polygon"), None) if shape is not None else None
    points = parse_points(polygon.get("POINTS")) if polygon is not None else []
    box = [element.get(name) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT")]
    if len(points) < 3 and None not in box:
        left, top, width, height = (float(value or 0) for value in box)
        points = list(from_box(left, top, left + width, top + height)) if width > 0 and height > 0 else []
    return [(x * scale[0], y * scale[1]) for x, y in points]


def _baseline(element: Element, scale: Scale) -> Points:
    """Points, also where the attribute is one number (the height of a level line), as before ALTO 4.1."""
    given = element.get("BASELINE") or ""
    if len(given.split()) == 1 and "," not in given:
        return []
    return [(x * scale[0], y * scale[1]) for x, y in parse_points(given)]


def _kinds(element: Element, labels: dict[str, str]) -> set[str]:
    """Names of the line's tags, lower case; of eScriptorium's ``DefaultLine:Print`` also the part after the colon."""
    names = [labels[tag].lower() for tag in (element.get("TAGREFS") or "").split() if tag in labels]
    return {part for name in names for part in (name, name.rpartition(":")[2])}


def _language(page: Element) -> str | None:
    languages = (element.get("LANG") or element.get("language") for element in page.iter())
    return next((language for language in languages if language), None)
