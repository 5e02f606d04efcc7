"""Hugging Face imagefolder: ``metadata.jsonl`` beside the images, ``{"file_name", "text" or "ground_truth"}`` a line.

``ground_truth`` may be the JSON string of Donut and SynthDoG: ``{"gt_parse": {"text_sequence": ...}}``.
https://huggingface.co/docs/datasets/image_dataset
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ocr.data.fixed_file import FixedFile
from ocr.data.label_options import LabelOptions
from ocr.data.labels.label_files import nfc, read_text, resolve_image
from ocr.data.labels.stored_rows import is_large, stored_rows
from ocr.data.samples import Sample
from ocr.errors import InputError


def recognises(path: Path) -> bool:
    """A file ``metadata.jsonl``, or a folder that holds one."""
    return _manifest(path).is_file()


def read(path: Path, options: LabelOptions) -> Sequence[Sample]:
    """The samples of the manifest, without polygons. Raises InputError (file and line), UsageError (image outside)."""
    manifest = _manifest(path)
    if is_large(manifest, options):
        return stored_rows(FixedFile.of(manifest), _row, options)
    rows = enumerate(read_text(manifest, options).split("\n"), start=1)
    return [_row(row, manifest.parent, options, f"{manifest}:{number}") for number, row in rows if row.strip()]


def _row(row: str, root: Path, options: LabelOptions, source: str) -> Sample:
    try:
        entry = json.loads(row)
        image = resolve_image(root, entry["file_name"], options, source)
        return Sample(image, text=nfc(_text(entry)), lang=entry.get("lang"), source=source)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        rule = 'expected {"file_name", "text"} or {"file_name", "ground_truth"}'
        raise InputError("damaged", f"{source}: {type(error).__name__} {error}; {rule}") from error


def _manifest(path: Path) -> Path:
    return path if path.name == "metadata.jsonl" else path / "metadata.jsonl"


def _text(entry: Mapping[str, Any]) -> str:
    text = entry["text"] if "text" in entry else _ground_truth(entry["ground_truth"])
    if not isinstance(text, str):
        raise TypeError(f"text {text!r} is not a string")
    return text


def _ground_truth(value: Any) -> Any:
    """Plain text, or Donut's JSON (as a string or not) with the text in ``gt_parse.text_sequence``."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = json.loads(value)
    return value["gt_parse"]["text_sequence"] if isinstance(value, Mapping) else value
