"""Other OCR engines behind our own interface, so that ``ocr eval --against`` measures all in the same way.

A further peer is one module here with a ``load`` and a ``require_installed`` function and one line in :data:`PEERS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from ocr.errors import UsageError
from ocr.models.interface import LineReader
from ocr.models.schema import suggest

PEERS = {
    "tesseract": "ocr.peers.tesseract",
    "rapidocr": "ocr.peers.rapidocr",
}


class MissingPeerError(UsageError):
    """A peer that is not installed; the message says what to type."""


def require_installed(name: str) -> None:
    """Raises MissingPeerError with the install command if the peer is not there, UsageError if the name is unknown."""
    find(name).require_installed()


def load(name: str, languages: Sequence[str]) -> LineReader:
    """The peer with the best set-up for pages in these languages (ISO 639-1 codes, most frequent first).

    Raises UsageError if there is no peer of this name, MissingPeerError if it is not installed.
    """
    reader: LineReader = find(name).load(languages)
    return reader


def find(name: str) -> ModuleType:
    """The module of a peer. Raises UsageError with a suggestion."""
    if name not in PEERS:
        raise UsageError(f"unknown engine {name!r} for --against: {suggest(name, list(PEERS))}")
    return import_module(PEERS[name])
