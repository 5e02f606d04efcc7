"""Output formats. A new one is a module of this package with a ``write`` function, and its name in :data:`WRITERS`.

The module is imported when it writes, so that a run pays only for the format that it writes.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ocr.errors import UsageError
from ocr.models.schema import suggest
from ocr.writers.options import WriterOptions

if TYPE_CHECKING:
    from ocr.document import Document
    from ocr.predict import DocumentStream

__all__ = ["WRITERS", "Format", "WriterOptions", "find_format", "find_formats", "format_of"]

Pieces = Iterator[str] | Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """One output format: the name of its module, and how its files begin and end.

    ``opening``, ``separator`` and ``closing`` stand around and between several documents in one file.
    """

    name: str
    suffix: str
    opening: str = ""
    separator: str = ""
    closing: str = ""
    holds: Literal["documents", "document", "page"] = "documents"
    """How much one file holds."""
    tells_failures: bool = False
    """Whether it says which documents could not be read, and why."""

    def write(self, document: Document | DocumentStream, options: WriterOptions) -> Pieces:
        """The document in pieces of text or bytes; its pages are taken one at a time."""
        pieces: Pieces = importlib.import_module(f"ocr.writers.{self.name}").write(document, options)
        return pieces


FORMATS = (
    Format("txt", ".txt", separator="\n"),
    Format("json", ".json", opening="[\n", separator=",\n", closing="]\n", tells_failures=True),
    Format("jsonl", ".jsonl", tells_failures=True),
    Format("md", ".md", separator="\n"),
    Format("tsv", ".tsv", holds="document"),
    Format("hocr", ".hocr", holds="document"),
    Format("alto", ".alto.xml", holds="page"),
    Format("page", ".page.xml", holds="page"),
    Format("pdf", ".pdf", holds="document"),
)
WRITERS = {entry.name: entry for entry in FORMATS}


OTHERS = (".docx", ".doc", ".odt", ".rtf", ".html", ".htm", ".epub", ".csv", ".xlsx", ".yaml")
"""Suffixes of files that none of the formats writes, and that plain text would spoil."""


def find_format(name: str) -> Format:
    """The format of this name; raises :class:`~ocr.errors.UsageError` with the nearest name for an unknown one."""
    if name in WRITERS:
        return WRITERS[name]
    raise UsageError(f"unknown format {name}: {suggest(name.lower(), list(WRITERS))}")


def find_formats(names: str) -> list[Format]:
    """The formats of names with commas between, such as ``hocr,pdf``, each once; see :func:`find_format`."""
    return list({name: find_format(name) for name in (part.strip() for part in names.split(","))}.values())


def format_of(output: str | None) -> str:
    """The name of the format whose suffix the output file has; plain text for any other name.

    Raises :class:`~ocr.errors.UsageError` for ``.xml``, which two formats have, and for what no format writes.
    """
    name = (output or "").lower()
    for entry in FORMATS:
        if name.endswith(entry.suffix):
            return entry.name
    if name.endswith(".xml"):
        raise UsageError(f"{output} may be ALTO or PAGE XML; add --format alto or --format page")
    if name.endswith(OTHERS):
        known = ", ".join(entry.suffix for entry in FORMATS)
        raise UsageError(
            f"{output} would be of no format that is written here: choose a name in {known}, or add --format"
        )
    return "txt"
