"""Line crops in print fonts that are never trained on, of text that is never trained on: the bar of unseen fonts.

    python scripts/unseen_fonts.py OUT --fonts DIR... --corpora DIR...
    ocr eval OUT/* --against tesseract,rapidocr

Fonts are the evaluation-only families less handwriting and script; Korean display faces are a group of their own;
text is the held-out paragraphs of the corpora. ``clean`` has no degradation, ``light`` draws a strength of 0 to 0.3 for
each line.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ocr.data.synthetic.crops import CropStyle, render_crop
from ocr.data.synthetic.fonts import Face, FontLibrary, evaluation_library
from ocr.data.synthetic.text import TextMix, TextSampler

HANDWRITING = (
    "*kristi*", "*rufscript*", "*femkeklaver*", "*leckerli*", "*isabella*", "*GreatVibes*", "*Parisienne*",
)  # fmt: skip
TRAINED_ON = ("*/karla*/*",)
"""Kept for evaluation, but its variable font slipped into the training of the models shipped until now."""
DISPLAY = ("*/alee/*",)
"""Korean display and handwriting faces (Bandal, Bangwool, Eunjin, Guseul): a group of their own."""
HEIGHT = 48
STYLE = CropStyle(characters=(4, 60), inverse=0.0)
TEXT = TextMix(corpus=0.85, number=0.1, code=0.05, shuffled=0, accented=0, syllables=0, decorated=0.05)
LATIN, KOREAN = {"en": 0.5, "ko": 0.0, "other": 0.5}, {"ko": 1.0}  # "other" is all that is not named
STRENGTHS = {"clean": 0.0, "light": 0.3}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--fonts", type=Path, nargs="+", default=[Path("/usr/share/fonts")])
    parser.add_argument("--corpora", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=300, help="lines a set")
    arguments = parser.parse_args()
    printed, display = printed_fonts(arguments.fonts), display_fonts(arguments.fonts)
    groups = {"latin": (printed, LATIN), "korean": (printed, KOREAN), "korean_display": (display, KOREAN)}
    for group, (fonts, languages) in groups.items():
        texts = held_out_texts(arguments.corpora, languages)
        for name, strength in STRENGTHS.items():
            folder = arguments.output / f"{group}_{name}"
            write_set(folder, fonts, texts, strength, arguments.count, "ko" if languages is KOREAN else "en")
            print(f"{folder}: {arguments.count} lines")


def printed_fonts(folders: Sequence[Path]) -> FontLibrary:
    """The print families that are never trained on."""
    fonts = evaluation_library(folders)
    fonts.faces = [face for face in fonts.faces if not matches(face, DISPLAY + HANDWRITING + TRAINED_ON)]
    return fonts


def display_fonts(folders: Sequence[Path]) -> FontLibrary:
    """The Korean display and handwriting families that are never trained on."""
    fonts = evaluation_library(folders)
    fonts.faces = [face for face in fonts.faces if matches(face, DISPLAY)]
    return fonts


def held_out_texts(folders: Sequence[Path], languages: Mapping[str, float]) -> TextSampler:
    """Text that is never trained on, in languages by their weights."""
    return TextSampler(folders, replace(TEXT, languages=languages), held_out=True)


def matches(face: Face, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatch(str(face.path), pattern) for pattern in patterns)


def write_set(folder: Path, fonts: FontLibrary, texts: TextSampler, strength: float, count: int, lang: str) -> None:
    """One set of crops with the same seed at every call."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20261121)
    with (folder / "val.jsonl").open("w", encoding="utf-8") as file:
        for i in range(count):
            style = replace(STYLE, strength=float(rng.uniform(0, strength)), spread=0.0)
            image, text = render_crop(rng, fonts, texts, HEIGHT, 4000, style)
            cv2.imwrite(str(folder / "images" / f"{i:04d}.png"), image)
            row = {"image": f"images/{i:04d}.png", "text": text, "lang": lang}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
