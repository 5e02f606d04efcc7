"""Options that every output format understands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WriterOptions:
    chars: bool = False
    """Write the characters of each word, with their places, where the format knows them."""
    titled: bool = False
    """Several documents share a file: plain text names each one above its text."""
    password: str | None = None
    """Of an encrypted PDF that is to be made searchable."""
    timeout: float = 50.0
    """Seconds for opening a file, for each page and for saving, where a picture or PDF is written."""
