"""What ``--correct`` and ``--explain`` add to a command that reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocr.commands.progress import ReadingProgress
    from ocr.document import Page
    from ocr.models.interface import Image, Reader
    from ocr.predict import PageWatcher


def correcting(
    load_reader: Callable[[], Reader], corrector: str | None, lexicon: str | None, weights: str
) -> Callable[[], Reader]:
    """A loader of the reader with a corrector behind it; the corrector is opened first, so that a wrong name is told
    before anything is read."""
    from ocr.correct.load import load_corrector
    from ocr.correct.reader import CorrectingReader

    opened = load_corrector(corrector, lexicon, weights)
    return lambda: CorrectingReader(load_reader(), opened)


def explaining(watch: PageWatcher, progress: ReadingProgress) -> PageWatcher:
    """The same watcher, which also says on standard error what was changed and why."""

    def explain(source: str, page: Page, image: Image | None) -> None:
        watch(source, page, image)
        for number, line in enumerate(page.lines, start=1):
            for change in line.corrections:
                progress.note(
                    f"{source}: page {page.number}, line {number}: {change.original!r} -> {change.text!r} "
                    f"in {line.text!r}: {change.reason}"
                )

    return explain
