"""How exact the characters of ``ocr data characters`` are: rendered pages whose characters are hidden and found again.

    python scripts/character_label_errors.py --fonts FONTS --corpora TEXTS --pages 8

Errors are distances from the middle of the ink, in heights of the line.
"""

from __future__ import annotations

import argparse
import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import ocr.pipeline
from ocr.data.synthetic.degrade import PROFILES
from ocr.data.synthetic.fonts import FontLibrary
from ocr.data.synthetic.pages import PageOptions, render_page
from ocr.data.synthetic.text import TextSampler
from ocr.document import Block, Line, Page
from ocr.label_characters import label_page
from ocr.models.interface import LineReader
from ocr.polygon import side_lengths

Errors = list[tuple[float, float, float, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--fonts", type=Path, action="append", required=True)
    parser.add_argument("--corpora", type=Path, action="append", required=True)
    parser.add_argument("--pages", type=int, default=8, help="of each kind")
    parser.add_argument("--model")
    options = parser.parse_args()
    reader = ocr.pipeline.load(options.model)
    fonts, texts = FontLibrary(options.fonts), TextSampler(options.corpora, held_out=True)
    rows = csv.writer(sys.stdout)
    columns = (
        "characters",
        "labelled",
        "ignored_lines",
        "mean",
        "p95",
        "across_mean",
        "width_ratio",
        "line_height_ratio",
    )
    rows.writerow(["language", "strength", *columns])
    for language in ("en", "ko"):
        for name in ("clean", "medium"):
            drawn = PageOptions(language=language, degradation=PROFILES[name], warp=0.0)
            rows.writerow([language, name, *_measure(reader, fonts, texts, drawn, options.pages)])
            sys.stdout.flush()


def _measure(reader: LineReader, fonts: FontLibrary, texts: TextSampler, drawn: PageOptions, pages: int) -> list[float]:
    errors: Errors = []
    characters = labelled = ignored = 0
    for number in range(pages):
        image, page = render_page(np.random.default_rng((7, number)), fonts, texts, drawn)
        found, tally = label_page(image, _hidden(page), reader, find_text=False)
        characters, labelled = characters + tally.characters, labelled + tally.labelled
        ignored += tally.ignored_lines
        for truth, line in zip(page.lines, found.lines, strict=False):  # ignore regions come last
            errors += _line_errors(truth, line)
    along, across, width, height = np.array(errors).T
    distance = np.hypot(along, across)
    values = distance.mean(), np.quantile(distance, 0.95), np.abs(across).mean(), np.median(width), np.median(height)
    return [characters, round(labelled / characters, 4), ignored, *(round(float(value), 4) for value in values)]


def _hidden(page: Page) -> Page:
    """The page with nothing but its lines."""
    blocks = tuple(Block(tuple(replace(line, words=()) for line in block.lines)) for block in page.blocks)
    return replace(page, blocks=blocks)


def _line_errors(truth: Line, line: Line) -> Errors:
    """Error along and across the line, ratio of widths, ratio of line heights, of every character that was labelled."""
    if line.ignore or [word.text for word in line.words] != [word.text for word in truth.words]:
        return []
    errors: Errors = []
    for exact, word in zip(truth.words, line.words, strict=True):
        quad = np.asarray(exact.polygon)
        height = side_lengths(quad)[1]
        for a, b in zip(exact.chars, word.chars, strict=False):  # none where the word is unsure
            first, second = np.asarray(a.polygon), np.asarray(b.polygon)
            way = _turned(second.mean(axis=0) - first.mean(axis=0), quad) / height
            ratio = side_lengths(second)[0] / max(1.0, side_lengths(first)[0])
            errors.append((float(way[0]), float(way[1]), ratio, side_lengths(np.asarray(word.polygon))[1] / height))
    return errors


def _turned(way: NDArray[np.float64], quad: NDArray[np.float64]) -> NDArray[np.float64]:
    """A way along and across the text of a word's quadrilateral."""
    down = (quad[3] - quad[0] + quad[2] - quad[1]) / 2
    down = down / np.linalg.norm(down)
    return np.array([way[0] * down[1] - way[1] * down[0], way @ down])


if __name__ == "__main__":
    main()
