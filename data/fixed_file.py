"""Spans of a large file, read by many threads and processes at once, so long as the file stays as it is."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from ocr.errors import InputError

OPEN_FILES = 64
"""Files held open; a set may have thousands of shards."""

_moving = threading.Lock()


@dataclass(frozen=True, slots=True)
class FixedFile:
    """A file that must not change while it is in use.

    Attributes:
        path: Where it is.
        size: Its bytes.
        changed: When it was last written, in nanoseconds.
    """

    path: Path
    size: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> FixedFile:
        """The file as it is now. Raises InputError if it cannot be read."""
        try:
            status = path.stat()
        except OSError as error:
            raise InputError("not_found", f"{path}: cannot be read ({error.strerror})") from error
        return cls(path, status.st_size, status.st_mtime_ns)

    def read(self, start: int, length: int) -> bytes:
        """``length`` bytes from ``start`` on. Raises InputError if they are not there or the file was changed."""
        data = read_at(_opened(self), start, length)
        if len(data) < length:
            raise InputError("truncated", f"{self.path}: ends within bytes {start} to {start + length}; copy it again")
        return data


@dataclass(frozen=True, slots=True)
class Span:
    """``length`` bytes of a file from ``start`` on."""

    file: FixedFile
    start: int
    length: int

    def read(self) -> bytes:
        """See :meth:`FixedFile.read`."""
        return self.file.read(self.start, self.length)


def read_at(opened: BinaryIO, start: int, length: int) -> bytes:
    """Up to ``length`` bytes of a file from ``start`` on, whoever else reads in it; held here, it is not closed."""
    if hasattr(os, "pread"):
        return os.pread(opened.fileno(), length, start)
    with _moving:  # Windows has no pread: there the file's one position is moved, by one thread at a time
        opened.seek(start)
        return opened.read(length)


@lru_cache(maxsize=OPEN_FILES)
def _opened(file: FixedFile) -> BinaryIO:
    try:
        opened = file.path.open("rb", buffering=0)
    except OSError as error:
        raise InputError("not_found", f"{file.path}: cannot be read ({error.strerror})") from error
    status = os.fstat(opened.fileno())
    if (status.st_size, status.st_mtime_ns) != (file.size, file.changed):
        opened.close()
        raise InputError("damaged", f"{file.path}: was changed while it was in use; start again")
    return opened
