"""A loaded model that reads files: what ``ocr.load`` gives.

>>> import ocr
>>> reader = ocr.load()
>>> document = reader.read("scan.pdf")  # doctest: +SKIP
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.predict import read_documents, read_file

if TYPE_CHECKING:
    from ocr.data.page_options import PageOptions
    from ocr.document import Document, Line, Page
    from ocr.models.interface import Image, LineReader


class DocumentReader:
    """Reads files, page images and line images with one model, which stays loaded.

    It may be used by several threads at once: each call decodes files in a process of its own.
    """

    def __init__(self, model: LineReader) -> None:
        self.model = model
        """What finds and reads text in images."""

    def read(self, path: str | os.PathLike[str], options: PageOptions | None = None) -> Document:
        """One image or PDF.

        Raises :class:`~ocr.errors.InputError` if no page of it can be read; single bad pages carry their ``error``.
        """
        return read_file(path, self.model, options)

    def read_documents(self, inputs: Iterable[str], options: PageOptions | None = None) -> Iterator[Document]:
        """Files, folders and patterns, one document for each file in order; what cannot be read carries its ``error``.

        The next file is being decoded while one is read.
        """
        return read_documents(inputs, self.model, options)

    def predict(self, images: Sequence[Image]) -> list[Page]:
        """Page images (H, W, 3), RGB of type uint8: a page for each, with polygons in its pixels."""
        return self.model.predict(images)

    def read_lines(self, images: Sequence[Image]) -> list[Line]:
        """Images (H, W, 3) of single lines, RGB of type uint8: a line for each, with empty text if there is none."""
        return self.model.read_lines(images)


def load(
    name: str | Path | None = None,
    pipeline: str | None = None,
    adapter: str | Path | None = None,
    device: str | None = None,
) -> DocumentReader:
    """A shipped model by name or the model in a folder; the default model if nothing is given.

    ``pipeline`` alone (``"two_stage"`` or ``"end2end"``) takes the shipped model of that pipeline. With the folder of
    an ``adapter``, which knows its model, PyTorch reads; with the ``device`` ``"cuda"`` too, on a GPU and in bf16.

    Raises :class:`~ocr.errors.UsageError` for an unknown pipeline or a device that is not there,
    :class:`~ocr.errors.ModelError` if there is no such model or it is damaged,
    :class:`~ocr.errors.MissingExtraError` for an adapter or a GPU without PyTorch.
    """
    from ocr import pipeline as pipelines

    return DocumentReader(pipelines.load(name, pipeline, adapter, device))
