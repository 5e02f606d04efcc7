"""ICDAR text files (2013, 2015, MLT; SROIE): a text file for each image, one word or line of text a row.

A row is ``x1,y1,x2,y2,x3,y3,x4,y4,text`` (MLT: a script name before the text) or ``left,top,right,bottom,"text"``; the
text may hold commas; ``###`` marks a region to ignore. ``gt_img_1.txt`` belongs to ``img_1.jpg``, beside it or in a
folder ``images``, ``img`` or ``image`` beside the folder of the labels. https://rrc.cvc.uab.es
"""

from __future__ import annotations

import re
from pathlib import Path

from ocr.data.label_options import LabelOptions
from ocr.data.labels.label_files import IMAGE_SUFFIXES, image_size, nfc, read_text, resolve_image
from ocr.data.labels.text_quad import text_quad
from ocr.data.samples import Sample
from ocr.document import Block, Line, Page
from ocr.errors import InputError
from ocr.polygon import from_box

NUMBER = r"\s*-?\d+(?:\.\d+)?\s*"
QUAD_ROW = re.compile(rf"^((?:{NUMBER},){{8}})(.*)$")
BOX_ROW = re.compile(rf"^((?:{NUMBER}[, ]){{4}})(.*)$")
MLT_SCRIPTS = frozenset(
    ("Arabic", "Bangla", "Chinese", "Devanagari", "Hindi", "Japanese", "Korean", "Latin", "Mixed", "None", "Symbols")
)
IMAGE_FOLDERS = ("", "images", "img", "image", "../images", "../img", "../image")


def recognises(path: Path) -> bool:
    """A ``.txt`` or ``.csv`` file whose first row is coordinates and text, or a folder of such files."""
    files = label_files(path)
    if not files:
        return False
    with files[0].open("rb") as file:
        first = file.readline(10_000).decode("utf-8", errors="replace").removeprefix("\ufeff").strip()
    return bool(QUAD_ROW.match(first) or BOX_ROW.match(first))


def label_files(path: Path) -> list[Path]:
    """The text files of a set, those without image names (``readme.txt``) left out."""
    if path.is_file():
        return [path] if path.suffix.lower() in (".txt", ".csv") else []
    files = sorted(file for suffix in ("*.txt", "*.csv") for file in path.glob(suffix))
    return [file for file in files if file.stem.lower() not in ("readme", "license", "licence")]


def read(path: Path, options: LabelOptions) -> list[Sample]:
    """One sample a text file. Raises InputError naming file and row, UsageError for images outside the folder."""
    return [_sample(file, path if path.is_dir() else path.parent, options) for file in label_files(path)]


def _sample(file: Path, root: Path, options: LabelOptions) -> Sample:
    rows = [(number, row) for number, row in enumerate(read_text(file, options).split("\n"), 1) if row.strip()]
    parsed = [_parse_row(row, f"{file}:{number}") for number, row in rows]
    has_scripts = bool(parsed) and all(text.partition(",")[0].strip() in MLT_SCRIPTS for _, text in parsed)
    lines = tuple(_line(points, text.partition(",")[2] if has_scripts else text) for points, text in parsed)
    image = _find_image(file, root, options)
    size = image_size(image)
    return Sample(image, Page(1, *size, (Block(lines),) if lines else ()), size=size, source=str(file))


def _parse_row(row: str, source: str) -> tuple[list[tuple[float, float]], str]:
    if match := QUAD_ROW.match(row):
        numbers = [float(number) for number in match[1].split(",")[:8]]
        return list(zip(numbers[::2], numbers[1::2], strict=True)), match[2].strip()
    if match := BOX_ROW.match(row):
        left, top, right, bottom = (float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", match[1]))
        return list(from_box(left, top, right, bottom)), match[2].strip().removeprefix('"').removesuffix('"')
    raise InputError("damaged", f"{source}: {row[:60]!r} is not 8 (or 4) coordinates and text, separated by commas")


def _line(points: list[tuple[float, float]], text: str) -> Line:
    ignore = text in ("###", "")
    return Line("" if ignore else nfc(text), text_quad(points, starts_at_text=True), ignore=ignore)


def _find_image(file: Path, root: Path, options: LabelOptions) -> Path:
    stems = (file.stem, file.stem.removeprefix("gt_"), file.stem.removeprefix("gt_img_"))
    for folder in IMAGE_FOLDERS:
        for stem in stems:
            for suffix in IMAGE_SUFFIXES:
                for name in (f"{stem}{suffix}", f"{stem}{suffix.upper()}"):
                    if (file.parent / folder / name).is_file():
                        parent = (file.parent / folder).resolve()
                        return resolve_image(parent, name, options, str(file))
    return file.parent / f"{stems[1]}.jpg"  # missing: the checks find and count it
