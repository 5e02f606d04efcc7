"""Hugging Face imagefolder: ``metadata.jsonl`` beside the images, ``{"file_name", "text" or "ground_truth"}`` a line.

``ground_truth`` may be the JSON string of Donut and SynthDoG: ``{"gt_parse": {"text_sequence": ...}}``.
https://huggingface.co/docs/datasets/image_dataset
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ocr.data.label_options import LabelOptions
from ocr.data.labels.label_files import nfc, read_text, resolve_image
from ocr.data.samples import Sample
from ocr.errors import InputError


def recognises(path: Path) -> bool:
    """A file ``metadata.jsonl``, or a folder that holds one."""
    return _manifest(path).is_file()


def read(path: Path, options: LabelOptions) -> list[Sample]:
    """The samples of the manifest, without polygons. Raises InputError (file and line), UsageError (image outside)."""
    manifest = _manifest(path)
    samples = []
    for number, row in enumerate(read_text(manifest, options).split("\n"), start=1):
        if not row.strip():
            continue
        source = f"{manifest}:{number}"
        try:
            entry = json.loads(row)
            image = resolve_image(manifest.parent, entry["file_name"], options, source)
            samples.append(Sample(image, text=nfc(_text(entry)), lang=entry.get("lang"), source=source))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            rule = 'expected {"file_name", "text"} or {"file_name", "ground_truth"}'
            raise InputError("damaged", f"{source}: {type(error).__name__} {error}; {rule}") from error
    return samples


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
