"""Where results go: standard output, one file, or a folder with a file for each document; always UTF-8.

Results are cut at whole documents: when the disk is full, a half-written document is taken back where the system allows
it (a regular file), and documents under a megabyte are written at once. A file of a format that holds one document or
page is either whole or not there.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from ocr.errors import OutputError, UsageError

if TYPE_CHECKING:
    from ocr.document import Document, Page
    from ocr.predict import DocumentStream
    from ocr.writers import Format, WriterOptions

STANDARD_OUTPUT = "standard output"
BUFFERED_BYTES = 1 << 20
TEMPORARY = ".ocr-"
"""How the names of files begin that are not whole yet."""


class Output(Protocol):
    """Takes documents one after the other; raises :class:`~ocr.errors.OutputError` if one cannot be written."""

    def steps(self, document: Document | DocumentStream) -> Iterator[None]:
        """Write a document piece by piece; closed before its end, it takes the document back."""
        ...

    def close(self) -> None: ...


class SingleOutput:
    """All documents in one stream. ``several`` puts them into the format's opening, separators and closing."""

    def __init__(self, file: BinaryIO, name: str, output_format: Format, options: WriterOptions, several: bool) -> None:
        self.file, self.name, self.format, self.options, self.several = file, name, output_format, options, several
        self.count = 0
        self.owned = name != STANDARD_OUTPUT
        if several:
            self._write_whole(output_format.opening)

    def steps(self, document: Document | DocumentStream) -> Iterator[None]:
        separator = self.format.separator if self.several and self.count else ""
        pieces = self.format.write(only_page(document, self.format), self.options)
        yield from self._whole_steps(itertools.chain([separator], pieces))
        self.count += 1

    def close(self) -> None:
        if self.several:
            self._write_whole(self.format.closing)
        if self.owned:
            self.file.close()

    def _write_whole(self, text: str) -> None:
        deque(self._whole_steps([text]), maxlen=0)

    def _whole_steps(self, pieces: Iterable[str | bytes]) -> Iterator[None]:
        size = self._size()
        try:
            yield from _write_pieces(self.file, pieces, each=self.file.isatty())
        except BaseException as error:
            if size is not None:
                with contextlib.suppress(OSError):
                    os.ftruncate(self.file.fileno(), size)
                    os.lseek(self.file.fileno(), 0, os.SEEK_END)
            if isinstance(error, OSError):
                raise write_error(self.name, error) from error
            raise

    def _size(self) -> int | None:
        """Present length of a regular file; None for pipes and terminals, from which nothing can be taken back."""
        try:
            status = os.fstat(self.file.fileno())
        except OSError:
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None


class FileOutput:
    """One document (or page) in one file, which is either whole or not there."""

    def __init__(self, target: Path, output_format: Format, options: WriterOptions) -> None:
        self.target, self.format, self.options = target, output_format, options

    def steps(self, document: Document | DocumentStream) -> Iterator[None]:
        if document.error is None:
            yield from whole_file(self.target, self.format.write(only_page(document, self.format), self.options))

    def close(self) -> None:
        """Nothing is open between documents."""


class FolderOutput:
    """A file for each document (or page), named after its source; a file is either whole or not there."""

    def __init__(self, folder: Path, output_format: Format, options: WriterOptions) -> None:
        self.folder, self.format, self.options = folder, output_format, options
        self.used: set[str] = set()
        make_folder(folder)

    def steps(self, document: Document | DocumentStream) -> Iterator[None]:
        if document.error is not None and not self.format.tells_failures:
            return
        target = self.folder / unique_name(document.source, self.format.suffix, self.used)
        refuse_input(target, document.source)
        if self.format.holds != "page":
            yield from whole_file(target, self.format.write(document, self.options))
            return
        from ocr.document import Document

        first: tuple[Path, list[str | bytes]] | None = None  # written last: it says that the others are there
        for page in document.pages:
            if page.error is None:
                place = page_target(target, page.number, self.format)
                pieces = self.format.write(Document(document.source, (page,)), self.options)
                if first is None:
                    first = place, list(pieces)
                    yield
                else:
                    yield from whole_file(place, pieces)
        if first is not None:
            yield from whole_file(*first)

    def close(self) -> None:
        """Nothing is open between documents."""


