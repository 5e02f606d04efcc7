"""Clean whole pages in print fonts and of text that are never trained on, upright and turned: the bars of pages.

    python scripts/unseen_pages.py OUT --fonts DIR... --corpora DIR...
    ocr eval OUT/* --against end2end

Fonts and texts are those of unseen_fonts.py. ``GROUP_ANGLE`` are the same pages turned clockwise by so many degrees on
a canvas that grows; A4 sheets at 130 to 200 dpi with running text. ``GROUP_sizes`` are upright pages with x-heights
from 8 to 100 px on each, ``GROUP_directions`` hold text in several directions, and of the pages of ``GROUP_halves`` the
lower half stands on its head. The same seed at every call: where a setting was chosen on these pages, judge it on those
of another ``--seed``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from unseen_fonts import KOREAN, LATIN, held_out_texts, printed_fonts

from ocr.data.labels.native_writer import write_native
from ocr.data.samples import Sample
from ocr.data.synthetic import geometry
from ocr.data.synthetic.degrade import PROFILES
from ocr.data.synthetic.fonts import FontLibrary
from ocr.data.synthetic.geometry import Warp
from ocr.data.synthetic.material import Material
from ocr.data.synthetic.pages import PageOptions, blocks_of, render_page
from ocr.data.synthetic.sheet import Pen, Sheet, x_height
from ocr.data.synthetic.text import TextSampler
from ocr.data.synthetic.typesetting import Measure, fitting, set_paragraph
from ocr.document import Block, Line, Page, Word
from ocr.polygon import Polygon

Image = NDArray[np.uint8]
Drawn = tuple[Image, Page]

SEED = 20261121
LAYOUTS = ("letter", "article", "book", "typescript")
ANGLES = (0, 15, 45, 90, 137, 180, 270)
WIDTHS = (1075, 1654)
"""Pixels of an A4 sheet's width at 130 and 200 dpi."""
MIXED_WIDTH = 1240
HEADING = (60, 100)
"""x-heights in px of the large lines of a mixed page."""
SMALL = 8
BETWEEN = (10, 34)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--fonts", type=Path, nargs="+", default=[Path("/usr/share/fonts")])
    parser.add_argument("--corpora", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=12, help="pages a set")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--angles", type=int, nargs="*", default=ANGLES, help="degrees, clockwise")
    arguments = parser.parse_args()
    fonts = printed_fonts(arguments.fonts)
    for group, languages in {"latin": LATIN, "korean": KOREAN}.items():
        texts = held_out_texts(arguments.corpora, languages)
        pages = list(draw_all(draw_page, fonts, texts, arguments.count, arguments.seed))
        sets = {f"{angle:03d}": [turned(page, angle) for page in pages] for angle in arguments.angles}
        sets["halves"] = [half_turned(page) for page in pages]
        sets["sizes"] = list(draw_all(draw_sizes, fonts, texts, arguments.count, arguments.seed))
        sets["directions"] = list(draw_all(draw_directions, fonts, texts, arguments.count, arguments.seed))
        for name, drawn in sets.items():
            write_set(arguments.output / f"{group}_{name}", drawn, "ko" if languages is KOREAN else "en")


Draw = Callable[[np.random.Generator, FontLibrary, TextSampler, int], Drawn]


def draw_all(draw: Draw, fonts: FontLibrary, texts: TextSampler, count: int, seed: int) -> Iterator[Drawn]:
    for number in range(count):
        yield draw(np.random.default_rng([seed, number]), fonts, texts, number)


def draw_page(rng: np.random.Generator, fonts: FontLibrary, texts: TextSampler, number: int) -> Drawn:
    """A clean page of running text; the layouts take turns."""
    width = int(rng.integers(WIDTHS[0], WIDTHS[1] + 1))
    layout, size = LAYOUTS[number % len(LAYOUTS)], (width, round(width * 2**0.5))
    options = PageOptions(layout, degradation=PROFILES["clean"], size=size, characters=False)
    return render_page(rng, fonts, texts, options)


def turned(page: Drawn, degrees: float) -> Drawn:
    """The very same page turned clockwise on a canvas that holds all of it, in the colour of its paper."""
    image, tree = page
    warp = geometry.rotation(tree.width, tree.height, degrees)
    paper = tuple(int(v) for v in np.median(image.reshape(-1, 3), axis=0))
    width, height = warp.size
    return warp.image(image, paper), Page(1, width, height, moved_blocks(tree, warp))


