"""All layouts: how often a page takes one, and the sheets it is drawn on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ocr.data.synthetic.layouts import (
    article,
    blank,
    book,
    form,
    letter,
    outline,
    poster,
    receipt,
    screen,
    specimen,
    table,
    typescript,
)
from ocr.data.synthetic.material import Material
from ocr.data.synthetic.sheet import Sheet

A4 = 2**0.5


@dataclass(frozen=True, slots=True)
class Layout:
    """``draw`` fills a sheet. ``width`` in px and ``aspect`` (height / width) are ranges, ``colour`` a probability.

    A layout whose ``share`` is 0 is drawn only when it is asked for by name.
    """

    draw: Callable[[Sheet, Material], None]
    share: float
    width: tuple[int, int] = (900, 1500)
    aspect: tuple[float, float] = (1.28, A4)
    colour: float = 0.1
    printed: bool = True

    def sheet(self, rng: np.random.Generator, size: tuple[int, int] | None = None) -> Sheet:
        """A blank sheet of a size of its kind, or of ``size`` (width, height) px."""
        if size is None:
            width = int(rng.integers(self.width[0], self.width[1] + 1))
            size = (width, int(width * rng.uniform(*self.aspect)))
        return Sheet(*size, rng, colour=bool(rng.uniform() < self.colour), printed=self.printed)


LAYOUTS = {
    "article": Layout(article.draw, 0.16, colour=0.25),
    "book": Layout(book.draw, 0.10, (800, 1450), (1.4, 1.7), 0.0),
    "typescript": Layout(typescript.draw, 0.15, (900, 1400), (1.25, 1.5), 0.0),
    "letter": Layout(letter.draw, 0.09),
    "form": Layout(form.draw, 0.15, (750, 1400)),
    "table": Layout(table.draw, 0.08, (800, 1500), (0.7, A4), 0.2),
    "receipt": Layout(receipt.draw, 0.36, (420, 900), (1.3, 3.2), 0.0),
    "screen": Layout(screen.draw, 0.06, (600, 1500), (0.5, 2.0), 1.0, False),
    "poster": Layout(poster.draw, 0.06, (700, 1200), (0.7, 1.6), 1.0, False),
    "outline": Layout(outline.draw, 0.08),
    "blank": Layout(blank.draw, 0.04, (600, 1400), (0.7, 1.5), 0.3),
    "specimen": Layout(specimen.draw, 0.0, (800, 1200), (0.8, 1.2)),
}
