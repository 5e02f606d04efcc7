"""The box of a line as the page engine draws it, from the boxes of its characters.

The engine takes the height of the face's ascenders and the depth of its descenders, whether or not the line has
letters that reach there (:mod:`ocr.data.synthetic.sheet`), so that the box tells the size of the print.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]

ASCENDING = frozenset("bdfhklßþ")
CAPITAL = frozenset("ABCDEFGHIKLMNOPRSTUVWXYZ")
HIGH = frozenset("0123456789?&%")
SMALL = frozenset("acemnorsuvwxzæœı")
DESCENDING = frozenset("gpqy")
ON_BASELINE = ASCENDING | CAPITAL | SMALL | frozenset("it.")
"""Letters that stand on the baseline; digits of old print may hang below it."""

RATIOS = {ASCENDING: 1.0, CAPITAL: 0.96, HIGH: 0.96}
"""Heights of letters in heights of the face's tallest ascender."""

TALL = 0.7
"""Quantile of the heights that stands for the tallest: the very tallest may touch the line above."""

DEEPEST = (0.15, 0.45)
"""Depths of descenders in ascender heights that are believed."""

TYPICAL = {"small": 0.70, "descent": 0.30}
"""Height of small letters and depth of descenders in ascender heights, in common faces."""

FULL = 0.75
"""Quantile of the tops and bottoms of Hangul syllables that stands for the fullest ones."""

LATIN_DEPTH = 0.1
"""How far Latin descenders reach below syllables, in heights of a syllable."""

STEEPEST = 0.05
"""Slopes above this are errors of the fit, not of the page."""


@dataclass(frozen=True, slots=True)
class LineExtent:
    """Baseline ``row = start + slope * column``, and how far the line's box reaches above and below it, in pixels."""

    start: float
    slope: float
    ascent: float
    descent: float

    def rows(self, column: float) -> tuple[float, float]:
        """Top and bottom of the box at a column."""
        baseline = self.start + self.slope * column
        return baseline - self.ascent, baseline + self.descent


def measure_extent(text: str, boxes: Boxes) -> LineExtent | None:
    """The extent of a line from its characters without spaces and their ink boxes (N, 4); NaN boxes do not count.

    None without letters or digits, which tell the size of the print.
    """
    seen = [(c, box) for c, box in zip(text, boxes, strict=True) if not np.isnan(box).any()]
    hangul = np.array([box for c, box in seen if "가" <= c <= "힣"]).reshape(-1, 4)
    standing = np.array([box for c, box in seen if _base(c) in ON_BASELINE]).reshape(-1, 4)
    if not len(standing):
        standing = np.array([box for c, box in seen if c in HIGH]).reshape(-1, 4)
    if len(hangul) > len(standing):
        return _hangul_extent(hangul, len(hangul) < len(text))
    if not len(standing):
        return None
    start, slope = fit_baseline(standing)
    ascent = _ascent(seen, start, slope)
    if ascent is None:
        return None
    depths = _reaches(seen, DESCENDING, start, slope, down=True)
    descent = float(np.quantile(depths, TALL)) / ascent if len(depths) else TYPICAL["descent"]
    descent = ascent * (descent if DEEPEST[0] <= descent <= DEEPEST[1] else TYPICAL["descent"])
    if len(hangul):
        tops, bottoms = _above(hangul, start, slope), _below(hangul, start, slope)
        ascent, descent = max(ascent, float(np.median(tops))), max(descent, float(np.median(bottoms)))
    return LineExtent(start, slope, ascent, descent)


def fit_baseline(boxes: Boxes) -> tuple[float, float]:
    """Start and slope of the line through the bottoms of the boxes: the median of all slopes between far ones."""
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]
    slope = 0.0
    half = len(x) // 2
    if half >= 3:
        order = np.argsort(x)
        x, y = x[order], y[order]
        slope = float(np.median((y[-half:] - y[:half]) / (x[-half:] - x[:half])))
        slope = slope if abs(slope) <= STEEPEST else 0.0
    return float(np.median(y - slope * x)), slope


def _ascent(seen: list[tuple[str, Boxes]], start: float, slope: float) -> float | None:
    """Height of ascenders in pixels, from ascenders, capitals and digits, else from small letters."""
    high = [_reaches(seen, letters, start, slope) / ratio for letters, ratio in RATIOS.items()]
    heights = np.concatenate(high) if any(map(len, high)) else _reaches(seen, SMALL, start, slope) / TYPICAL["small"]
    return float(np.quantile(heights, TALL)) if len(heights) else None


def _reaches(
    seen: list[tuple[str, Boxes]], letters: frozenset[str], start: float, slope: float, down: bool = False
) -> Boxes:
    """How far above (below) the baseline these letters reach; accented ones do not count."""
    boxes = np.array([box for c, box in seen if c in letters]).reshape(-1, 4)
    return _below(boxes, start, slope) if down else _above(boxes, start, slope)


def _above(boxes: Boxes, start: float, slope: float) -> Boxes:
    return np.asarray(start + slope * (boxes[:, 0] + boxes[:, 2]) / 2 - boxes[:, 1])


def _below(boxes: Boxes, start: float, slope: float) -> Boxes:
    return np.asarray(boxes[:, 3] - start - slope * (boxes[:, 0] + boxes[:, 2]) / 2)


def _hangul_extent(boxes: Boxes, latin: bool) -> LineExtent:
    """Syllables fill the height of the line; beside them the descenders of Latin reach lower."""
    start, slope = fit_baseline(boxes)
    ascent = float(np.quantile(_above(boxes, start, slope), FULL))
    descent = float(np.quantile(_below(boxes, start, slope), FULL))
    return LineExtent(start, slope, ascent, descent + (LATIN_DEPTH * (ascent + descent) if latin else 0.0))


def _base(character: str) -> str:
    """The letter under the marks above it: accents do not move it off the baseline."""
    import unicodedata

    return unicodedata.normalize("NFD", character)[0]
