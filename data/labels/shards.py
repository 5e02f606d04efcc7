"""Shards: tar files in the manner of webdataset, whose members of one name but for their ending make a sample.

``0001.png`` with ``0001.txt`` (the text of a crop or page) or ``0001.json`` (a row of our own format,
:mod:`ocr.data.labels.native`, without ``image``). A set is one file, or a folder of them for each of its parts
(``SET/train/*.tar``). They are read where they lie, in any order, and must not be compressed.
https://github.com/webdataset/webdataset
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr.data.fixed_file import FixedFile, Span
from ocr.data.label_options import LabelOptions
from ocr.data.labels.label_files import IMAGE_SUFFIXES, decode_row
from ocr.data.labels.native import labelled_sample
from ocr.data.samples import Sample
from ocr.data.stored_samples import LARGE_BYTES, StoredSamples, Summary
from ocr.data.tar_members import BLOCK, TarMember, header_name, tar_members
from ocr.errors import InputError

LARGEST_LABEL = 64_000_000
"""Bytes of a label."""

NONE = TarMember("", -1, 0)


@dataclass(frozen=True, slots=True)
class Members:
    """The members of a sample; a label that is not there is ``NONE``."""

    image: TarMember
    json: TarMember
    text: TarMember


def recognises(path: Path) -> bool:
    """A ``.tar`` file or a folder that holds some."""
    return bool(shard_paths(path))


def shard_paths(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path.glob("*.tar"))
    return [path] if path.suffix == ".tar" and path.is_file() else []


def read(path: Path, options: LabelOptions) -> Sequence[Sample]:
    """The samples of all shards, in the order of their names.

    Raises InputError naming shard and member, UsageError for compressed shards.
    """
    return _read(tuple(FixedFile.of(shard) for shard in shard_paths(path)), options)


@lru_cache(maxsize=8)  # a training run asks for its sets several times
def _read(shards: tuple[FixedFile, ...], options: LabelOptions) -> Sequence[Sample]:
    spans, summary, label_bytes = array("q"), Summary(), 0
    samples: list[Sample] | None = []
    for number, shard in enumerate(shards):
        for members in shard_samples(shard):
            sample = sample_of(shard, members, options)
            summary.add(sample)
            spans.append(number)
            for member in (members.image, members.json, members.text):
                spans.extend((member.start, member.length))
            label_bytes += members.json.length + members.text.length
            if samples is not None:
                samples.append(sample)
                if label_bytes >= LARGE_BYTES:
                    samples = None  # too many to be kept
                    print(f"reading {len(shards)} shards", file=sys.stderr, flush=True)  # noqa: T201
    summary.finish()
    table = np.frombuffer(spans, np.int64).reshape(-1, 7)
    return StoredSamples(StoredMembers(shards, table, options), summary) if samples is None else samples


class StoredMembers:
    """Reads sample ``number`` of the shards; ``table`` (N, 7) holds the shard, then start and length of its members."""

    def __init__(self, shards: tuple[FixedFile, ...], table: NDArray[np.int64], options: LabelOptions) -> None:
        self.shards, self.table, self.options = shards, table, options

    def __call__(self, number: int) -> Sample:
        shard_number, *places = self.table[number].tolist()
        shard = self.shards[shard_number]
        name = header_name(shard.read(places[0] - BLOCK, BLOCK)).decode("utf-8", "replace")
        members = [TarMember(name, *places[i : i + 2]) for i in (0, 2, 4)]
        return sample_of(shard, Members(*members), self.options)


def shard_samples(shard: FixedFile) -> Iterator[Members]:
    """The samples of a shard. Raises InputError if one lacks its image or label, or has two images."""
    with shard.path.open("rb") as opened:
        named = (member for member in tar_members(shard, opened) if not base_name(member.name).startswith("."))
        for key, group in groupby(named, key=lambda member: key_of(member.name)):
            found = {ending_of(member.name): member for member in group}
            images = [member for ending, member in found.items() if f".{ending}" in IMAGE_SUFFIXES]
            labels = Members(images[0] if images else NONE, found.get("json", NONE), found.get("txt", NONE))
            if not images and labels.json is NONE and labels.text is NONE:
                continue  # something else that lies there
            if len(images) != 1 or (labels.json is NONE and labels.text is NONE):
                raise InputError(
                    "damaged",
                    f"{shard.path}: {key!r} has {len(images)} images and the endings {', '.join(sorted(found))}; "
                    "a sample is one image and a .txt or .json, one behind the other",
                )
            yield labels


def sample_of(shard: FixedFile, members: Members, options: LabelOptions) -> Sample:
    """The labels of a sample, with the place of its image."""
    source = f"{shard.path}:{members.image.name}"
    entry: Any = {}
    if members.json.start >= 0:
        try:
            entry = json.loads(label_text(shard, members.json, options))
        except json.JSONDecodeError as error:
            raise InputError("damaged", f"{source}: its .json is not JSON ({error.msg})") from error
    if members.text.start >= 0 and isinstance(entry, dict) and entry.get("text") is None:
        entry["text"] = label_text(shard, members.text, options).rstrip("\r\n")
    span = Span(shard, members.image.start, members.image.length)
    try:
        return labelled_sample(entry, shard.path / members.image.name, options, source, span)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        rule = 'expected a .txt, or a .json of {"lines": [{"text", "polygon"}]} or {"text"}'
        raise InputError("damaged", f"{source}: {type(error).__name__} {error}; {rule}") from error


def label_text(shard: FixedFile, member: TarMember, options: LabelOptions) -> str:
    if member.length > LARGEST_LABEL:
        raise InputError("too_large", f"{shard.path}:{member.name}: a label of {member.length} bytes")
    return decode_row(shard.read(member.start, member.length), shard.path, options, 1)


def base_name(name: str) -> str:
    return name.rpartition("/")[2]


def key_of(name: str) -> str:
    """All of a name up to the first dot of its last part."""
    folder, slash, base = name.rpartition("/")
    return f"{folder}{slash}{base.partition('.')[0]}"


def ending_of(name: str) -> str:
    return base_name(name).partition(".")[2].lower()
