"""How input files become pages: the options of ``ocr predict`` that concern reading files, with their only defaults."""

from __future__ import annotations

from dataclasses import dataclass

from ocr.errors import UsageError

PageRange = tuple[tuple[int, float], ...]
"""First and last page of each part; an open end is infinity."""


@dataclass(frozen=True, slots=True)
class PageOptions:
    """Raises :class:`~ocr.errors.UsageError` for values out of range."""

    dpi: float = 200.0
    """Resolution at which PDF pages are drawn; 200 makes an A4 page 1,654 x 2,339 pixels."""
    pages: str | None = None
    """Which pages of a PDF or TIFF, from 1: ``1,3-5,9-``; None is all of them."""
    password: str | None = None
    """For encrypted PDFs."""
    max_pixels: int = 178_956_970
    """Larger pages are refused by their header, before they are decoded (Pillow's limit for decompression bombs)."""
    timeout: float = 50.0
    """Seconds for opening a file or decoding one page; with this default a hanging file is reported within a minute."""
    allow_truncated: bool = False
    """Read what there is of a truncated image instead of refusing it."""
    max_pages: int = 10_000
    """Further pages of a file are not read; ``pages`` chooses others."""
    reading_timeout: float = 300.0
    """Seconds for reading one page after it was decoded, of which most take one or two."""

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("--dpi", self.dpi, 10, 2400),
            ("--max-pixels", self.max_pixels, 1, 2_000_000_000),
            ("--timeout", self.timeout, 0.01, 86_400),
            ("--max-pages", self.max_pages, 1, 10_000_000),
            ("--reading-timeout", self.reading_timeout, 0.01, 86_400),
        ):
            if not low <= value <= high:
                raise UsageError(f"{name} {value:g} is out of range; choose a value from {low:g} to {high:g}")
        parse_page_range(self.pages)


def parse_page_range(text: str | None) -> PageRange:
    """``1,3-5,9-`` as ``((1, 1), (3, 5), (9, inf))``; None is every page. Raises :class:`UsageError`."""
    if text is None:
        return ((1, float("inf")),)
    parts = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        good = first.isdecimal() and (not last or (last.isdecimal() and int(last) >= int(first)))
        if not good or int(first) < 1:
            raise UsageError(f"--pages {text}: {part.strip()!r} is no page or range; write them like 1,3-5 or 9-")
        parts.append((int(first), float(last) if last else float("inf") if dash else int(first)))
    return tuple(parts)


def is_chosen(number: int, page_range: PageRange) -> bool:
    """Whether the page with this number (from 1) lies in the range."""
    return any(first <= number <= last for first, last in page_range)


def next_chosen(after: int, page_range: PageRange) -> int | None:
    """The lowest page number in the range that is greater than ``after``, if there is one."""
    candidates = (max(first, after + 1) for first, last in page_range if last > after)
    return min(candidates, default=None)
