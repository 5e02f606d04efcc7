"""Temperature and offset that turn the confidences of words into probabilities, from calibration pages.

    python scripts/correction_pages.py CALIBRATION --training-fonts --fonts DIR... --corpora DIR... --seed 51
    python scripts/fit_temperature.py CALIBRATION/* sroie_receipts funsd_forms --pipeline end2end --limit 10

Prints for each set, guided and with ``--correct``, the expected calibration error without and with numbers of its own,
and last what ``TEMPERATURES`` in ocr/correct/config.py holds: one pair for all. Of sets that have pages for training
those are taken: never fit on pages that are reported.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ocr.correct.confidence import NEAREST, calibrated
from ocr.correct.config import Temperature
from ocr.correct.load import load_corrector
from ocr.correct.prior import light_corrector
from ocr.data.samples import list_splits
from ocr.evaluate import Kind, LabelledSet, load_sets
from ocr.metrics.calibration import expected_calibration_error
from ocr.models.interface import DoubtingReader
from ocr.pipeline import load_unguided
from ocr.scoring import score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--pipeline", default="two_stage")
    parser.add_argument("--limit", type=int, help="pages a set")
    arguments = parser.parse_args()
    reader = load_unguided(None, arguments.pipeline)
    correctors = {"guided": light_corrector(), "--correct": load_corrector()}
    assert isinstance(reader, DoubtingReader)
    doubting = reader.with_alternatives()
    confidences: dict[str, list[float]] = {name: [] for name in correctors}
    right: dict[str, list[bool]] = {name: [] for name in correctors}
    for labelled in calibration_sets(arguments.sets, arguments.limit):
        plain = [doubting.predict([sample.load()])[0] for sample in labelled.samples]
        for name, corrector in correctors.items():
            pages = [corrector.correct_page(page) for page in plain]
            _, tally = score(labelled.kind, labelled.samples, pages, fold_case=labelled.fold_case)
            tell(f"{labelled.name}, {name}", tally.confidences, tally.correct)
            confidences[name] += tally.confidences
            right[name] += tally.correct
    for name in correctors:
        tell(f"all, {name}", confidences[name], right[name])
    together, hits = [c for some in confidences.values() for c in some], [r for some in right.values() for r in some]
    print(f"{arguments.pipeline}: {fitted(together, hits)}")


def calibration_sets(paths: Sequence[Path], limit: int | None) -> Iterator[LabelledSet]:
    """The sets' pages for training where they tell them apart from those that are reported."""
    for path in paths:
        split = "train" if any(name.endswith("train") for name in list_splits(path)) else "val"
        yield from (labelled for labelled in load_sets([path], split=split, limit=limit) if labelled.kind is Kind.PAGES)


def tell(name: str, confidences: Sequence[float], right: Sequence[bool]) -> None:
    before, found = expected_calibration_error(confidences, right), fitted(confidences, right)
    after = expected_calibration_error([calibrated(confidence, found) for confidence in confidences], right)
    print(
        f"{name}: {len(right)} words, {np.mean(right):.3f} right, ECE {before:.4f}, by its own fit {after:.4f}: {found}"
    )


def fitted(confidences: Sequence[float], right: Sequence[bool]) -> Temperature:
    """The two numbers of greatest likelihood, by Newton's method."""
    values = np.clip(np.asarray(confidences, np.float64), NEAREST, 1 - NEAREST)
    odds, hits = np.log(values / (1 - values)), np.asarray(right, np.float64)
    known, weights = np.stack([np.ones_like(odds), odds], axis=1), np.array([0.0, 1.0])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(known @ weights, -30, 30)))
        curvature = chance * (1 - chance) + 1e-9
        step = np.linalg.solve((known * curvature[:, None]).T @ known, known.T @ (hits - chance))
        weights += step / max(1.0, 2 * float(np.abs(step).max()))  # a whole step may lead too far, and never back
    return Temperature(round(float(1 / weights[1]), 2), round(float(weights[0]), 2))


if __name__ == "__main__":
    main()
