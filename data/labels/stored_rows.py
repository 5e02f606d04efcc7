"""Label files of a sample a row that are too large for memory: every row is read once, and again when it is needed."""

from __future__ import annotations

import codecs
import sys
from array import array
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr.data.fixed_file import FixedFile
from ocr.data.label_options import LabelOptions
from ocr.data.labels.label_files import decode_row
from ocr.data.samples import Sample
from ocr.data.stored_samples import LARGE_BYTES, StoredSamples, Summary

RowParser = Callable[[str, Path, LabelOptions, str], Sample]
"""Makes a sample of a row; also takes the folder of the set, and the row's name for messages."""

Glance = Callable[[str, str, LabelOptions], "tuple[str | None, list[str]] | None"]
"""Finds language and texts of a simple row faster than a parser; None if the row is to be parsed. Also takes the folder
of the set."""

WIDE = ("utf-16", "utf-32")
"""Encodings in which a byte of value 10 is not always the end of a row."""


def is_large(path: Path, options: LabelOptions) -> bool:
    """Whether a label file stays where it is. Raises LookupError for an unknown encoding."""
    return path.stat().st_size >= LARGE_BYTES and not codecs.lookup(options.encoding).name.startswith(WIDE)


class StoredRows:
    """Reads row ``position`` of a label file by its start and length in bytes and its number from 1, (N,) each."""

    def __init__(
        self, file: FixedFile, parse: RowParser, options: LabelOptions, spans: tuple[NDArray[np.int64], ...]
    ) -> None:
        self.file, self.parse, self.options, self.root = file, parse, options, file.path.parent
        self.starts, self.lengths, self.rows = spans

    def __call__(self, position: int) -> Sample:
        raw = self.file.read(int(self.starts[position]), int(self.lengths[position]))
        row = int(self.rows[position])
        text = decode_row(raw, self.file.path, self.options, row)
        return self.parse(text, self.root, self.options, f"{self.file.path}:{row}")


@lru_cache(maxsize=8)  # a training run asks for its sets several times
def stored_rows(
    file: FixedFile, parse: RowParser, options: LabelOptions, glance: Glance | None = None
) -> StoredSamples:
    """The samples of a large label file. Each row is looked at once here: by ``parse`` where a glance does not do.

    Raises what ``parse`` raises.
    """
    print(f"reading {file.path}: {file.size / 1e6:.0f} MB of labels", file=sys.stderr, flush=True)  # noqa: T201
    starts, lengths, rows, summary = array("q"), array("q"), array("q"), Summary()
    start, name, root, folder = 0, str(file.path), file.path.parent, str(file.path.parent)
    with file.path.open("rb") as opened:
        for number, raw in enumerate(opened, start=1):
            if row := decode_row(raw, file.path, options, number).strip():
                seen = glance(row, folder, options) if glance else None
                if seen is None:
                    summary.add(parse(row, root, options, f"{name}:{number}"))
                else:
                    summary.note(*seen)
                starts.append(start)
                lengths.append(len(raw))
                rows.append(number)
            start += len(raw)
    summary.finish()
    spans = tuple(np.frombuffer(values, np.int64) for values in (starts, lengths, rows))
    again = replace(options, allow_outside=True)  # where its images lie has been looked at
    return StoredSamples(StoredRows(file, parse, again, spans), summary)
