"""The result tree that every part of the toolkit reads or writes.

``Document > Page > Block > Line > Word > Char``. Polygons are in pixels of the displayed image (after EXIF
orientation), x right, y down, clockwise from the top left of the text; confidences lie in [0, 1]; children stand in
reading order. Ground truth uses the same classes: a labelled page is a ``Page`` with confidence 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ocr.errors import Failure
from ocr.polygon import Polygon, as_polygon, from_box, total_bounds


@dataclass(frozen=True, slots=True)
class Char:
    text: str
    polygon: Polygon
    confidence: float = 1.0

    def __reduce__(self) -> tuple[type[Char], tuple[str, Polygon, float]]:
        """Pages travel between processes: a quarter of the time that a dataclass's own way takes."""
        return Char, (self.text, self.polygon, self.confidence)


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    polygon: Polygon
    confidence: float = 1.0
    chars: tuple[Char, ...] = ()

    def __reduce__(self) -> tuple[type[Word], tuple[str, Polygon, float, tuple[Char, ...]]]:
        return Word, (self.text, self.polygon, self.confidence, self.chars)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Characters ``start`` to ``stop`` of a line's text that may be something else.

    ``readings`` are texts with the log-probability (nats) that the recogniser gives them, first what the line says.
    """

    start: int
    stop: int
    readings: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """A change of a line's text: ``original`` became ``text``, which begins at character ``start`` of the new line.

    ``confidence`` is the recogniser's in the original, in [0, 1]; ``reason`` says what spoke for the change.
    """

    start: int
    original: str
    text: str
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text. ``ignore`` marks a labelled region that must be neither trained on nor scored.

    ``doubts`` are there if the reader was asked for alternatives, ``corrections`` if the line was corrected.
    """

    text: str
    polygon: Polygon
    confidence: float = 1.0
    words: tuple[Word, ...] = ()
    ignore: bool = False
    doubts: tuple[Doubt, ...] = ()
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together: a paragraph, a cell, a heading of level 1 (the highest) to 6; 0 is no heading."""

    lines: tuple[Line, ...]
    heading: int = 0

    @property
    def polygon(self) -> Polygon:
        return from_box(*total_bounds(line.polygon for line in self.lines))


@dataclass(frozen=True, slots=True)
class Page:
    """One page; ``number`` counts from 1, sizes are in pixels. ``error`` is set if it could not be read."""

    number: int
    width: int
    height: int
    blocks: tuple[Block, ...] = ()
    error: Failure | None = None

    @property
    def lines(self) -> Iterator[Line]:
        return (line for block in self.blocks for line in block.lines)

    @property
    def words(self) -> Iterator[Word]:
        return (word for line in self.lines for word in line.words)

    @property
    def text(self) -> str:
        """Lines joined by a line break, blocks by an empty line."""
        return "\n\n".join("\n".join(line.text for line in block.lines) for block in self.blocks)


@dataclass(frozen=True, slots=True)
class Document:
    """What was read from one input. ``source`` is the path as given; ``error`` is set if nothing was read."""

    source: str
    pages: tuple[Page, ...] = ()
    error: Failure | None = None

    @property
    def text(self) -> str:
        return "\n\n".join(page.text for page in self.pages)

    @property
    def failed(self) -> bool:
        return self.error is not None or any(page.error for page in self.pages)


def document_to_dict(document: Document, *, chars: bool = False) -> dict[str, Any]:
    """The JSON object of DESIGN section 9; ``chars`` adds the characters to each word."""
    if document.error is not None:
        return {"source": document.source, "error": failure_to_dict(document.error)}
    return {"source": document.source, "pages": [page_to_dict(page, chars=chars) for page in document.pages]}


def page_to_dict(page: Page, *, chars: bool = False) -> dict[str, Any]:
    """One entry of ``pages``; a page that could not be read has ``error`` instead of ``blocks``."""
    head: dict[str, Any] = {"number": page.number, "width": page.width, "height": page.height}
    if page.error is not None:
        return head | {"error": failure_to_dict(page.error)}
    return head | {"blocks": [block_to_dict(block, chars=chars) for block in page.blocks]}


def block_to_dict(block: Block, *, chars: bool = False) -> dict[str, Any]:
    """``{"lines": [...]}``, and before it ``"heading": level`` if it is one."""
    lines = {"lines": [line_to_dict(line, chars=chars) for line in block.lines]}
    return {"heading": block.heading} | lines if block.heading else lines


def line_to_dict(line: Line, *, chars: bool = False) -> dict[str, Any]:
    entry = _item_to_dict(line) | {"words": [_word_to_dict(word, chars=chars) for word in line.words]}
    if line.corrections:
        entry["corrections"] = [_correction_to_dict(correction) for correction in line.corrections]
    return entry | {"ignore": True} if line.ignore else entry


def failure_to_dict(failure: Failure) -> dict[str, str]:
    return {"code": failure.code, "message": failure.message}


def document_from_dict(data: Mapping[str, Any]) -> Document:
    """The inverse of :func:`document_to_dict`; a missing confidence is 1, missing words are none."""
    pages = tuple(page_from_dict(page) for page in data.get("pages", ()))
    return Document(data["source"], pages, _failure_from_dict(data.get("error")))


def page_from_dict(data: Mapping[str, Any]) -> Page:
    blocks = tuple(
        Block(tuple(line_from_dict(line) for line in block["lines"]), block.get("heading", 0))
        for block in data.get("blocks", ())
    )
    return Page(data["number"], data["width"], data["height"], blocks, _failure_from_dict(data.get("error")))


def line_from_dict(data: Mapping[str, Any]) -> Line:
    words = tuple(_word_from_dict(word) for word in data.get("words", ()))
    polygon = as_polygon(data["polygon"])
    corrections = tuple(Correction(**correction) for correction in data.get("corrections", ()))
    ignore = data.get("ignore", False)
    return Line(data["text"], polygon, data.get("confidence", 1.0), words, ignore, corrections=corrections)


def _item_to_dict(item: Line | Word | Char) -> dict[str, Any]:
    polygon = [list(point) for point in item.polygon]
    return {"text": item.text, "polygon": polygon, "confidence": round(item.confidence, 4)}


def _correction_to_dict(correction: Correction) -> dict[str, Any]:
    confidence = round(correction.confidence, 4)
    return {
        "start": correction.start, "original": correction.original, "text": correction.text, "confidence": confidence,
        "reason": correction.reason,
    }  # fmt: skip


def _word_to_dict(word: Word, *, chars: bool) -> dict[str, Any]:
    entry = _item_to_dict(word)
    return entry | {"chars": [_item_to_dict(char) for char in word.chars]} if chars else entry


def _word_from_dict(data: Mapping[str, Any]) -> Word:
    chars = tuple(Char(c["text"], as_polygon(c["polygon"]), c.get("confidence", 1.0)) for c in data.get("chars", ()))
    return Word(data["text"], as_polygon(data["polygon"]), data.get("confidence", 1.0), chars)


def _failure_from_dict(data: Mapping[str, Any] | None) -> Failure | None:
    return None if data is None else Failure(data["code"], data["message"])
