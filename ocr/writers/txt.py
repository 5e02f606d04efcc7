"""Plain text: lines as read, an empty line between blocks and between pages. What could not be read gives no text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ocr.writers.options import WriterOptions

if TYPE_CHECKING:
    from ocr.document import Document
    from ocr.predict import DocumentStream


def write(document: Document | DocumentStream, options: WriterOptions) -> Iterator[str]:
    """The text page by page; with ``titled``, after a line ``==> source <==`` as ``head`` and ``tail`` print it."""
    if options.titled:
        yield f"==> {document.source} <==\n"
    gap = ""
    for page in document.pages:
        if page.text:
            yield f"{gap}{page.text}\n"
            gap = "\n"
