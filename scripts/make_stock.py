"""The small labelled set in ocr/stock, against which training on someone's own documents is weighed: drawn anew.

    python scripts/make_stock.py --fonts DIR... --corpora DIR [--output ocr/stock]

``train`` (mixed into training): training fonts and text; ``val`` (scored before and after): evaluation-only print
fonts and the paragraphs of the corpora that are never trained on. Only texts that are in the public domain or CC0
(``TEXTS``). Lines stand in rows of a tall sheet, pages are small; both are native labelled sets. The same seed at
every call.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from unseen_fonts import printed_fonts

from ocr.data.labels.native_writer import write_native
from ocr.data.samples import Sample
from ocr.data.synthetic.crops import CropStyle, render_crop
from ocr.data.synthetic.degrade import PROFILES
from ocr.data.synthetic.fonts import FontLibrary
from ocr.data.synthetic.pages import PageOptions, render_page
from ocr.data.synthetic.text import TextMix, TextSampler
from ocr.document import Block, Char, Line, Page, Word
from ocr.models.codec import default_alphabet, normalise
from ocr.polygon import Polygon, from_box

SEED = 20261121
TEXTS = {"en": ("classic_books", "us_speeches", "common_voice"), "ko": ("law", "common_voice")}
"""Files of the corpora that are in the public domain or CC0; of every language not named, ``OTHERS``."""
OTHERS = ("common_voice",)

HEIGHT, WIDEST = 32, 640
"""Of a line crop, in px; the shipped recognizer's height."""
SHEET_WIDTH = 960
BLOCK = 8
"""Lines begin at multiples of so many px, so that no block of the JPEG holds two of them."""
QUALITY = 78

GreyImage = NDArray[np.uint8]


@dataclass(frozen=True)
class Split:
    """``pages`` names layout, language and degradation of each."""

    name: str
    held_out: bool
    lines: int
    style: CropStyle
    text: TextMix
    pages: tuple[tuple[str, str, str], ...]


TRAIN = Split(
    "train", False, 480, CropStyle(strength=0.25, inverse=0.04),
    TextMix(languages={"ko": 0.4, "en": 0.25, "other": 0.45}, accented=0.06, shuffled=0.06),
    (("letter", "en", "light"), ("book", "ko", "light"), ("article", "de", "medium"), ("typescript", "fr", "medium"),
     ("form", "ko", "light"), ("receipt", "en", "medium")),
)  # fmt: skip
VAL = Split(
    "val", True, 160, CropStyle(strength=0.15, inverse=0.02),
    TextMix(languages={"ko": 0.4, "en": 0.3, "other": 0.4}),
    (("letter", "en", "light"), ("book", "ko", "light"), ("form", "ko", "light"), ("article", "es", "light")),
)  # fmt: skip
PAGE_SIZES = {"receipt": (400, 800), "article": (460, 600)}
PAGE_SIZE = (580, 760)
"""Width and height in px of a page, unless its layout has another one."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("ocr/stock"))
    parser.add_argument("--fonts", type=Path, nargs="+", default=[Path("/usr/share/fonts")])
    parser.add_argument("--corpora", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        free_texts(arguments.corpora, Path(folder))
        for split, library in ((TRAIN, FontLibrary), (VAL, printed_fonts)):
            fonts = library(arguments.fonts)
            texts = TextSampler([Path(folder)], split.text, held_out=split.held_out)
            write_native([line_sheet(split, fonts, texts, arguments.output / "lines")], arguments.output / "lines",
                         split=split.name)  # fmt: skip
            pages = draw_pages(split, fonts, texts, arguments.output / "pages")
            write_native(pages, arguments.output / "pages", split=split.name)
    size = sum(file.stat().st_size for file in arguments.output.rglob("*") if file.is_file())
    print(f"{arguments.output}: {size / 1e6:.2f} MB")


def free_texts(corpora: Path, folder: Path) -> None:
    """Links in ``folder`` to the texts that may be handed on."""
    for language in sorted(path for path in corpora.iterdir() if path.is_dir()):
        (folder / language.name).mkdir()
        for file in language.glob("*.txt*"):
            if file.name.split(".")[0] in TEXTS.get(language.name, OTHERS):
                (folder / language.name / file.name).symlink_to(file.resolve())


def line_sheet(split: Split, fonts: FontLibrary, texts: TextSampler, folder: Path) -> Sample:
    """All line crops of a split in rows of one tall picture; each polygon is the crop, edge to edge."""
    rng = np.random.default_rng([SEED, split.held_out])
    drawn = (render_crop(rng, fonts, texts, HEIGHT, WIDEST, split.style) for _ in count())
    alphabet = default_alphabet()
    crops = list(islice((crop for crop in drawn if not alphabet.unknown([normalise(crop[1])])), split.lines))
    rows = list(packed([image.shape[1] for image, _ in crops]))
    sheet = np.full((HEIGHT * len(rows), SHEET_WIDTH), 255, np.uint8)
    lines = []
    for row, members in enumerate(rows):
        for number, left in members:
            image, text = crops[number]
            top, right = row * HEIGHT, left + image.shape[1]
            sheet[top : top + HEIGHT, left:right] = image
            lines.append(Line(text, from_box(left, top, right, top + HEIGHT)))
    path = write_image(folder / f"{split.name}.jpg", sheet)
    return Sample(path, Page(1, sheet.shape[1], sheet.shape[0], (Block(tuple(lines)),)), kind="lines")


def packed(widths: Sequence[int]) -> Iterator[list[tuple[int, int]]]:
    """Rows of (number, left edge): the widest line that is left, then the widest that still fit."""
    waiting = sorted(range(len(widths)), key=lambda number: -widths[number])
    while waiting:
        row: list[tuple[int, int]] = []
        end = 0
        for number in list(waiting):
            if end + widths[number] <= SHEET_WIDTH:
                row.append((number, end))
                waiting.remove(number)
                end = -(-(end + widths[number]) // BLOCK) * BLOCK
        yield row


def draw_pages(split: Split, fonts: FontLibrary, texts: TextSampler, folder: Path) -> Iterator[Sample]:
    for number, (layout, language, strength) in enumerate(split.pages):
        rng = np.random.default_rng([SEED, split.held_out, number])
        size = PAGE_SIZES.get(layout, PAGE_SIZE)
        image, page = render_page(rng, fonts, texts, PageOptions(layout, language, PROFILES[strength], size=size))
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        path = write_image(folder / f"{split.name}_{number}_{layout}_{language}.jpg", np.asarray(grey, np.uint8))
        yield Sample(path, rounded(page), lang=language)


def rounded(page: Page) -> Page:
    """The page with corners of characters in whole pixels and of words and lines in tenths: shorter to write."""
    lines = [
        replace(
            line,
            polygon=rounded_polygon(line.polygon, 1),
            words=tuple(
                Word(word.text, rounded_polygon(word.polygon, 1), 1.0,
                     tuple(Char(char.text, rounded_polygon(char.polygon, None)) for char in word.chars))
                for word in line.words
            ),
        )
        for line in page.lines
    ]  # fmt: skip
    return replace(page, blocks=(Block(tuple(lines)),))


def rounded_polygon(polygon: Polygon, digits: int | None) -> Polygon:
    return tuple((round(x, digits), round(y, digits)) for x, y in polygon)


def write_image(path: Path, image: GreyImage) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    done, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1))
    assert done  # uint8 images always can be encoded
    path.write_bytes(data.tobytes())
    return path


if __name__ == "__main__":
    main()
