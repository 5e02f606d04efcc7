"""What the user named on the command line as single files: folders, glob patterns and standard input resolved."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ocr.errors import Failure

STANDARD_INPUT = "-"
PAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".tif", ".tiff", ".webp", ".bmp", ".dib", ".pdf"}
)
PAGE_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"%PDF-")


def find_inputs(arguments: Iterable[str]) -> Iterator[str | tuple[str, Failure]]:
    """File paths in the order given, or an argument with the reason why it names no file.

    A folder stands for the images and PDFs in it and below, in natural order (``page 2`` before ``page 10``); hidden
    files are left out, and loops of symbolic links end. A name that does not exist and holds ``*``, ``?`` or ``[`` is a
    glob pattern (``**`` for any depth). ``-`` is standard input.
    """
    for argument in arguments:
        if argument == STANDARD_INPUT or not is_several(argument):
            yield argument
            continue
        if os.path.isdir(argument) and not os.access(argument, os.R_OK | os.X_OK):  # noqa: PTH112
            yield argument, Failure("not_found", "the folder cannot be opened (permission denied)")
            continue
        found = False
        for path in _walk(Path(argument), set()) if Path(argument).is_dir() else _matches(argument):
            found = True
            yield path
        if not found:
            verb = "holds" if Path(argument).is_dir() else "matches"
            yield argument, Failure("not_found", f"it {verb} no PNG, JPEG, TIFF, WebP, BMP or PDF file")


def is_several(argument: str) -> bool:
    """Whether the argument may stand for any number of files: a folder or a glob pattern."""
    if os.path.isdir(argument):  # noqa: PTH112 (False, where Path raises, for names with a NUL or too long)
        return True
    return not os.path.lexists(argument) and glob.has_magic(argument)


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sorting key under which ``page2`` comes before ``page10`` and case matters last."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(0, int(p), "") if p[0] in "0123456789" else (1, 0, p.casefold()) for p in pieces], name


def _matches(pattern: str) -> Iterator[str]:
    for path in sorted(glob.iglob(pattern, recursive=True), key=natural_key):  # noqa: PTH207 (absolute patterns too)
        if os.path.isdir(path):  # noqa: PTH112
            continue
        if _is_page_file(path, Path(path).name):
            yield path


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[str]:
    """Files of one folder, then of the folders below it; ``seen`` holds device and inode of those already entered."""
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            visible = sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: natural_key(e.name))
    except OSError:
        return
    for entry in visible:
        if not entry.is_dir() and _is_page_file(entry.path, entry.name):
            yield entry.path
    for entry in visible:
        if entry.is_dir():
            yield from _walk(Path(entry.path), seen)


def _is_page_file(path: str, name: str) -> bool:
    """By its name, or by its first bytes where the name says nothing."""
    suffix = Path(name).suffix.lower()
    if suffix in PAGE_SUFFIXES:
        return True
    if suffix or not os.path.isfile(path):  # noqa: PTH113
        return False
    try:
        with Path(path).open("rb") as file:
            return file.read(8).startswith(PAGE_SIGNATURES)
    except OSError:
        return False
