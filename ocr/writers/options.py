"""Options that every output format understands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WriterOptions:
    chars: bool = False
    """Write the characters of each word, with their polygons."""
    titled: bool = False
    """Several documents share a file: plain text names each one above its text."""
