"""What a training run was fed with, in one short hash a set: the same data gives the same hash on any machine.

Label files go into it by their contents, images and fonts by name and size alone, so that a million lines take seconds.
An image that is replaced by one of the same number of bytes is therefore not noticed.
"""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocr.data.config import DataConfig
from ocr.data.samples import find_split
from ocr.errors import UsageError

READ_SUFFIXES = (".jsonl", ".json", ".xml", ".txt", ".csv", ".tsv", ".gz")
"""Ends of the names of files whose contents are hashed."""

READ_BYTES = 256_000_000
"""Contents read of one folder; of what comes after it names and sizes alone."""

STATED_IMAGES = 20_000
"""Images of a manifest whose sizes are looked up; of a longer one as many, evenly spread."""

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class SetFingerprint:
    """A set, a folder of texts or one of fonts.

    Attributes:
        role: ``train``, ``val``, ``corpora`` or ``fonts``.
        path: As the configuration names it.
        files: Files in it; of a manifest the images that it names.
        lines: Lines of a manifest; 0 for a folder.
        bytes: Bytes of the manifest, or of all files of the folder.
        sha256: Hash of what the module's docstring tells; empty if there is nothing at that path.
    """

    role: str
    path: str
    files: int
    lines: int
    bytes: int
    sha256: str


def data_fingerprint(data: DataConfig) -> list[SetFingerprint]:
    """A fingerprint for each set, text and font folder of the configuration; fonts only where text is rendered."""
    roles = {"train": data.train, "val": data.val, "corpora": data.corpora}
    if data.corpora:
        roles["fonts"] = data.fonts
    return [fingerprint(role, path) for role, paths in roles.items() for path in paths]


def fingerprint(role: str, path: str) -> SetFingerprint:
    """The fingerprint of one path; a folder that holds several splits is taken by the one of its role."""
    found = Path(path)
    try:
        if role in ("train", "val") and found.is_dir():
            found = find_split(found, role)
        if found.is_file() and found.suffix == ".jsonl":
            return SetFingerprint(role, path, *_of_manifest(found))
        return SetFingerprint(role, path, *_of_files(found))
    except (OSError, UsageError):  # training itself says what is wrong with it
        return SetFingerprint(role, path, 0, 0, 0, "")


def _of_manifest(path: Path) -> tuple[int, int, int, str]:
    """Images, lines, bytes and hash of a manifest."""
    digest, starts, start = hashlib.sha256(), array("q"), 0
    with path.open("rb") as file:
        for line in file:
            digest.update(line)
            if not line.isspace():
                starts.append(start)
            start += len(line)
        step, images = max(1, len(starts) // STATED_IMAGES), 0
        for place in starts[::step]:
            file.seek(place)
            if image := _image_of(file.readline()):
                digest.update(str(_size(path.parent / image)).encode())
                images += 1
    return (images if step == 1 else len(starts)), len(starts), path.stat().st_size, digest.hexdigest()


def _image_of(line: bytes) -> str:
    """The image that a line of a manifest names; empty if the line is no label."""
    try:
        label: Any = json.loads(line)
    except ValueError:
        return ""
    name = (label.get("image") or label.get("file_name")) if isinstance(label, dict) else None
    return name if isinstance(name, str) else ""


def _size(path: Path) -> int:
    """Bytes of a file; -1 if it is missing."""
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return -1


def _of_files(top: Path) -> tuple[int, int, int, str]:
    """Files, 0 lines, bytes and hash of a folder or of a single file."""
    digest, files, total, left = hashlib.sha256(), 0, 0, READ_BYTES
    for name, path in _files(top):
        size = _size(path)
        digest.update(f"{name}\0{size}\0".encode("utf-8", "surrogateescape"))
        files, total = files + 1, total + max(size, 0)
        if path.suffix.lower() in READ_SUFFIXES and 0 < size <= left:
            left -= size
            with path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
    return files, 0, total, digest.hexdigest() if files else ""


def _files(top: Path) -> Iterator[tuple[str, Path]]:
    """Files with their names relative to the folder, in an order that does not depend on the machine."""
    if top.is_file():
        yield top.name, top
    for folder, below, names in os.walk(top):
        below.sort()
        for name in sorted(names):
            path = Path(folder, name)
            yield path.relative_to(top).as_posix(), path
