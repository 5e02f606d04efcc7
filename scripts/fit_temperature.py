"""Temperature and offset that turn the confidences of corrected words into probabilities, from calibration pages.

    python scripts/correction_pages.py CALIBRATION --training-fonts --fonts DIR... --corpora DIR... --seed 51
    python scripts/fit_temperature.py CALIBRATION/* --pipeline end2end --limit 10

Prints what ``TEMPERATURES`` in ocr/correct/config.py holds, and the expected calibration error of plain and of
corrected words, and of these calibrated. Never fit on pages that are reported.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ocr.correct.confidence import NEAREST, calibrated
from ocr.correct.config import Temperature
from ocr.correct.load import load_corrector
from ocr.evaluate import load_sets
from ocr.metrics.calibration import expected_calibration_error
from ocr.models.interface import DoubtingReader
from ocr.pipeline import load
from ocr.scoring import score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--pipeline", default="two_stage")
    parser.add_argument("--limit", type=int, help="pages a set")
    arguments = parser.parse_args()
    reader, corrector = load(None, arguments.pipeline), load_corrector()
    assert isinstance(reader, DoubtingReader)
    doubting = reader.with_alternatives()
    confidences: dict[str, list[float]] = {"plain": [], "corrected": []}
    right: dict[str, list[bool]] = {"plain": [], "corrected": []}
    for labelled in load_sets(arguments.sets, split="val", limit=arguments.limit):
        plain = [doubting.predict([sample.load()])[0] for sample in labelled.samples]
        for name, pages in (("plain", plain), ("corrected", [corrector.correct_page(page) for page in plain])):
            _, tally = score(labelled.kind, labelled.samples, pages, fold_case=labelled.fold_case)
            confidences[name] += tally.confidences
            right[name] += tally.correct
    temperature = fitted(confidences["corrected"], right["corrected"])
    print(f"{arguments.pipeline}: {temperature}")
    for name in confidences:
        print(f"{name}: {len(right[name])} words, ECE {expected_calibration_error(confidences[name], right[name]):.4f}")
    after = [calibrated(confidence, temperature) for confidence in confidences["corrected"]]
    print(f"calibrated: ECE {expected_calibration_error(after, right['corrected']):.4f}")


def fitted(confidences: Sequence[float], right: Sequence[bool]) -> Temperature:
    """The two numbers of greatest likelihood, by Newton's method."""
    values = np.clip(np.asarray(confidences, np.float64), NEAREST, 1 - NEAREST)
    odds, hits = np.log(values / (1 - values)), np.asarray(right, np.float64)
    known, weights = np.stack([np.ones_like(odds), odds], axis=1), np.array([0.0, 1.0])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(known @ weights, -30, 30)))
        curvature = chance * (1 - chance) + 1e-9
        weights += np.linalg.solve((known * curvature[:, None]).T @ known, known.T @ (hits - chance))
    return Temperature(round(float(1 / weights[1]), 2), round(float(weights[0]), 2))


if __name__ == "__main__":
    main()
