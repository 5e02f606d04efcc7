"""The members of a tar file by their place in it, so that each can be read alone. Nothing is ever extracted.

POSIX ustar with the long names of GNU and pax, which is what tar, Python and webdataset write. Links, devices and
folders are passed over: a member is bytes within the file or nothing. The standard library's ``tarfile`` finds the same
places, but takes more than twice as long, and ends without a word at a damaged header behind the first.
https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ocr.data.fixed_file import FixedFile
from ocr.errors import InputError, UsageError

BLOCK = 512
LONGEST_NAME = 1_000_000
"""Bytes that a long name or a pax header may take."""

COMPRESSED = {b"\x1f\x8b": "gunzip", b"BZ": "bunzip2", b"\xfd7": "unxz", b"(\xb5": "unzstd"}
"""First bytes of compressed files, and what decompresses them."""


@dataclass(frozen=True, slots=True)
class TarMember:
    """A regular file in a tar file: its name and where its bytes are."""

    name: str
    start: int
    length: int


def tar_members(file: FixedFile, opened: BinaryIO) -> Iterator[TarMember]:
    """The regular files, in order; ``opened`` is the same file, and may be read and moved between them.

    Raises UsageError for a compressed file, InputError (``damaged``, ``truncated``) for one that is not whole.
    """
    position, long_name, long_size = 0, None, None
    while True:
        opened.seek(position)
        header = opened.read(BLOCK)
        if header == bytes(BLOCK):
            return
        check_header(header, position, file)
        size, kind, start = _number(header[124:136], position, file), header[156:157], position + BLOCK
        if kind in (b"0", b"\0", b"7") and long_size is not None:
            size = long_size
        if start + size > file.size:
            raise InputError("truncated", f"{file.path}: ends within the member at byte {position}; copy it again")
        if kind in (b"L", b"x") and size > LONGEST_NAME:
            raise InputError("damaged", f"{file.path}: a name of {size} bytes at byte {position}; write it again")
        if kind == b"L":
            long_name = opened.read(size).rstrip(b"\0")
        elif kind == b"x":
            records = pax_records(opened.read(size))
            long_name = records.get(b"path", long_name)
            long_size = int(records[b"size"]) if records.get(b"size", b"").isdigit() else None
        else:
            if kind in (b"0", b"\0", b"7"):
                yield TarMember((long_name or header_name(header)).decode("utf-8", "replace"), start, size)
            long_name = long_size = None
        position = start + -(-size // BLOCK) * BLOCK


def check_header(header: bytes, position: int, file: FixedFile) -> None:
    """Raises UsageError or InputError if this is no header."""
    if position == 0 and header[:2] in COMPRESSED:
        tool = COMPRESSED[header[:2]]
        raise UsageError(f"{file.path}: is compressed, so its members cannot be read where they lie; {tool} it first")
    if len(header) < BLOCK:
        raise InputError(
            "truncated",
            f"{file.path}: ends at byte {file.size} without the empty block that ends a tar file; copy it again",
        )
    told = _number(header[148:156], position, file)
    if told != sum(header[:148]) + 8 * ord(" ") + sum(header[156:]):
        raise InputError("damaged", f"{file.path}: no tar header at byte {position}; write the file again")


def header_name(header: bytes) -> bytes:
    """The name in a header, which may be cut off there if it is long."""
    name, prefix = header[:100].split(b"\0")[0], header[345:500].split(b"\0")[0]
    return prefix + b"/" + name if prefix and header[257:263] == b"ustar\0" else name


def pax_records(data: bytes) -> dict[bytes, bytes]:
    """``b"25 path=some/name.png\\n"``, one after the other; what does not look so ends them."""
    records = {}
    while data:
        length, _, _ = data.partition(b" ")
        if not length.isdigit() or not 0 < int(length) <= len(data):
            break
        key, _, value = data[len(length) + 1 : int(length)].rstrip(b"\n").partition(b"=")
        records[key] = value
        data = data[int(length) :]
    return records


def _number(text: bytes, position: int, file: FixedFile) -> int:
    """A number of a header, in octal digits, or in binary if it is large."""
    if text[0] == 0x80:
        return int.from_bytes(text[1:], "big")
    try:
        return int(text.strip(b" \0") or b"0", 8)
    except ValueError:
        raise InputError("damaged", f"{file.path}: no tar header at byte {position}; write the file again") from None
