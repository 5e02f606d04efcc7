"""Output formats. A new one is a module with a ``write`` function and an entry in :data:`WRITERS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocr.errors import UsageError
from ocr.models.schema import suggest
from ocr.writers import json, jsonl, txt
from ocr.writers.options import WriterOptions

if TYPE_CHECKING:
    from ocr.document import Document
    from ocr.predict import DocumentStream

__all__ = ["WRITERS", "Format", "WriterOptions", "find_format"]


@dataclass(frozen=True, slots=True)
class Format:
    """One output format: ``write`` gives a document as pieces of text, taking its pages one at a time.

    ``opening``, ``separator`` and ``closing`` stand around and between several documents in one file.
    """

    suffix: str
    write: Callable[[Document | DocumentStream, WriterOptions], Iterator[str]]
    opening: str = ""
    separator: str = ""
    closing: str = ""


WRITERS = {
    "txt": Format(".txt", txt.write, separator="\n"),
    "json": Format(".json", json.write, opening="[\n", separator=",\n", closing="]\n"),
    "jsonl": Format(".jsonl", jsonl.write),
}


def find_format(name: str) -> Format:
    """The format of this name; raises :class:`~ocr.errors.UsageError` with the nearest name for an unknown one."""
    if name in WRITERS:
        return WRITERS[name]
    raise UsageError(f"unknown format {name}: {suggest(name.lower(), list(WRITERS))}")
