"""Reading order on rendered pages: the labelled lines, shuffled, put in order again by models/reading_order.py.

    python scripts/reading_order.py --fonts FONTS --corpora TEXTS [--count 12]

No network takes part. `kept` is the share of steps from a line to the next one of the label that the order makes too;
`blocks` are its blocks and `labelled` the paragraphs, headings and cells of the label. Articles and books have one to
three columns. Rows go to scripts/results/reading_order.csv.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np
from result_rows import append_rows
from unseen_pages import LATIN, PROFILES, held_out_texts, printed_fonts

from ocr.data.synthetic.pages import PageOptions, render_page
from ocr.document import Page
from ocr.models.reading_order import order_lines
from ocr.polygon import text_corners

RESULTS = Path(__file__).parent / "results" / "reading_order.csv"
LAYOUTS = ("article", "book", "letter", "outline", "screen", "receipt", "form", "table")


def steps_kept(page: Page, rng: np.random.Generator) -> tuple[int, int, int]:
    """Steps of the label that the order makes too, all of its steps, and the blocks found."""
    lines = list(page.lines)
    if not lines:
        return 0, 0, 0
    shuffled = rng.permutation(len(lines))
    blocks = order_lines([text_corners(lines[i].polygon) for i in shuffled])
    places = np.empty(len(lines), int)
    places[[shuffled[i] for block in blocks for i in block]] = np.arange(len(lines))
    return int((np.diff(places) == 1).sum()), len(lines) - 1, len(blocks)


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
        totals, labelled = np.zeros(3, int), 0
        for number in range(arguments.count):
            rng = np.random.default_rng([5, number])
            _, page = render_page(rng, fonts, texts, options)
            totals += steps_kept(page, rng)
            labelled += len(page.blocks)
        kept, steps, blocks = (int(total) for total in totals)
        row = {"date": datetime.date.today().isoformat(), "layout": layout, "pages": arguments.count, "steps": steps}
        row |= {"kept": round(kept / max(steps, 1), 4), "blocks": blocks, "labelled": labelled}
        append_rows([row], arguments.output)
        print(f"{layout}: {row['kept']:.3f} of {steps} steps, {blocks} blocks for {labelled}", flush=True)


if __name__ == "__main__":
    main()
