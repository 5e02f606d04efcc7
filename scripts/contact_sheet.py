"""Rendered pages beside real ones, to be compared at a glance.

    python scripts/contact_sheet.py SET... --fonts DIR... --corpora DIR... --output sheet.jpg

Real pages (and those of any labelled set: folders or manifests) stand in the left half, rendered ones in the right. The
sheet shows other people's scans: look at it, do not publish it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.data.samples import list_splits, load_samples
from ocr.data.synthetic.fonts import FontLibrary
from ocr.data.synthetic.layouts.catalogue import LAYOUTS
from ocr.data.synthetic.pages import PageOptions, render_page
from ocr.data.synthetic.text import TextSampler

CELL = (300, 420)  # width, height
COLUMNS = 5  # a side


def main() -> None:
    arguments = _arguments()
    rng = np.random.default_rng(arguments.seed)
    real = _real_pages(arguments.sets, rng, arguments.count)
    fonts, texts = FontLibrary(arguments.fonts), TextSampler(arguments.corpora)
    names = [name for name in LAYOUTS if name not in arguments.without]
    names = [arguments.layout] * arguments.count if arguments.layout else (names * arguments.count)[: arguments.count]
    drawn = [render_page(rng, fonts, texts, PageOptions(layout=name))[0] for name in names]
    order = rng.permutation(len(drawn))
    halves = [_grid(real), np.full((len(_grid(real)), 24, 3), 0, np.uint8), _grid([drawn[i] for i in order])]
    height = max(half.shape[0] for half in halves)
    sheet = np.hstack([cv2.copyMakeBorder(h, 0, height - h.shape[0], 0, 0, cv2.BORDER_CONSTANT) for h in halves])
    cv2.imwrite(str(arguments.output), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    print(f"{arguments.output}: {len(real)} real pages left, {len(drawn)} rendered pages right")


def _real_pages(sets: list[Path], rng: np.random.Generator, count: int) -> list[NDArray[np.uint8]]:
    """The same number of pages of every set, line crops left out."""
    pages = []
    for path in sets:
        splits: list[str | None] = [*list_splits(path)] or [None]
        samples = [s for split in splits for s in load_samples(path, split=split) if not s.is_crop]
        chosen = rng.permutation(len(samples))[: -(-count // len(sets))]
        pages += [samples[int(i)].load() for i in chosen]
    return pages[:count]


def _grid(pages: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    cells = [_cell(page) for page in pages]
    cells += [np.full_like(cells[0], 90)] * (-len(cells) % COLUMNS)
    return np.vstack([np.hstack(cells[i : i + COLUMNS]) for i in range(0, len(cells), COLUMNS)])


def _cell(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The page fitted into a cell on grey."""
    scale = min(CELL[0] / page.shape[1], CELL[1] / page.shape[0])
    size = (max(1, int(page.shape[1] * scale)), max(1, int(page.shape[0] * scale)))
    small = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
    cell = np.full((CELL[1] + 4, CELL[0] + 4, 3), 90, np.uint8)
    cell[: size[1], : size[0]] = small
    return cell


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+", metavar="SET")
    parser.add_argument("--fonts", type=Path, nargs="+", required=True)
    parser.add_argument("--corpora", type=Path, nargs="+", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--layout", help="only this layout")
    parser.add_argument("--without", nargs="*", default=(), help="layouts to leave out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
