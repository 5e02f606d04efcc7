"""JSON lines: the object of :mod:`ocr.writers.json`, one document a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ocr.writers.json import object_pieces
from ocr.writers.options import WriterOptions

if TYPE_CHECKING:
    from ocr.document import Document
    from ocr.predict import DocumentStream


def write(document: Document | DocumentStream, options: WriterOptions) -> Iterator[str]:
    """One line for one document."""
    return object_pieces(document, options, line_break="")
