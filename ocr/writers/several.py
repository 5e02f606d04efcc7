"""Several formats at once: each page goes to all of them before the next one is read, so that one pass is enough."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.data.page_options import PageOptions
from ocr.errors import InputError, UsageError
from ocr.writers.output import Output, names_folder, open_output, replace_pages

if TYPE_CHECKING:
    from ocr.document import Document, Page
    from ocr.predict import DocumentStream
    from ocr.writers import Format, WriterOptions


class Outputs:
    """One or more outputs of the same documents; raises what :class:`~ocr.writers.output.Output` does."""

    def __init__(self, outputs: list[Output]) -> None:
        self.outputs = outputs

    def write(self, document: Document | DocumentStream) -> None:
        """Write a whole document everywhere.

        Raises :class:`~ocr.errors.InputError` if a format that builds on the file itself (PDF) cannot be made of it;
        the other formats are whole all the same.
        """
        taken = [0] * len(self.outputs)
        copies = itertools.tee(document.pages, len(self.outputs))
        running = {
            index: output.steps(replace_pages(document, counted(copies[index], taken, index)))
            for index, output in enumerate(self.outputs)
        }
        refusal: InputError | None = None
        try:
            while running:
                index = min(running, key=taken.__getitem__)  # whoever is behind: no page waits long in memory
                try:
                    next(running[index])
                except StopIteration:
                    del running[index]
                except InputError as error:
                    refusal = error
                    del running[index]
        finally:
            for steps in running.values():
                with contextlib.suppress(AttributeError):
                    steps.close()  # type: ignore[attr-defined]
        if refusal is not None:
            raise refusal

    def close(self) -> None:
        for output in self.outputs:
            output.close()


def counted(pages: Iterator[Page], taken: list[int], index: int) -> Iterator[Page]:
    for page in pages:
        taken[index] += 1
        yield page


def write(
    document: Document,
    path: str | os.PathLike[str],
    format: str | None = None,
    *,
    chars: bool = False,
    password: str | None = None,
) -> None:
    """Write a document to a file in the format of its suffix, or in those of ``format`` (``"hocr,pdf"``).

    ``path`` is a file, a folder, or for several formats the stem of the file names, as ``--output`` of ``ocr predict``.
    A PDF is made of the file that ``document.source`` names; ``password`` opens it.

    Raises :class:`~ocr.errors.UsageError` for an unknown format, :class:`~ocr.errors.OutputError` if the file cannot be
    written, :class:`~ocr.errors.InputError` if no PDF can be made of the source.
    """
    from ocr.writers import WriterOptions, find_formats, format_of

    target = os.fspath(path)
    formats = find_formats(format or format_of(target))
    options = WriterOptions(chars, opening=PageOptions(password=password))
    outputs = open_outputs(target, [document.source], formats, options)
    try:
        outputs.write(document)
    except InputError as error:
        raise InputError(error.code, f"cannot make a PDF of {document.source}: {error}") from error
    finally:
        outputs.close()


def open_outputs(
    path: str | None, inputs: Iterable[str], formats: list[Format], options: WriterOptions, append: bool = False
) -> Outputs:
    """The outputs of :func:`~ocr.writers.output.open_output`; several formats need a folder or the stem of file names.

    The stem may end in the suffix of one of the formats: ``scan`` and ``scan.pdf`` both give ``scan.hocr`` and
    ``scan.pdf``. Raises UsageError for several formats on standard output.
    """
    if len(formats) == 1:
        return Outputs([open_output(path, inputs, formats[0], options, append)])
    if path is None:
        raise UsageError("several formats need a place for their files; give a folder or a stem as --output")
    if names_folder(path):
        return Outputs([open_output(path, inputs, entry, options) for entry in formats])
    ending = next((entry.suffix for entry in formats if path.lower().endswith(entry.suffix)), "")
    stem = path[: len(path) - len(ending)]
    sources = list(inputs)
    return Outputs([open_output(str(Path(stem + entry.suffix)), sources, entry, options) for entry in formats])