def half_turned(page: Drawn) -> Drawn:
    """The very same page whose lower half stands on its head, cut in the widest gap between lines near the middle."""
    image, tree = page
    free = np.ones(tree.height + 2, np.bool_)
    for line in tree.lines:
        rows = [y for _, y in line.polygon]
        free[int(min(rows)) : int(max(rows)) + 1] = False
    free[: int(0.35 * tree.height)] = free[int(0.65 * tree.height) :] = False
    edges = np.flatnonzero(np.diff(free))
    gaps = list(zip(edges[::2], edges[1::2], strict=True)) or [(tree.height // 2, tree.height // 2)]
    middle = int(np.mean(max(gaps, key=lambda gap: gap[1] - gap[0])))
    image = image.copy()
    image[middle:] = image[middle:][::-1, ::-1]
    matrix = np.array([[-1.0, 0, tree.width], [0, -1, middle + tree.height], [0, 0, 1]])
    warp = Warp(matrix, (tree.width, tree.height))
    lines = [moved_line(line, warp) if line.polygon[0][1] >= middle else line for line in tree.lines]
    return image, Page(1, tree.width, tree.height, (Block(tuple(lines)),))


def moved_blocks(page: Page, warp: Warp) -> tuple[Block, ...]:
    return tuple(Block(tuple(moved_line(line, warp) for line in block.lines)) for block in page.blocks)


def moved_line(line: Line, warp: Warp) -> Line:
    words = tuple(Word(word.text, moved(word.polygon, warp)) for word in line.words)
    return replace(line, polygon=moved(line.polygon, warp), words=words)


def moved(polygon: Polygon, warp: Warp) -> Polygon:
    points = np.clip(warp.points(np.asarray(polygon)), 0, warp.size).round(2).tolist()
    return tuple((x, y) for x, y in points)


def draw_sizes(rng: np.random.Generator, fonts: FontLibrary, texts: TextSampler, number: int) -> Drawn:
    """An upright page: large headings, paragraphs of 8 px, and sizes between."""
    return draw_patches(rng, fonts, texts, [0.0])


def draw_directions(rng: np.random.Generator, fonts: FontLibrary, texts: TextSampler, number: int) -> Drawn:
    """The same with every paragraph in a direction of its own, on every other page at right angles only."""
    if number % 2:
        return draw_patches(rng, fonts, texts, [0.0, 90.0, 180.0, 270.0])
    return draw_patches(rng, fonts, texts, [*rng.uniform(0, 360, 3), 0.0])


def draw_patches(rng: np.random.Generator, fonts: FontLibrary, texts: TextSampler, angles: Sequence[float]) -> Drawn:
    """A large heading above six paragraphs in two columns; angles and sizes take turns, in an order of chance."""
    width, height = MIXED_WIDTH, round(MIXED_WIDTH * 2**0.5)
    canvas = np.full((height, width, 3), 255, np.uint8)
    blocks: list[Block] = []
    material = Material(rng, fonts, texts, texts.language(rng))
    cells = [(int(x * width), int(y * height)) for y in (0.22, 0.48, 0.74) for x in (0.04, 0.52)]
    side = (int(0.44 * width), int(0.24 * height))
    sizes = [SMALL, SMALL, *rng.uniform(*BETWEEN, 4)]
    large = draw_paragraph(rng, material, float(rng.uniform(*HEADING)), (int(0.92 * width), int(0.17 * height)), 0.0)
    blocks += paste(canvas, large, 0.0, (int(0.04 * width), int(0.03 * height)))
    for cell, size, turn in zip(cells, rng.permutation(sizes), rng.permutation(6), strict=True):
        degrees = angles[int(turn) % len(angles)]
        blocks += paste(canvas, draw_paragraph(rng, material, float(size), side, degrees), degrees, cell)
    return canvas, Page(1, width, height, tuple(blocks))


def draw_paragraph(
    rng: np.random.Generator, material: Material, size: float, room: tuple[int, int], degrees: float
) -> Sheet:
    """A paragraph of an x-height of ``size`` px that, once turned, just goes into the room (width, height)."""
    face = material.face("book" if rng.uniform() < 0.5 else "sans", fresh=True)
    pen = Pen(face, max(8, round(100 * size / x_height(face, 100))))
    wide, high = room
    cos, sin = abs(np.cos(np.deg2rad(degrees))), abs(np.sin(np.deg2rad(degrees)))
    ratio = 0.4 if min(cos, sin) > 0.1 else (high / wide if cos > sin else wide / high)  # height over width
    width = int(min(wide / (cos + ratio * sin), high / (sin + ratio * cos)))
    sheet = Sheet(width, max(int(width * ratio), 1), rng)
    words = material.words(face, int(3 * sheet.width * sheet.height / pen.size**2))
    measure = Measure(pen.size * 0.2, sheet.width - pen.size * 0.4, sheet.height - pen.size * 0.4, hyphenate=True)
    set_paragraph(sheet, pen, words, measure, pen.size * 1.2)
    if not sheet.lines:
        sheet.write(pen, fitting(pen, material.phrase(face, 8), measure.width), measure.left, pen.size * 1.2)
    return sheet


def paste(canvas: Image, sheet: Sheet, degrees: float, place: tuple[int, int]) -> tuple[Block, ...]:
    """Print the sheet, turned clockwise, with the top left corner of its picture at ``place``; its blocks."""
    turn = geometry.rotation(sheet.width, sheet.height, degrees)
    image = cv2.cvtColor(turn.image(sheet.image), cv2.COLOR_GRAY2RGB)
    (left, top), (width, height) = place, turn.size
    np.minimum(region := canvas[top : top + height, left : left + width], image, out=region)
    shift = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]], np.float64)
    return blocks_of(sheet.lines, Warp(shift @ turn.matrix, (canvas.shape[1], canvas.shape[0])), characters=False)


def write_set(folder: Path, pages: Sequence[Drawn], lang: str, split: str = "val") -> None:
    """Pages with their labels."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    samples = []
    for number, (image, page) in enumerate(pages):
        path = folder / "images" / f"{split}_{number:03d}.png"
        cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        samples.append(Sample(path, page=page, lang=lang, size=(page.width, page.height)))
    write_native(samples, folder, split)
    characters = sum(len(line.text) for _, page in pages for line in page.lines)
    print(f"{folder}: {len(pages)} pages, {characters} characters")


if __name__ == "__main__":
    main()
