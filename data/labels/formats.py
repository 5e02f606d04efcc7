"""The label formats that can be read, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ocr.data.label_options import LabelOptions
from ocr.data.labels import alto, funsd, icdar, imagefolder, native, page_xml, shards
from ocr.data.samples import Sample


@dataclass(frozen=True, slots=True)
class LabelReader:
    """A format: whether a path looks like it, and how it is read."""

    name: str
    looks_like: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, LabelOptions], Sequence[Sample]]


READERS = (
    LabelReader("imagefolder", "metadata.jsonl beside images", imagefolder.recognises, imagefolder.read),
    LabelReader("native", 'a .jsonl file of {"image", "lines" or "text"}', native.recognises, native.read),
    LabelReader("shards", ".tar files of images with .txt or .json", shards.recognises, shards.read),
    LabelReader("PAGE XML", ".xml files with the root PcGts", page_xml.recognises, page_xml.read),
    LabelReader("ALTO", ".xml files with the root alto", alto.recognises, alto.read),
    LabelReader("FUNSD", "annotations/*.json beside images/", funsd.recognises, funsd.read),
    LabelReader("ICDAR", ".txt or .csv files of 8 coordinates and text", icdar.recognises, icdar.read),
)
