"""Writes labelled samples as shards; see :mod:`ocr.data.labels.shards`."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path

from ocr.data.labels.label_files import IMAGE_SUFFIXES
from ocr.data.labels.native_writer import sample_to_dict
from ocr.data.samples import Sample
from ocr.errors import InputError, OutputError, UsageError

Entries = list[tuple[str, bytes]]
"""Endings and contents of the members of a sample."""


def write_shards(samples: Iterable[Sample], folder: Path, megabytes: float) -> list[Path]:
    """Writes ``000000.tar``, ``000001.tar`` ... of about this size into a folder without shards; returns their paths.

    Image files are taken as they are. The same samples give the same bytes; a shard appears under its name only when it
    is whole. Raises UsageError (the folder has shards), InputError (an image cannot be read), OutputError.
    """
    if any(folder.glob("*.tar")):
        raise UsageError(f"{folder}: holds shards already; choose another --output, or remove them")
    written: list[Path] = []
    waiting: Entries = []
    size, first = 0, 0
    number = -1
    for number, sample in enumerate(samples):
        entries = [(f"{number:09d}.{ending}", data) for ending, data in members_of(sample)]
        waiting += entries
        size += sum(len(data) for _, data in entries)
        if size >= megabytes * 1e6:
            written.append(write_tar(waiting, folder / f"{len(written):06d}.tar"))
            waiting, size, first = [], 0, number + 1
    if number >= first:
        written.append(write_tar(waiting, folder / f"{len(written):06d}.tar"))
    return written


def members_of(sample: Sample) -> Entries:
    """The image as it is, and the label: text where that says it all, else JSON. Raises InputError."""
    suffix = sample.image.suffix.lower()
    if suffix not in IMAGE_SUFFIXES:
        raise InputError("unsupported", f"{sample.image}: shards hold {', '.join(IMAGE_SUFFIXES)}; convert the image")
    try:
        image = sample.image_bytes()
    except OSError as error:
        raise InputError(
            "not_found", f"{sample.image}: cannot be read ({error.strerror}); ocr data check lists all"
        ) from error
    entry = sample_to_dict(sample, sample.image.name)
    del entry["image"]
    text_alone = set(entry) == {"text"} and not entry["text"].endswith(("\r", "\n"))
    label = entry["text"] if text_alone else json.dumps(entry, ensure_ascii=False)
    return [(suffix[1:], image), ("txt" if text_alone else "json", label.encode())]


def write_tar(entries: Entries, path: Path) -> Path:
    """A tar file of these members, without times or owners. Raises OutputError."""
    part = path.with_suffix(".tar.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(part, "w", format=tarfile.USTAR_FORMAT) as tar:
            for name, data in entries:
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
                tar.members.clear()  # type: ignore[attr-defined]
        part.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); free space or choose another folder"
        ) from error
    return path
