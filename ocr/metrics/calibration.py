"""Whether confidences mean what they say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BINS = 10


def expected_calibration_error(confidences: Sequence[float], correct: Sequence[bool]) -> float | None:
    """Mean gap between confidence and accuracy over ten equally wide bins, weighted by their size (Guo et al. 2017).

    0 is perfect: of the words given with confidence 0.9, nine in ten are right. None without words.
    """
    if not confidences:
        return None
    values, hits = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    index = np.minimum((values * BINS).astype(int), BINS - 1)
    gaps = np.bincount(index, weights=values - hits, minlength=BINS)  # (BINS,) sum of confidence - accuracy
    return float(np.abs(gaps).sum() / len(values))
