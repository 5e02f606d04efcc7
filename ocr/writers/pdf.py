"""Searchable PDF: the pages as they are, with what was read as invisible text exactly over its words.

A PDF keeps its pages, images and bookmarks; an image becomes a page that holds its own data
(:mod:`ocr.writers.pdf_image`).
PDFium (pypdfium2) writes, in a process of its own (:mod:`ocr.writers.pdf_worker`).
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import ocr
from ocr.errors import InputError, OutputError, UsageError
from ocr.polygon import text_corners
from ocr.writers.markup import words_of
from ocr.writers.options import WriterOptions

if TYPE_CHECKING:
    from ocr.document import Document, Page
    from ocr.predict import DocumentStream

BLOCK_BYTES = 1 << 20
START_WORKER = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from ocr.writers.pdf_worker import main; main()"
)


def write(document: Document | DocumentStream, options: WriterOptions) -> Iterator[bytes]:
    """The PDF in blocks, after all pages have been taken; each page yields an empty block before.

    Raises :class:`~ocr.errors.InputError` if no PDF can be made of the file that ``document.source`` names.
    """
    if document.error is not None:
        return
    path = getattr(document, "path", None) or document.source
    if path == "-":
        raise UsageError("a searchable PDF needs the file itself, and this document came from standard input")
    with tempfile.TemporaryDirectory(prefix="ocr-") as folder:
        target = Path(folder, "searchable.pdf")
        worker = running_worker()
        worker.open(path, options)
        for page in document.pages:
            if page.error is None:
                worker.add(page)
            yield b""
        worker.save(target)
        with target.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                yield block


class PdfWorker:
    """The other end of :class:`~ocr.writers.pdf_worker.PdfServer`: one document at a time, open, add pages, save."""

    def __init__(self) -> None:
        # -I keeps the current folder and the environment from choosing which modules are imported; our own search path
        # is handed over instead.
        search_path = [entry for entry in sys.path if entry] + [str(Path(ocr.__file__).parents[1])]
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", START_WORKER, json.dumps(search_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        atexit.register(self.stop)

    def open(self, path: str, options: WriterOptions) -> None:
        place = os.path.abspath(path)  # noqa: PTH100 (no valid Path perhaps); the worker stays in its folder
        name = os.fsencode(place).decode("latin-1")  # bytes: the worker's locale may differ
        opening = options.opening
        limits = {"timeout": opening.timeout, "max_pixels": opening.max_pixels}
        self._send({"path": name, "password": opening.password, **limits})
        self._receive()

    def add(self, page: Page) -> None:
        words = [
            place_word(word.text, word.polygon, last=index == len(line) - 1)
            for line in map(words_of, page.lines)
            for index, word in enumerate(line)
        ]
        self._send({"number": page.number, "size": [page.width, page.height], "words": words})

    def save(self, target: Path) -> None:
        self._send({"save": str(target)})
        self._receive()

    def stop(self) -> None:
        """End the process."""
        running_worker.cache_clear()
        atexit.unregister(self.stop)
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        self.process.wait()

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # a dead worker is noticed when its answer is read
            self.process.stdin.write(json.dumps(message).encode() + b"\n")  # type: ignore[union-attr]
            self.process.stdin.flush()  # type: ignore[union-attr]

    def _receive(self) -> None:
        answer = self.process.stdout.readline()  # type: ignore[union-attr]
        if not answer:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=1)
            status = self.process.returncode
            self.stop()
            if status == -14:
                raise InputError("timeout", "making a PDF of it took too long; raise the limit by --timeout")
            raise InputError("worker_crash", f"PDFium crashed on it (exit status {status}); no PDF can be made of it")
        failure = json.loads(answer)
        if failure.get("code") == "output":
            raise OutputError(f"cannot store the PDF in {tempfile.gettempdir()}: {failure['message']}")
        if failure:
            raise InputError(failure["code"], failure["message"])


@functools.cache
def running_worker() -> PdfWorker:
    """The process for all documents: starting one takes longer than most documents do."""
    return PdfWorker()


def place_word(text: str, polygon: Any, *, last: bool) -> tuple[Any, ...]:
    """A word as :class:`~ocr.writers.pdf_text.PlacedWord`, by the middle of the sides of its outline."""
    top_left, top_right, bottom_right, bottom_left = text_corners(polygon)
    along = (top_right - top_left + bottom_right - bottom_left) / 2
    up = (top_left - bottom_left + top_right - bottom_right) / 2
    origin = np.mean([top_left, top_right, bottom_right, bottom_left], axis=0) - (along + up) / 2
    return text, origin.tolist(), along.tolist(), up.tolist(), last
