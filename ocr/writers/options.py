"""Options that every output format understands."""

from __future__ import annotations

from dataclasses import dataclass, field

from ocr.data.page_options import PageOptions


@dataclass(frozen=True, slots=True)
class WriterOptions:
    chars: bool = False
    """Write the characters of each word, with their places, where the format knows them."""
    titled: bool = False
    """Several documents share a file: plain text names each one above its text."""
    opening: PageOptions = field(default_factory=PageOptions)
    """How the file itself is opened again, with its password and limits, where a PDF is made of it."""
    resolution: int | None = None
    """Dots per inch of the page images, where the format can tell them (hOCR) and they are known."""
