"""The process that decodes input files, so that a file which hangs, leaks or crashes a decoder costs only itself.

:mod:`ocr.data.pages` starts it and talks to it through two pipes. Each message is a 4-byte length and a JSON object;
a message of kind ``page`` is followed by ``width * height * 3`` bytes of RGB pixels.

    request   {"path", "after", "options"}              the pages after that number; options of PageOptions
    answers   {"kind": "opened", "last": n or null}     the file was recognised; number of its last page if known
              {"kind": "page", "number", "width", "height"} + pixels, or {"kind": "page_failed", "number", ...}
              {"kind": "failed", "code", "message"}     instead of all others
              {"kind": "end"}                           after the last page

Decoders run here one at a time and in one thread (PDFium needs that), with a limit on memory, with file descriptors
1 and 2 closed to them (libtiff writes to the latter), and with an alarm that ends a process whose parent has died.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import stat
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ocr.data.page_options import PageOptions, is_chosen, parse_page_range
from ocr.errors import Failure, InputError

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdfium2 import PdfDocument

LENGTH = struct.Struct(">I")
SNIFFED_BYTES = 1024
BASE_MEMORY = 2 << 30  # bytes of address space besides the pixels
MEMORY_PER_PIXEL = 16  # RGB result, decoded original, and a float or RGBA copy between them
PIXELS_PER_WRITE = 1 << 20
ALARM_MARGIN = 10  # seconds; the parent's own limit comes first while the parent is alive

IMAGE_FORMATS = {
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "JPEG": (b"\xff\xd8\xff",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "BMP": (b"BM",),
}
OTHER_FORMATS = {
    b"GIF8": "a GIF image",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 image",
    b"\xff\x4f\xff\x51": "a JPEG 2000 image",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"%!PS": "a PostScript file",
    b"\xc5\xd0\xd3\xc6": "an EPS file",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"{\\rtf": "a rich text file",
    b"8BPS": "a Photoshop image",
    b"\0\0\x01\0": "an icon",
    b"DDS ": "a DDS image",
}


def sniff(head: bytes) -> str | None:
    """``PNG``, ``JPEG``, ``TIFF``, ``BMP``, ``WEBP`` or ``PDF`` by the first 1,024 bytes; None for anything else."""
    for name, signatures in IMAGE_FORMATS.items():
        if head.startswith(signatures):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return "PDF" if b"%PDF-" in head else None


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading; raises :class:`InputError` for what is missing, unreadable, or no regular file."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # before opening: opening a FIFO waits for a writer
            raise InputError("unsupported", "it is not a regular file")
        return path.open("rb")
    except FileNotFoundError as error:
        raise InputError("not_found", "there is no such file or folder") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name is not valid"
        raise InputError("not_found", f"it cannot be opened ({reason.lower()})") from error


def identify(file: BinaryIO) -> str:
    """The format of an open file; raises :class:`InputError` (``empty`` or ``unsupported``)."""
    head = file.read(SNIFFED_BYTES)
    file.seek(0)
    if not head:
        raise InputError("empty", "the file is empty")
    found = sniff(head)
    if found is None:
        what = next((name for start, name in OTHER_FORMATS.items() if head.startswith(start)), "something else")
        raise InputError("unsupported", f"it is {what}, not a PNG, JPEG, TIFF, WebP or BMP image or a PDF")
    return found


def decode(
    file: BinaryIO, kind: str, options: PageOptions, after: int
) -> tuple[int | None, Iterator[tuple[int, Image | Failure]]]:
    """Number of the last page (None: not known yet), and the chosen pages after page ``after`` with their numbers."""
    chosen = parse_page_range(options.pages)

    def wanted(number: int) -> bool:
        return number > after and is_chosen(number, chosen)

    if kind == "PDF":
        from ocr.data.pdf_file import open_pdf, render_pages

        def reopen() -> PdfDocument:
            return open_pdf(file, options.password)

        document = reopen()
        numbers = filter(wanted, range(1, len(document) + 1))
        return len(document), render_pages(document, numbers, options.dpi, options.max_pixels, reopen)
    from ocr.data.image_file import read_image_pages

    truncated = options.allow_truncated
    pages = read_image_pages(file, kind, wanted, options.max_pixels, allow_truncated=truncated)
    return None if kind == "TIFF" else 1, pages


class DecodeWorker:
    """Answers requests from ``requests`` on ``answers`` until the parent closes its end."""

    def __init__(self, requests: BinaryIO, answers: BinaryIO) -> None:
        self.requests = requests
        self.answers = answers

    def serve(self) -> None:
        while head := self.requests.read(LENGTH.size):
            request = json.loads(self.requests.read(*LENGTH.unpack(head)))
            options = PageOptions(**request["options"])
            alarm_after = math.ceil(options.timeout) + ALARM_MARGIN
            self._alarm(alarm_after)
            limit_memory(options.max_pixels)
            try:
                self._answer(
                    Path(os.fsdecode(request["path"].encode("latin-1"))), request["after"], options, alarm_after
                )
            except InputError as error:
                self._send({"kind": "failed", "code": error.code, "message": str(error)})
            except MemoryError:
                self._send({"kind": "failed", "code": "out_of_memory", "message": "there is not enough memory"})
            except (BrokenPipeError, KeyboardInterrupt):
                raise
            except Exception:  # decoders have their own handlers; this one is for what they did not foresee
                self._send({"kind": "failed", "code": "damaged", "message": "the file is damaged"})

    def _answer(self, path: Path, after: int, options: PageOptions, alarm_after: int) -> None:
        with open_regular(path) as file:
            last, pages = decode(file, identify(file), options, after)
            self._send({"kind": "opened", "last": last})
            answered = after
            self._alarm(alarm_after)
            for count, (number, page) in enumerate(pages):
                if count == options.max_pages:
                    message = (
                        f"the file has more than {count:,} pages; raise the limit by --max-pages, or choose --pages"
                    )
                    self._send_page(number, Failure("too_large", message))
                    break
                self._send_page(number, page)
                answered = number
                self._alarm(alarm_after)
        if answered == 0:
            known = "" if last is None else f", its last page is {last}"
            raise InputError("not_found", f"it has no page of --pages {options.pages}{known}")
        self._send({"kind": "end"})

    def _send_page(self, number: int, page: Image | Failure) -> None:
        if isinstance(page, Failure):
            self._send({"kind": "page_failed", "number": number, "code": page.code, "message": page.message})
            return
        head = {"kind": "page", "number": number, "width": page.width, "height": page.height}
        self._send(head | {"truncated": bool(page.info.get("truncated"))})
        rows = max(1, PIXELS_PER_WRITE // page.width)
        for top in range(0, page.height, rows):  # in strips, because tobytes copies
            self.answers.write(page.crop((0, top, page.width, min(top + rows, page.height))).tobytes())

    def _send(self, header: dict[str, Any]) -> None:
        self._alarm(0)  # the parent may be busy reading the page before this one
        encoded = json.dumps(header).encode()
        self.answers.write(LENGTH.pack(len(encoded)) + encoded)

    @staticmethod
    def _alarm(seconds: int) -> None:
        if hasattr(signal, "alarm"):
            signal.alarm(seconds)


def limit_memory(max_pixels: int) -> None:
    """Bound the address space, so that a decompression bomb gets a MemoryError and the machine stays usable."""
    try:
        import resource
    except ImportError:  # Windows
        return
    limit = BASE_MEMORY + MEMORY_PER_PIXEL * max_pixels
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def main() -> None:
    """Serve standard input and output, which are kept from the decoders' own messages."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C goes to the parent, which closes the pipe
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    with contextlib.suppress(BrokenPipeError):
        DecodeWorker(sys.stdin.buffer, answers).serve()
    os._exit(0)  # without PDFium's and Pillow's clean-up, which a damaged file may crash
