"""Small labelled sets of kinds that the stock models never saw: what the bars of adaptation are measured on.

    python scripts/adaptation_sets.py OUT --datasets DIR --fonts DIR... --corpora DIR...

``OUT/receipts`` and ``OUT/forms`` hold 100 lines of the training pages of sroie_receipts and funsd_forms, drawn at
random, and all lines of the validation pages; ``OUT/uncial`` 100 and 200 lines rendered in Isabella, a face after a
manuscript that only evaluation may use, with text that is kept out of training. ``OUT/receipts_pages``,
``OUT/forms_pages`` and ``OUT/uncial_pages`` hold 20 training pages and the validation pages (ten of the last, whose
characters have boxes, as those of the others get by ``ocr data characters``). The labels of receipts are all upper
case whatever the picture shows (``ocr eval`` folds them): to train on, a letter takes the case in which the stock model
reads it. The same seed at every call. ``--lines 10000`` takes all lines of the training pages: what may be hoped for.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from unseen_fonts import LATIN, STYLE, held_out_texts
from unseen_pages import write_set

import ocr
from ocr.data.labels.native_writer import write_native
from ocr.data.samples import Sample, load_samples
from ocr.data.synthetic.crops import render_crop
from ocr.data.synthetic.degrade import PROFILES
from ocr.data.synthetic.fonts import FontLibrary, evaluation_library
from ocr.data.synthetic.pages import PageOptions, render_page
from ocr.data.synthetic.text import TextSampler
from ocr.document import Block, Line, Page
from ocr.metrics.text import align
from ocr.models.interface import LineReader
from ocr.polygon import bounds

SEED = 20261121
LINES, PAGES, RENDERED = 100, 20, 200
SETS = {"receipts": "sroie_receipts", "forms": "funsd_forms"}
UNCIAL = "*/isabella/*"
LAYOUTS = ("letter", "book")
PAGE_SIZE = (1240, 1754)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--datasets", type=Path, required=True)
    parser.add_argument("--fonts", type=Path, nargs="+", default=[Path("/usr/share/fonts")])
    parser.add_argument("--corpora", type=Path, nargs="+", required=True)
    parser.add_argument("--lines", type=int, default=LINES, help="lines of receipts and forms to train on; 10000: all")
    arguments = parser.parse_args()
    reader = ocr.load("two-stage-small")
    for name, source in SETS.items():
        rng = np.random.default_rng(SEED)
        train = load_samples(arguments.datasets / source, split="train")
        val = load_samples(arguments.datasets / source, split="val")
        chosen = [cased(train[int(i)], reader) for i in rng.permutation(len(train))[:PAGES]]
        write_native(chosen, arguments.output / f"{name}_pages", "train")
        write_native(val, arguments.output / f"{name}_pages", "val")
        some = [cased(train[int(i)], reader) for i in rng.permutation(len(train))[: arguments.lines // 2]]
        write_lines(pick_lines(some, arguments.lines, rng), arguments.output / name, "train")
        write_lines([(s, line) for s in val for line in readable_lines(s)], arguments.output / name, "val")
    library = evaluation_library(arguments.fonts)
    library.faces = [face for face in library.faces if fnmatch.fnmatch(str(face.path), UNCIAL)]
    texts = held_out_texts(arguments.corpora, {**LATIN, "en": 1.0, "other": 0.0})
    write_rendered(arguments.output / "uncial", library, texts)
    write_rendered_pages(arguments.output / "uncial_pages", library, texts)


def readable_lines(sample: Sample) -> list[Line]:
    return [line for line in sample.page.lines if line.text.strip() and not line.ignore] if sample.page else []


def pick_lines(samples: Sequence[Sample], count: int, rng: np.random.Generator) -> list[tuple[Sample, Line]]:
    lines = [(sample, line) for sample in samples for line in readable_lines(sample)]
    return [lines[int(i)] for i in rng.permutation(len(lines))[:count]]


def write_lines(lines: Sequence[tuple[Sample, Line]], folder: Path, split: str) -> None:
    """Line crops with their text, cut a tenth of a line height outside their boxes."""
    (folder / split).mkdir(parents=True, exist_ok=True)
    with (folder / f"{split}.jsonl").open("w", encoding="utf-8") as file:
        for number, (sample, line) in enumerate(lines):
            name = f"{split}/{number:04d}.png"
            cv2.imwrite(str(folder / name), cv2.cvtColor(cut(sample.load(), line), cv2.COLOR_RGB2BGR))
            file.write(json.dumps({"image": name, "text": line.text}, ensure_ascii=False) + "\n")


def cut(image: np.ndarray, line: Line) -> np.ndarray:
    left, top, right, bottom = bounds(line.polygon)
    margin = 0.1 * (bottom - top)
    box = (top - margin, bottom + margin, left - margin, right + margin)
    up, down, first, last = (max(0, round(value)) for value in box)
    return image[up : max(down, up + 4), first : max(last, first + 4)]


def cased(sample: Sample, reader: LineReader) -> Sample:
    """The sample with the letters of lines that are labelled in upper case in the case that the reader sees."""
    if not sample.page or any(line.text != line.text.upper() for line in sample.page.lines):
        return sample
    image = sample.load()
    lines = readable_lines(sample)
    texts = [line.text for line in reader.read_lines([cut(image, line) for line in lines])]
    known = {id(line): case_of(line.text, text) for line, text in zip(lines, texts, strict=True)}
    page = sample.page
    blocks = (Block(tuple(replace(line, text=known.get(id(line), line.text), words=()) for line in page.lines)),)
    return replace(sample, page=Page(page.number, page.width, page.height, blocks))


def case_of(label: str, reading: str) -> str:
    """The label with each letter in the case of the reading where both are the same letter, else as its neighbour."""
    letters, lower = [], False
    for own, other in align(label, reading):
        if own is None:
            continue
        if other is not None and own.lower() == other.lower() and own.isalpha():
            lower = other.islower()
        letters.append(own.lower() if lower and own.isalpha() else own)
        lower = lower and not own.isspace()
    return "".join(letters)


def write_rendered(folder: Path, library: FontLibrary, texts: TextSampler) -> None:
    rng = np.random.default_rng(SEED)
    for split, count in (("train", LINES), ("val", RENDERED)):
        (folder / split).mkdir(parents=True, exist_ok=True)
        with (folder / f"{split}.jsonl").open("w", encoding="utf-8") as file:
            for number in range(count):
                image, text = render_crop(rng, library, texts, 48, 4000, replace(STYLE, strength=0.2))
                cv2.imwrite(str(folder / split / f"{number:04d}.png"), image)
                row = {"image": f"{split}/{number:04d}.png", "text": text}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_rendered_pages(folder: Path, library: FontLibrary, texts: TextSampler) -> None:
    """Lightly degraded pages of running text; train and val differ in the seed."""
    for number, (split, count) in enumerate({"train": PAGES, "val": PAGES // 2}.items()):
        drawn = []
        for page_number in range(count):
            layout = LAYOUTS[page_number % len(LAYOUTS)]
            options = PageOptions(layout, degradation=PROFILES["light"], size=PAGE_SIZE)
            drawn.append(render_page(np.random.default_rng([SEED, number, page_number]), library, texts, options))
        write_set(folder, drawn, "en", split)


if __name__ == "__main__":
    main()
