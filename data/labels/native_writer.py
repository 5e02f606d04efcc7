"""Writes labelled samples in our own format (see :mod:`ocr.data.labels.native`), words and characters kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ocr.data.samples import Sample
from ocr.document import Char, Line, Word
from ocr.errors import OutputError


def write_native(samples: Iterable[Sample], folder: Path, split: str = "train") -> Path:
    """Writes ``folder/split.jsonl`` and returns its path; samples are taken one by one, so a generator may make them.

    Images inside ``folder`` stay where they are; others are copied to ``folder/images``. The manifest appears under its
    name only when it is whole. Raises OutputError.
    """
    manifest = folder / f"{split}.jsonl"
    part = manifest.with_suffix(".jsonl.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="\n") as file:
            for sample in samples:
                entry = sample_to_dict(sample, _place_image(sample, folder))
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        part.replace(manifest)
    except OSError as error:
        raise OutputError(
            f"{manifest}: cannot be written ({error.strerror or error}); free space or choose another folder"
        ) from error
    return manifest


def sample_to_dict(sample: Sample, image: str) -> dict[str, Any]:
    """One line of the manifest, for an image at this path relative to it."""
    entry: dict[str, Any] = {"image": image}
    size = (sample.page.width, sample.page.height) if sample.page else sample.size
    if size:
        entry |= {"width": size[0], "height": size[1]}
    entry |= {name: value for name in ("text", "lang", "kind") if (value := getattr(sample, name)) is not None}
    if sample.page:
        entry["lines"] = [_line_to_dict(line) for line in sample.page.lines]
    return entry


def _line_to_dict(line: Line) -> dict[str, Any]:
    entry = _item_to_dict(line)
    if line.words:
        entry["words"] = [_word_to_dict(word) for word in line.words]
    return entry | {"ignore": True} if line.ignore else entry


def _word_to_dict(word: Word) -> dict[str, Any]:
    entry = _item_to_dict(word)
    return entry | {"chars": [_item_to_dict(char) for char in word.chars]} if word.chars else entry


def _item_to_dict(item: Line | Word | Char) -> dict[str, Any]:
    return {"text": item.text, "polygon": [list(point) for point in item.polygon]}


def _place_image(sample: Sample, folder: Path) -> str:
    real, root = sample.image.resolve(), folder.resolve()
    if real.is_relative_to(root) and sample.span is None:
        return real.relative_to(root).as_posix()
    target = folder / "images" / sample.image.name
    number = 1
    while target.exists() and target.read_bytes() != sample.image_bytes():
        number += 1
        target = target.with_name(f"{sample.image.stem}_{number}{sample.image.suffix}")
    target.parent.mkdir(exist_ok=True)
    if not target.exists():
        if sample.span is None:
            shutil.copyfile(sample.image, target)
        else:
            target.write_bytes(sample.image_bytes())
    return target.relative_to(folder).as_posix()
