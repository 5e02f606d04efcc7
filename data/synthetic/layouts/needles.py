"""Needle printers of tills and offices: the whole sheet in round dots, five to seven to a small letter's height."""

from __future__ import annotations

from ocr.data.synthetic import ink
from ocr.data.synthetic.sheet import Sheet

DOTS = 11
"""The unit of :func:`~ocr.data.synthetic.ink.dot_screen`, 1.7 to 2.6 of which part the dots, in an x-height."""


ROWS = 0.25
"""Share of such sheets on which the dots run together to rows."""


def print_in_dots(sheet: Sheet) -> None:
    """What stands on the sheet, as a needle printer strikes it; its smaller letters get the usual number of dots."""
    heights = sorted(line.x_height for line in sheet.lines)
    if heights:
        unit = heights[len(heights) // 4] / DOTS
        strike = ink.raster_rows if sheet.rng.uniform() < ROWS else ink.dot_screen
        sheet.image[:] = strike(sheet.image, sheet.rng, float(sheet.rng.uniform(0.3, 1.0)), unit)
