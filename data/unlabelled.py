"""Images without labels: to calibrate on, and for a teacher to label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from ocr.data.inputs import find_inputs
from ocr.data.samples import list_splits, load_samples
from ocr.errors import UsageError

Item = TypeVar("Item")


def find_images(path: Path) -> list[Path]:
    """The images of a labelled set's ``train`` part, or all in a folder and below, in natural order; PDFs are left out.

    Raises UsageError if there is none.
    """
    if "train" in list_splits(path):
        return [sample.image for sample in load_samples(path, split="train")]
    found = [Path(item) for item in find_inputs([str(path)]) if isinstance(item, str) and is_image(item)]
    if not found:
        raise UsageError(f"{path} holds no images; give a folder of PNG, JPEG, TIFF or WebP files")
    return found


def is_image(name: str) -> bool:
    return Path(name).is_file() and Path(name).suffix.lower() != ".pdf"


def evenly(items: Sequence[Item], most: int) -> Iterator[Item]:
    """At most so many of the items, spread over all of them."""
    count = min(most, len(items))
    return (items[number * len(items) // count] for number in range(count))