def whole_file(target: Path, pieces: Iterable[str | bytes]) -> Iterator[None]:
    """Write a file beside its place and move it there when it is whole."""
    handle, temporary = new_file(target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield from _write_pieces(file, pieces, each=False)
        Path(temporary).replace(target)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise write_error(str(target), error) from error
        raise


def page_target(target: Path, number: int, output_format: Format) -> Path:
    """``scan.page.xml`` for the first page, ``scan-0002.page.xml`` for the second."""
    stem = target.name.removesuffix(output_format.suffix)
    return target if number == 1 else target.with_name(f"{stem}-{number:04d}{output_format.suffix}")


def only_page(document: Document | DocumentStream, output_format: Format) -> Document | DocumentStream:
    """The document itself; for a format of one page a file, one that raises UsageError at its second page."""
    if output_format.holds != "page" or document.error is not None:
        return document

    def first_page() -> Iterator[Page]:
        for count, page in enumerate(document.pages):
            if count:
                raise UsageError(
                    f"{document.source} has several pages, and a file of format {output_format.name} holds one; "
                    "give a folder as --output, or one page by --pages"
                )
            yield page

    return replace_pages(document, first_page())


def replace_pages(document: Document | DocumentStream, pages: Iterator[Page]) -> DocumentStream:
    """The same document with other pages, or with the same in another hand."""
    from ocr.predict import DocumentStream

    return DocumentStream(document.source, pages, document.error, path=getattr(document, "path", None))


def open_output(
    path: str | None, inputs: Iterable[str], output_format: Format, options: WriterOptions, append: bool = False
) -> Output:
    """Standard output for None, a folder for an existing folder or a name ending in ``/``, otherwise a file.

    ``append`` keeps the documents that a file holds already.

    Raises :class:`OutputError` for a file that is one of the ``inputs`` or cannot be created, UsageError for several
    documents in a file of a format that holds one.
    """
    if path is not None and names_folder(path):
        return FolderOutput(Path(path), output_format, replace(options, titled=False))
    if options.titled and output_format.holds != "documents":
        raise UsageError(
            f"a file of format {output_format.name} holds one document; give a folder as --output, such as results/"
        )
    if path is None:
        file = raw_standard_output()
        if output_format.name == "pdf" and file.isatty():
            raise UsageError("a PDF cannot be shown on a terminal; give a file as --output, such as result.pdf")
        return SingleOutput(file, STANDARD_OUTPUT, output_format, options, options.titled)
    for source in inputs:
        refuse_input(Path(path), source)
    if not Path(path).parent.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder {Path(path).parent}; make it first")
    if output_format.holds != "documents" and (Path(path).is_file() or not Path(path).exists()):
        return FileOutput(Path(path), output_format, options)
    try:
        file = Path(path).open("ab" if append else "wb", buffering=0)  # noqa: SIM115 (SingleOutput closes it)
    except OSError as error:
        raise write_error(path, error) from error
    return SingleOutput(file, path, output_format, options, options.titled)


def names_folder(path: str) -> bool:
    """Whether ``--output`` means a folder: one that is there, or a name that ends in ``/``."""
    return path.endswith(("/", os.sep)) or Path(path).is_dir()


def raw_standard_output() -> BinaryIO:
    """Standard output without Python's buffer, which would try to write once more after an error."""
    sys.stdout.flush()
    return cast(BinaryIO, getattr(sys.stdout.buffer, "raw", sys.stdout.buffer))


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(str(folder), error) from error


def new_file(folder: Path) -> tuple[int, str]:
    """Descriptor and path of a temporary file with the usual permissions, to be renamed when it is whole."""
    import tempfile

    try:
        handle, path = tempfile.mkstemp(prefix=TEMPORARY, dir=folder)
    except OSError as error:
        raise write_error(str(folder), error) from error
    lock(handle)
    if hasattr(os, "fchmod"):
        mask = os.umask(0)
        os.umask(mask)
        os.fchmod(handle, 0o666 & ~mask)
    return handle, path


def lock(handle: int) -> None:
    """Mark a temporary file as being written, for as long as this process lives (:mod:`ocr.writers.resume`)."""
    with contextlib.suppress(ImportError, OSError):  # Windows; file systems without locks
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def unique_name(source: str, suffix: str, used: set[str]) -> str:
    """``scan.txt`` for ``folder/scan.png``; ``scan.jpg.txt``, then ``scan.jpg-2.txt``, where that name is taken."""
    path = Path("stdin" if source == "-" else source)
    names = (f"{path.stem}{suffix}", f"{path.name}{suffix}")
    numbered = (f"{path.name}-{number}{suffix}" for number in range(2, sys.maxsize))
    name = next(name for name in itertools.chain(names, numbered) if name.casefold() not in used)
    used.add(name.casefold())
    return name


def refuse_input(target: Path, source: str) -> None:
    """An input is never overwritten."""
    with contextlib.suppress(OSError, ValueError):
        if target.exists() and os.path.samefile(target, source):  # noqa: PTH121 (sources may be no valid Path)
            raise OutputError(f"cannot write {target}: it is an input; choose another --output")


def write_error(name: str, error: OSError) -> OutputError:
    """``BrokenPipeError`` stays recognisable as the cause."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"cannot write {name}: no space left; free some space or choose another --output")
    return OutputError(f"cannot write {name}: {(error.strerror or str(error)).lower()}")


def encode(text: str) -> bytes:
    """UTF-8; bytes of a file name that are no UTF-8 become escapes (``\\udcff``), which JSON understands."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return as_utf8(text).encode("utf-8", "backslashreplace")


def as_utf8(text: str) -> str:
    """File names as UTF-8, also where the locale made Python take their bytes for something else."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate that stands for no byte
        return text


def _write_pieces(file: BinaryIO, pieces: Iterable[str | bytes], each: bool) -> Iterator[None]:
    """Write in large parts, or each piece as it comes."""
    buffer = bytearray()
    for piece in pieces:
        buffer += encode(piece) if isinstance(piece, str) else piece
        if each or len(buffer) > BUFFERED_BYTES:
            _write_all(file, buffer)
            buffer.clear()
        yield
    _write_all(file, buffer)


def _write_all(file: BinaryIO, data: bytes | bytearray) -> None:
    view = memoryview(bytes(data))
    while view:
        view = view[file.write(view) :]
    file.flush()
