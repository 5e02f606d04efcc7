"""Our own format: JSON lines, one image a line.

Pages: ``{"image", "width", "height", "lines": [{"text", "polygon", "words"?, "ignore"?, "kind"?}], "words"?, "text"?,
"lang"?, "kind"?}``; words are ``{"text", "polygon", "chars"?}``, characters ``{"text", "polygon"}``. Line or word crops
and pages without polygons: ``{"image", "text"}``. ``image`` is relative to the folder of the manifest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ocr.data.fixed_file import FixedFile, Span
from ocr.data.label_options import LabelOptions
from ocr.data.labels.label_files import image_size, nfc, read_text, refused, resolve_image
from ocr.data.labels.place_words import place_words
from ocr.data.labels.stored_rows import is_large, stored_rows
from ocr.data.samples import Sample, text_rows
from ocr.document import Block, Char, Line, Page, Word
from ocr.errors import InputError
from ocr.polygon import Polygon

DECODER = json.JSONDecoder()


def recognises(path: Path) -> bool:
    """A ``.jsonl`` file whose first line names an ``image``."""
    if path.suffix != ".jsonl" or not path.is_file():
        return False
    with path.open("rb") as file:
        return b'"image"' in file.readline(1_000_000)


def read(path: Path, options: LabelOptions) -> Sequence[Sample]:
    """The samples of a manifest. Raises InputError naming file and line, UsageError for paths outside the folder."""
    if is_large(path, options):
        return stored_rows(FixedFile.of(path), _row, options, _glance)
    rows = enumerate(read_text(path, options).split("\n"), start=1)
    return [_row(row, path.parent, options, f"{path}:{number}") for number, row in rows if row.strip()]


def _glance(row: str, folder: str, options: LabelOptions) -> tuple[str | None, list[str]] | None:
    """Language and texts of the row of a crop or page without polygons; None for rows that :func:`_row` has to read."""
    try:
        entry, end = DECODER.raw_decode(row)
        text, image = entry["text"], entry["image"]
    except (KeyError, TypeError, ValueError):
        return None
    if end < len(row) or "lines" in entry or not type(text) is type(image) is str:
        return None
    if not type(entry.get("width", 0)) is type(entry.get("height", 0)) is int:
        return None
    if not options.allow_outside and refused(folder, image):
        return None
    return entry.get("lang"), text_rows(nfc(text))


def _row(row: str, root: Path, options: LabelOptions, source: str) -> Sample:
    try:
        return _sample(json.loads(row), root, options, source)
    except json.JSONDecodeError as error:
        raise InputError("damaged", f"{source}: not JSON ({error.msg} at column {error.colno})") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        rule = 'expected {"image", "lines": [{"text", "polygon"}]} or {"image", "text"}'
        raise InputError("damaged", f"{source}: {type(error).__name__} {error}; {rule}") from error


def _sample(entry: Mapping[str, Any], root: Path, options: LabelOptions, source: str) -> Sample:
    return labelled_sample(entry, resolve_image(root, entry["image"], options, source), options, source)


def labelled_sample(
    entry: Mapping[str, Any], image: Path, options: LabelOptions, source: str, span: Span | None = None
) -> Sample:
    """A sample of what is said about its image, which may lie in a tar file.

    Raises KeyError, TypeError, ValueError or AttributeError if that is not of our format.
    """
    text = nfc(entry["text"]) if entry.get("text") is not None else None
    size = (int(entry["width"]), int(entry["height"])) if "width" in entry and "height" in entry else None
    page = None
    if "lines" in entry:
        size = size or image_size(image, span)
        lines = [_line(line, options) for line in entry["lines"]]
        if entry.get("words"):
            lines = place_words(lines, [_word(word) for word in entry["words"]])
        page = Page(1, *size, (Block(tuple(lines)),) if lines else ())
    elif text is None:
        raise KeyError("text")
    return Sample(image, page, text, entry.get("lang"), entry.get("kind"), size, source, span)


def _line(entry: Mapping[str, Any], options: LabelOptions) -> Line:
    ignore = bool(entry.get("ignore")) or (entry.get("kind") or "").lower() in options.ignore_kinds
    words = tuple(_word(word) for word in entry.get("words", ()))
    return Line(nfc(entry.get("text") or ""), _polygon(entry["polygon"]), words=words, ignore=ignore)


def _word(entry: Mapping[str, Any]) -> Word:
    chars = tuple(Char(nfc(char["text"]), _polygon(char["polygon"])) for char in entry.get("chars", ()))
    return Word(nfc(entry["text"]), _polygon(entry["polygon"]), chars=chars)


def _polygon(points: Sequence[Sequence[float]]) -> Polygon:
    return tuple((round(float(x), 2), round(float(y), 2)) for x, y in points)
