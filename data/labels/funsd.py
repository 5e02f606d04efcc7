"""FUNSD forms: ``annotations/NAME.json`` beside ``images/NAME.png``.

Entities hold words; they are cut into printed lines here: consecutive words of an entity that overlap in height and
stand close are one line. Lines are then sorted from top to bottom and left to right. https://guillaumejaume.github.io/FUNSD/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ocr.data.label_options import LabelOptions
from ocr.data.labels.label_files import IMAGE_SUFFIXES, image_size, nfc, read_text, resolve_image
from ocr.data.samples import Sample
from ocr.document import Block, Line, Page, Word
from ocr.errors import InputError
from ocr.polygon import bounds, from_box, total_bounds

MIN_HEIGHT_OVERLAP = 0.5
"""Shared height of two neighbours on one line, as a fraction of the lower one's height."""
MAX_GAP = 3.0
"""Largest gap between two neighbours on one line, in heights of the taller one."""


def recognises(path: Path) -> bool:
    """A ``.json`` file with ``form``, or a folder with (or called) ``annotations`` of such files."""
    files = _label_files(path)
    if not files:
        return False
    with files[0].open("rb") as file:
        return b'"form"' in file.read(1000)


def read(path: Path, options: LabelOptions) -> list[Sample]:
    """One sample a form. Raises InputError naming the file, UsageError for images outside the folder."""
    return [_sample(file, options) for file in _label_files(path)]


def _label_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix == ".json" else []
    return sorted((path / "annotations").glob("*.json")) or sorted(path.glob("*.json"))


def _sample(file: Path, options: LabelOptions) -> Sample:
    try:
        entities = json.loads(read_text(file, options))["form"]
        lines = [line for entity in entities for line in _lines(entity)]
    except json.JSONDecodeError as error:
        raise InputError("damaged", f"{file}:{error.lineno}: not JSON ({error.msg})") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            "damaged", f"{file}: {type(error).__name__} {error}; expected FUNSD's form, box, words"
        ) from error
    image = _find_image(file, options)
    size = image_size(image)
    ordered = tuple(sorted(lines, key=lambda line: (bounds(line.polygon)[1], bounds(line.polygon)[0])))
    return Sample(image, Page(1, *size, (Block(ordered),) if ordered else ()), size=size, source=str(file))


def _lines(entity: Mapping[str, Any]) -> list[Line]:
    words = [
        Word(nfc(w["text"].strip()), from_box(*map(float, w["box"]))) for w in entity["words"] if w["text"].strip()
    ]
    if not words:
        text = nfc(entity.get("text", "").strip())
        return [Line(text, from_box(*map(float, entity["box"])), ignore=not text)]
    rows = [[words[0]]]
    for word in words[1:]:
        if _on_one_line(rows[-1][-1], word):
            rows[-1].append(word)
        else:
            rows.append([word])
    return [_join(row) for row in rows]


def _on_one_line(word: Word, following: Word) -> bool:
    _, top, right, bottom = bounds(word.polygon)
    left, next_top, _, next_bottom = bounds(following.polygon)
    shared = min(bottom, next_bottom) - max(top, next_top)
    heights = (bottom - top, next_bottom - next_top)
    return shared >= MIN_HEIGHT_OVERLAP * min(heights) and -max(heights) <= left - right <= MAX_GAP * max(heights)


def _join(words: list[Word]) -> Line:
    return Line(" ".join(w.text for w in words), from_box(*total_bounds(w.polygon for w in words)), words=tuple(words))


def _find_image(file: Path, options: LabelOptions) -> Path:
    folder = file.parent.parent if file.parent.name == "annotations" else file.parent
    for place in ("images/", ""):
        for suffix in IMAGE_SUFFIXES:
            if (folder / f"{place}{file.stem}{suffix}").is_file():
                return resolve_image(folder, f"{place}{file.stem}{suffix}", options, str(file))
    return folder / "images" / f"{file.stem}.png"
