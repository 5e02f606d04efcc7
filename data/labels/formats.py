"""The label formats that can be read, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ocr.data.labels import native
from ocr.data.samples import LabelOptions, Sample


@dataclass(frozen=True, slots=True)
class LabelReader:
    """A format: whether a path looks like it, and how it is read."""

    name: str
    looks_like: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, LabelOptions], list[Sample]]


READERS = (
    LabelReader("native", 'a .jsonl file of {"image", "lines"} or {"image", "text"}', native.recognises, native.read),
)
