"""Headings on rendered pages, read by the shipped model: precision and recall of lines.

    python scripts/headings.py --fonts FONTS --corpora TEXTS [--count 12]

Fonts and texts are those of unseen_fonts.py, which are never trained or tuned on. The page engine knows which lines are
titles and headings; a line that was read is compared with the labelled one that holds its centre. Rows go to
scripts/results/headings.csv.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from result_rows import append_rows
from unseen_fonts import KOREAN, LATIN, held_out_texts, printed_fonts

from ocr.data.synthetic.degrade import PROFILES
from ocr.data.synthetic.pages import PageOptions, render_page
from ocr.document import Page
from ocr.pipeline import load
from ocr.polygon import centre, contains

RESULTS = Path(__file__).parent / "results" / "headings.csv"
LAYOUTS = ("article", "book", "letter", "typescript", "outline")
WIDTHS = (1075, 1654)
"""Pixels of an A4 sheet's width at 130 and 200 dpi."""


def compare(truth: Page, read: Page) -> NDArray[np.intp]:
    """Lines told to be headings that are, all that are told, all that are; of the lines that were read."""
    labelled = [(line.polygon, block.heading) for block in truth.blocks for line in block.lines]
    counts = np.zeros(3, int)
    for block in read.blocks:
        for line in block.lines:
            held = [heading for polygon, heading in labelled if contains(polygon, centre(line.polygon))]
            if held:
                counts += [bool(held[0] and block.heading), bool(block.heading), bool(held[0])]
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fonts", type=Path, nargs="+", required=True)
    parser.add_argument("--corpora", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=12, help="pages of each layout, a quarter of them Korean")
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    fonts, reader = printed_fonts(arguments.fonts), load()
    latin, korean = (held_out_texts(arguments.corpora, languages) for languages in (LATIN, KOREAN))
    for layout in LAYOUTS:
        counts = np.zeros(3, int)
        for number in range(arguments.count):
            rng = np.random.default_rng([arguments.seed, number])
            width = int(rng.integers(*WIDTHS, endpoint=True))
            size, profile = (width, round(width * 2**0.5)), PROFILES["clean" if number % 2 else "light"]
            options = PageOptions(layout, degradation=profile, size=size, characters=False)
            image, truth = render_page(rng, fonts, korean if number % 4 == 3 else latin, options)
            counts += compare(truth, reader.predict([image])[0])
        both, told, labelled = counts.tolist()
        row = {"date": datetime.date.today().isoformat(), "layout": layout, "pages": arguments.count}
        row |= {"headings": labelled, "precision": round(both / max(told, 1), 3)}
        row |= {"recall": round(both / max(labelled, 1), 3)}
        append_rows([row], arguments.output)
        print(", ".join(f"{name} {value}" for name, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
