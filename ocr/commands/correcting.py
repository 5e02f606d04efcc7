"""What ``--correct`` and ``--explain`` add to a command that reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocr.commands.progress import ReadingProgress
    from ocr.document import Page
    from ocr.models.interface import Image, Reader
    from ocr.predict import PageWatcher


def load_correcting(
    load_reader: Callable[[], Reader], corrector: str | None, lexicon: str | None, weights: str
) -> Reader:
    """The reader with a corrector behind it, which is opened first: it takes less time until a wrong name is told."""
    from ocr.correct.load import load_corrector
    from ocr.correct.reader import CorrectingReader

    opened = load_corrector(corrector, lexicon, weights)
    return CorrectingReader(load_reader(), opened)


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
