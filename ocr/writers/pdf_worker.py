"""The process that makes searchable PDFs, so that a file which hangs or crashes PDFium costs only itself.

:mod:`ocr.writers.pdf` starts it and talks to it in lines of JSON.

    open   {"path", "password", "timeout", "max_pixels"}       answered by {} or {"code", "message"}
    page   {"number", "size", "words"}                         not answered
    save   {"save": path}                                      answered in the same way; tells of pages that failed too

PDFium runs here in one thread, with a limit on memory and with an alarm that ends the process if it hangs.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

import pypdfium2
import pypdfium2.raw as pdfium_c

from ocr.data.decode_worker import identify, limit_memory, open_regular
from ocr.data.image_file import shorten
from ocr.data.pdf_file import open_pdf
from ocr.errors import InputError
from ocr.writers.pdf_font import load_font
from ocr.writers.pdf_image import ImageFile
from ocr.writers.pdf_text import PlacedWord, add_words


class SearchablePdf:
    """The PDF that is being made: the input itself, or pages that hold the images of the input."""

    def __init__(self, path: Path, password: str | None, max_pixels: int) -> None:
        self.file: BinaryIO = open_regular(path)
        kind = identify(self.file)
        self.images = None if kind == "PDF" else ImageFile(self.file, kind, max_pixels)
        self.document = open_pdf(self.file, password) if self.images is None else pypdfium2.PdfDocument.new()
        self.font = load_font(self.document.raw)

    def add(self, number: int, words: list[PlacedWord], size: tuple[int, int]) -> None:
        """Lay the words over page ``number`` of the input, which was read as a picture of ``size`` pixels."""
        page = self.document[number - 1] if self.images is None else self._image_page(number)
        try:
            add_words(self.document, page, self.font, words, size)
        finally:
            page.close()

    def _image_page(self, number: int) -> pypdfium2.PdfPage:
        assert self.images is not None
        source = pypdfium2.PdfDocument(self.images.page(number))
        self.document.import_pages(source)
        source.close()
        return self.document[len(self.document) - 1]

    def save(self, path: str) -> None:
        """Streams that the file had are copied as they are; nothing is packed anew."""
        if len(self.document) < 1:
            raise InputError("damaged", "none of its pages can be put into a PDF")
        with Path(path).open("wb") as file:
            self.document.save(file)

    def close(self) -> None:
        pdfium_c.FPDFFont_Close(self.font)
        self.document.close()
        self.file.close()


class PdfServer:
    """Answers requests until the parent closes its end."""

    def __init__(self, requests: BinaryIO, answers: BinaryIO) -> None:
        self.requests, self.answers = requests, answers
        self.pdf: SearchablePdf | None = None
        self.failure: dict[str, str] = {}
        self.seconds = 0

    def serve(self) -> None:
        for line in self.requests:
            request = json.loads(line)
            self._alarm(self.seconds)
            try:
                self._obey(request)
            except InputError as error:
                self.failure = self.failure or {"code": error.code, "message": str(error)}
            except MemoryError:
                self.failure = {"code": "out_of_memory", "message": "there is not enough memory to make a PDF of it"}
            except OSError as error:
                self.failure = {"code": "output", "message": (error.strerror or str(error)).lower()}
            except Exception as error:  # pypdfium2 raises RuntimeError and ValueError for what PDFium refuses
                reason = shorten(" ".join(str(error).split()))
                self.failure = {"code": "damaged", "message": f"no PDF can be made of it ({reason})"}
            self._alarm(0)
            if "number" not in request:
                self.answers.write(json.dumps(self.failure).encode() + b"\n")
                self.answers.flush()

    def _obey(self, request: dict[str, Any]) -> None:
        if "path" in request:
            self.failure = {}
            self.close()
            self.seconds = math.ceil(request["timeout"])
            self._alarm(self.seconds)
            limit_memory(request["max_pixels"])
            path = Path(os.fsdecode(request["path"].encode("latin-1")))
            self.pdf = SearchablePdf(path, request["password"], request["max_pixels"])
        elif self.pdf is None or self.failure:
            return
        elif "save" in request:
            self.pdf.save(request["save"])
            self.close()
        else:
            self.pdf.add(request["number"], [PlacedWord(*word) for word in request["words"]], request["size"])

    def close(self) -> None:
        if self.pdf is not None:
            self.pdf.close()
        self.pdf = None

    @staticmethod
    def _alarm(seconds: int) -> None:
        if hasattr(signal, "alarm"):
            signal.alarm(seconds)


def main() -> None:
    """Serve standard input and output, which are kept from the libraries' own messages."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C goes to the parent, which closes the pipe
    answers = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    with contextlib.suppress(BrokenPipeError):
        PdfServer(sys.stdin.buffer, answers).serve()
    os._exit(0)  # without PDFium's clean-up, which a damaged file may crash
