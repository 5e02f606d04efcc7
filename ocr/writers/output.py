"""Where results go: standard output, one file, or a folder with a file for each document; always UTF-8.

Results are cut at whole documents: when the disk is full, a half-written document is taken back where the system allows
it (a regular file), and documents under a megabyte are written at once.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from ocr.errors import OutputError
from ocr.writers import Format, WriterOptions

if TYPE_CHECKING:
    from ocr.document import Document
    from ocr.predict import DocumentStream

STANDARD_OUTPUT = "standard output"
BUFFERED_BYTES = 1 << 20


class Output(Protocol):
    """Takes documents one after the other; raises :class:`~ocr.errors.OutputError` if one cannot be written."""

    def write(self, document: Document | DocumentStream) -> None: ...

    def close(self) -> None: ...


class SingleOutput:
    """All documents in one stream. ``several`` puts them into the format's opening, separators and closing."""

    def __init__(self, file: BinaryIO, name: str, output_format: Format, options: WriterOptions, several: bool) -> None:
        self.file, self.name, self.format, self.options, self.several = file, name, output_format, options, several
        self.count = 0
        self.owned = name != STANDARD_OUTPUT
        if several:
            self._write_whole([output_format.opening])

    def write(self, document: Document | DocumentStream) -> None:
        separator = self.format.separator if self.several and self.count else ""
        pieces = self.format.write(document, self.options)
        self._write_whole(_chained(separator, pieces=pieces))
        self.count += 1

    def close(self) -> None:
        if self.several:
            self._write_whole([self.format.closing])
        if self.owned:
            self.file.close()

    def _write_whole(self, pieces: Iterable[str]) -> None:
        size = self._size()
        try:
            _write_pieces(self.file, pieces, each=self.file.isatty())
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


class FolderOutput:
    """A file for each document, named after its source; a file is either whole or not there."""

    def __init__(self, folder: Path, output_format: Format, options: WriterOptions) -> None:
        self.folder, self.format, self.options = folder, output_format, options
        self.used: set[str] = set()
        make_folder(folder)

    def write(self, document: Document | DocumentStream) -> None:
        target = self.folder / unique_name(document.source, self.format.suffix, self.used)
        refuse_input(target, document.source)
        handle, temporary = new_file(self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                _write_pieces(file, self.format.write(document, self.options), each=False)
            Path(temporary).replace(target)
        except BaseException as error:
            Path(temporary).unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise write_error(str(target), error) from error
            raise

    def close(self) -> None:
        """Nothing is open between documents."""


def open_output(path: str | None, inputs: Iterable[str], output_format: Format, options: WriterOptions) -> Output:
    """Standard output for None, a folder for an existing folder or a name ending in ``/``, otherwise a file.

    Raises :class:`OutputError` for a file that is one of the ``inputs`` or cannot be created.
    """
    if path is None:
        return SingleOutput(raw_standard_output(), STANDARD_OUTPUT, output_format, options, options.titled)
    if path.endswith(("/", os.sep)) or Path(path).is_dir():
        return FolderOutput(Path(path), output_format, WriterOptions(chars=options.chars))
    for source in inputs:
        refuse_input(Path(path), source)
    try:
        file = Path(path).open("wb", buffering=0)  # noqa: SIM115 (SingleOutput closes it)
    except OSError as error:
        raise write_error(path, error) from error
    return SingleOutput(file, path, output_format, options, options.titled)


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
        handle, path = tempfile.mkstemp(prefix=".ocr-", dir=folder)
    except OSError as error:
        raise write_error(str(folder), error) from error
    if hasattr(os, "fchmod"):
        mask = os.umask(0)
        os.umask(mask)
        os.fchmod(handle, 0o666 & ~mask)
    return handle, path


def unique_name(source: str, suffix: str, used: set[str]) -> str:
    """``scan.txt`` for ``folder/scan.png``; ``scan.jpg.txt``, then ``scan.jpg-2.txt``, where that name is taken."""
    path = Path("stdin" if source == "-" else source)
    names = (f"{path.stem}{suffix}", f"{path.name}{suffix}")
    numbered = (f"{path.name}-{number}{suffix}" for number in range(2, sys.maxsize))
    name = next(name for name in _chained(*names, pieces=numbered) if name.casefold() not in used)
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


def _write_pieces(file: BinaryIO, pieces: Iterable[str], each: bool) -> None:
    """Write text in large parts, or each piece as it comes."""
    buffer = bytearray()
    for piece in pieces:
        buffer += encode(piece)
        if each or len(buffer) > BUFFERED_BYTES:
            _write_all(file, buffer)
            buffer.clear()
    _write_all(file, buffer)


def _write_all(file: BinaryIO, data: bytes | bytearray) -> None:
    view = memoryview(bytes(data))
    while view:
        view = view[file.write(view) :]
    file.flush()


def _chained(*first: str, pieces: Iterator[str]) -> Iterator[str]:
    yield from first
    yield from pieces
