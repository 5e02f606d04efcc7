"""Tables of plain text, and numbers short enough to stand in them."""

from __future__ import annotations

from collections.abc import Sequence


def count(number: int) -> str:
    """``4.2 M``: a number with three digits at most."""
    return scaled(number, ("", " K", " M", " B", " T"))


def size(number: int) -> str:
    """``16.8 MB``: bytes, in powers of 1000."""
    return scaled(number, (" B", " kB", " MB", " GB", " TB"))


def scaled(number: int, units: Sequence[str]) -> str:
    power = 0
    while power + 1 < len(units) and number >= 999.5 * 1000**power:
        power += 1
    value = number / 1000**power
    digits = 0 if power == 0 or value >= 99.95 else 1 if value >= 9.995 else 2
    text = f"{value:.{digits}f}"
    return (text.rstrip("0").rstrip(".") if digits else text) + units[power]


def align(headings: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Columns in plain text: the first ones (and a task) to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in (headings, *rows)) for i in range(len(headings))]
    to_left = [number < left or heading == "task" for number, heading in enumerate(headings)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if on_left else cell.rjust(width)
            for cell, width, on_left in zip(row, widths, to_left, strict=True)
        ).rstrip()
        for row in (headings, *rows)
    )
