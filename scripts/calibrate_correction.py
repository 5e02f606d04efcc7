"""What the settings of correction do on lines for calibration: training fonts, held-out text.

    python scripts/calibrate_correction.py --fonts DIR... --corpora DIR... --try gain=1 --try gain=2,weight=0.4

For each choice of settings (ocr/correct/config.py) a row a group of lines: share of the character errors that are gone,
lines fixed and broken, and of the lines that were right how many in 1,000 were broken. ``degraded`` lines have a
strength of 0.3 to 0.9, ``clean`` ones up to 0.12.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from unseen_fonts import HEIGHT, STYLE, held_out_texts

from ocr.correct.config import CorrectionConfig
from ocr.correct.corrector import Corrector
from ocr.correct.load import load_corrector
from ocr.data.synthetic.crops import render_crop
from ocr.data.synthetic.fonts import FontLibrary
from ocr.document import Line
from ocr.metrics.text import edit_distance
from ocr.models.interface import DoubtingReader
from ocr.models.schema import from_plain
from ocr.pipeline import load

LANGUAGES = {
    "english": {"en": 1.0, "ko": 0.0, "other": 0.0},
    "korean": {"ko": 1.0},
    "others": {"en": 0.0, "ko": 0.0, "other": 1.0},
}
STRENGTHS = {"degraded": (0.3, 0.9), "clean": (0.0, 0.12)}
AT_ONCE = 32

Labelled = list[tuple[str, Line]]
Drawn = list[tuple[np.ndarray, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fonts", type=Path, nargs="+", default=[Path("/usr/share/fonts")])
    parser.add_argument("--corpora", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=400, help="lines a group")
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--corrector", help="folder of the language model")
    parser.add_argument("--try", dest="tries", action="append", default=[], help="settings: key=value,key=value")
    arguments = parser.parse_args()
    fonts, base = FontLibrary(arguments.fonts), load_corrector(arguments.corrector)
    groups: dict[str, Labelled] = {}
    for name, languages in LANGUAGES.items():
        for kind, strengths in STRENGTHS.items():
            seed = [arguments.seed, len(groups)]
            groups[f"{name} {kind}"] = read(draw(fonts, arguments.corpora, languages, strengths, arguments.count, seed))
    for settings in arguments.tries or [""]:
        config = settings_of(settings)
        for name, labelled in groups.items():
            print(f"{settings or 'defaults'} | {name} | {outcome(labelled, corrected(labelled, base, config))}")


def draw(
    fonts: FontLibrary, corpora: Sequence[Path], languages: Mapping[str, float], strengths: tuple[float, float],
    count: int, seed: Sequence[int],
) -> Drawn:  # fmt: skip
    """Images of lines with their texts."""
    texts, rng, drawn = held_out_texts(corpora, languages), np.random.default_rng(seed), []
    for _ in range(count):
        style = replace(STYLE, characters=(12, 60), strength=float(rng.uniform(*strengths)), spread=0.0)
        drawn.append(render_crop(rng, fonts, texts, HEIGHT, 4000, style))
    return drawn


def read(drawn: Drawn) -> Labelled:
    """Each line image as it is read, with its doubts and its label."""
    reader = load()
    assert isinstance(reader, DoubtingReader)
    doubting, labelled = reader.with_alternatives(), []
    for start in range(0, len(drawn), AT_ONCE):
        some = drawn[start : start + AT_ONCE]
        lines = doubting.read_lines([cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) for image, _ in some])
        labelled += [(text, line) for (_, text), line in zip(some, lines, strict=True)]
    return labelled


def settings_of(text: str) -> CorrectionConfig:
    pairs = dict(pair.split("=") for pair in text.split(",") if pair)
    config: CorrectionConfig = from_plain(CorrectionConfig, {key: float(value) for key, value in pairs.items()})
    return config


def corrected(labelled: Labelled, base: Corrector, config: CorrectionConfig) -> list[Line]:
    corrector = Corrector(base.language, config, second=base.second, second_for=base.second_for)
    return [
        line
        for start in range(0, len(labelled), AT_ONCE)
        for line in corrector.correct_lines([line for _, line in labelled[start : start + AT_ONCE]])
    ]


def outcome(labelled: Labelled, lines: Sequence[Line]) -> str:
    before = np.array([edit_distance(text, line.text) for text, line in labelled])
    after = np.array([edit_distance(text, line.text) for (text, _), line in zip(labelled, lines, strict=True)])
    characters = sum(len(text) for text, _ in labelled)
    broken = int(((before == 0) & (after > 0)).sum())
    return (
        f"CER {before.sum() / characters:.4f} -> {after.sum() / characters:.4f} ({1 - after.sum() / before.sum():.1%} "
        f"gone), {int(((before > 0) & (after == 0)).sum())} fixed, {broken} broken, "
        f"{1000 * broken / max(int((before == 0).sum()), 1):.1f} in 1,000 right ones"
    )


if __name__ == "__main__":
    main()
