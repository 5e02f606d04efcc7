"""Printed pages, degraded and clean, to measure correction on: English and Korean, text that is never trained on.

    python scripts/correction_pages.py OUT --fonts DIR... --corpora DIR... --seed 3
    ocr eval OUT/* --correct
    python scripts/correction_pages.py CALIBRATION --training-fonts --fonts DIR... --corpora DIR... --seed 1

Fonts are print families that are never trained on; with ``--training-fonts`` those that are: thresholds are chosen on
such pages, so that the others stay unseen. The seed makes the pages; figures are reported with another one than the
thresholds were chosen with.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from unseen_fonts import held_out_texts, printed_fonts
from unseen_pages import LAYOUTS, WIDTHS, Drawn, write_set

from ocr.data.synthetic.degrade import PROFILES
from ocr.data.synthetic.fonts import FontLibrary
from ocr.data.synthetic.pages import PageOptions, render_page
from ocr.data.synthetic.text import TextSampler

GROUPS = {"english": ({"en": 1.0, "ko": 0.0, "other": 0.0}, "en"), "korean": ({"ko": 1.0}, "ko")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--fonts", type=Path, nargs="+", default=[Path("/usr/share/fonts")])
    parser.add_argument("--corpora", type=Path, nargs="+", required=True)
    parser.add_argument("--training-fonts", action="store_true")
    parser.add_argument("--count", type=int, default=16, help="pages a set")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--profiles", nargs="+", default=["clean", "strong"], choices=sorted(PROFILES))
    arguments = parser.parse_args()
    fonts = FontLibrary(arguments.fonts) if arguments.training_fonts else printed_fonts(arguments.fonts)
    for group, (languages, code) in GROUPS.items():
        texts = held_out_texts(arguments.corpora, languages)
        for profile in arguments.profiles:
            pages = [draw(arguments.seed, number, fonts, texts, profile) for number in range(arguments.count)]
            write_set(arguments.output / f"{group}_{profile}", pages, code)


def draw(seed: int, number: int, fonts: FontLibrary, texts: TextSampler, profile: str) -> Drawn:
    """A page of running text; the layouts take turns."""
    rng = np.random.default_rng([seed, number, sorted(PROFILES).index(profile)])
    width = int(rng.integers(WIDTHS[0], WIDTHS[1] + 1))
    size = (width, round(width * 2**0.5))
    options = PageOptions(LAYOUTS[number % 4], degradation=PROFILES[profile], size=size, characters=False)
    return render_page(rng, fonts, texts, options)


if __name__ == "__main__":
    main()
