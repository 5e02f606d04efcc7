"""JSON: one object a document, as ``ocr.document.document_to_dict`` defines it; several documents form an array.

Pages are written one at a time, each on a line of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ocr.writers.options import WriterOptions

if TYPE_CHECKING:
    from ocr.document import Document
    from ocr.predict import DocumentStream


def write(document: Document | DocumentStream, options: WriterOptions) -> Iterator[str]:
    """The object of one document; a failed one is ``{"source": ..., "error": {"code": ..., "message": ...}}``."""
    return object_pieces(document, options, line_break="\n")


def object_pieces(document: Document | DocumentStream, options: WriterOptions, line_break: str) -> Iterator[str]:
    """The object in pieces, with ``line_break`` before each page and a final line feed."""
    from ocr.document import failure_to_dict, page_to_dict

    source = dumps(document.source)
    if document.error is not None:
        yield f'{{"source": {source}, "error": {dumps(failure_to_dict(document.error))}}}\n'
        return
    yield f'{{"source": {source}, "pages": ['
    gap = line_break
    for page in document.pages:
        yield gap + dumps(page_to_dict(page, chars=options.chars))
        gap = "," + (line_break or " ")
    yield "]}\n"


def dumps(value: Any) -> str:
    """Readable UTF-8, and never ``NaN``, which is not JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
