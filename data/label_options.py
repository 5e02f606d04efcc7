"""How labelled sets are read and checked: defaults that the command line can import without NumPy."""

from __future__ import annotations

from dataclasses import dataclass

MAX_BAD_FRACTION = 0.01
"""Fraction of bad samples (or bad lines) above which a set is refused; below it they are left out by name."""


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """How labels are read."""

    encoding: str = "utf-8"
    """Of the label files; a UTF-8 byte order mark is dropped."""
    allow_outside: bool = False
    """Whether labels may name images by absolute paths, ``..`` or links that leave the folder of the set."""
    ignore_kinds: frozenset[str] = frozenset()
    """Lines of these kinds (``handwritten``; lower case) become ignore regions."""
