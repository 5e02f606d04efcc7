"""Reading order on rendered pages: the labelled lines, shuffled, put in order again by models/reading_order.py.

    python scripts/reading_order.py --fonts FONTS --corpora TEXTS [--count 12]

No network takes part. `kept` is the share of steps from a line to the next one of the label that the order makes too.
Precision and recall are those of block ends: after which lines of the label a paragraph, heading or cell ends.
Articles and books have one to three columns. Rows go to scripts/results/reading_order.csv.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from result_rows import append_rows
from unseen_pages import LATIN, PROFILES, held_out_texts, printed_fonts

from ocr.data.synthetic.pages import PageOptions, render_page
from ocr.document import Page
from ocr.models.reading_order import order_lines
from ocr.polygon import text_corners

RESULTS = Path(__file__).parent / "results" / "reading_order.csv"
LAYOUTS = ("article", "book", "letter", "typescript", "outline", "screen", "receipt", "form", "table")


def compare(page: Page, rng: np.random.Generator) -> NDArray[np.intp]:
    """Steps of the label that the order makes too, all of its steps; block ends of both, of the order, of the label."""
    lines = list(page.lines)
    if not lines:
        return np.zeros(5, int)
    shuffled = rng.permutation(len(lines))
    blocks = order_lines([text_corners(lines[i].polygon) for i in shuffled])
    places, found = np.empty(len(lines), int), np.empty(len(lines), int)
    places[[shuffled[i] for block in blocks for i in block]] = np.arange(len(lines))
    for number, block in enumerate(blocks):
        found[shuffled[block]] = number
    labelled = np.repeat(np.arange(len(page.blocks)), [len(block.lines) for block in page.blocks])
    kept, ends, label_ends = np.diff(places) == 1, np.diff(found) != 0, np.diff(labelled) != 0
    return np.array([kept.sum(), len(kept), (ends & label_ends).sum(), ends.sum(), label_ends.sum()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fonts", type=Path, nargs="+", required=True)
    parser.add_argument("--corpora", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=12, help="pages of each layout")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    fonts, texts = printed_fonts(arguments.fonts), held_out_texts(arguments.corpora, LATIN)
    for layout in LAYOUTS:
        options = PageOptions(layout, degradation=PROFILES["clean"], characters=False)
        totals = np.zeros(5, int)
        for number in range(arguments.count):
            rng = np.random.default_rng([5, number])
            totals += compare(render_page(rng, fonts, texts, options)[1], rng)
        kept, steps, both, ends, label_ends = (int(total) for total in totals)
        row = {"date": datetime.date.today().isoformat(), "layout": layout, "pages": arguments.count, "steps": steps}
        row |= {"kept": round(kept / max(steps, 1), 4), "label_ends": label_ends}
        row |= {"precision": round(both / max(ends, 1), 4), "recall": round(both / max(label_ends, 1), 4)}
        append_rows([row], arguments.output)
        print(", ".join(f"{name} {value}" for name, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
