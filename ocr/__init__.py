"""OCR for Latin script and Korean with vision transformers.

>>> import ocr
>>> reader = ocr.load()
>>> document = reader.read("scan.pdf")  # doctest: +SKIP
>>> print(document.text)  # doctest: +SKIP

Importing the package is cheap: each name below is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ocr.data.page_options import PageOptions
    from ocr.document import Block, Char, Document, Line, Page, Word
    from ocr.errors import InputError, ModelError, OcrError, UsageError
    from ocr.predict import read, read_documents
    from ocr.reader import DocumentReader, load
    from ocr.writers.several import write

    __version__: str

__all__ = [
    "Block",
    "Char",
    "Document",
    "DocumentReader",
    "InputError",
    "Line",
    "ModelError",
    "OcrError",
    "Page",
    "PageOptions",
    "UsageError",
    "Word",
    "__version__",
    "load",
    "read",
    "read_documents",
    "write",
]

_MODULES = {
    "ocr.document": ("Block", "Char", "Document", "Line", "Page", "Word"),
    "ocr.errors": ("InputError", "ModelError", "OcrError", "UsageError"),
    "ocr.data.page_options": ("PageOptions",),
    "ocr.predict": ("read", "read_documents"),
    "ocr.reader": ("DocumentReader", "load"),
    "ocr.writers.several": ("write",),
}


def __getattr__(name: str) -> Any:  # PEP 562
    if name == "__version__":
        from importlib.metadata import version

        return version("vitocr")
    for module, names in _MODULES.items():
        if name in names:
            return getattr(importlib.import_module(module), name)
    raise AttributeError(f"module 'ocr' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
