"""What a reading run says on standard error: a line for each file that cannot be read, progress, and a final count."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ocr.errors import Failure

if TYPE_CHECKING:
    from rich.progress import Progress

SILENT_SECONDS = 1.0  # shorter runs show no progress, nor pay for importing rich
PLAIN_SECONDS = 30.0  # between progress lines when standard error is no terminal


class ReadingProgress:
    """Counts files and pages. A live line on a terminal (unless results go there too), a plain line otherwise."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.read = self.failed = self.pages = self.before = self.failed_before = 0
        self.failures: list[Failure] = []
        self.live = sys.stderr.isatty() and not sys.stdout.isatty()
        self._bar: Progress | None = None
        self._started = self._last = time.monotonic()

    def page(self, source: str) -> None:
        """One page is done."""
        self.pages += 1
        if not self.quiet:
            self._show(source)

    def document(self, failed: bool) -> None:
        """One file is done."""
        self.failed += failed
        self.read += not failed

    def finished_before(self, failed: bool) -> None:
        """One file has its result from an earlier run."""
        self.before += 1
        self.failed_before += failed

    def failure(self, source: str, failure: Failure) -> None:
        """``ocr: cannot read PATH: REASON``."""
        self.failures.append(failure)
        self._say(f"ocr: cannot read {printable(source)}: {failure.message}")

    def page_failures(self, source: str, failures: Sequence[tuple[int, Failure]]) -> None:
        """The same for a file of which some pages were read: one line, with the reason of the first bad page."""
        number, failure = failures[0]
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        self.failure(source, Failure(failure.code, f"page {number}{more}: {failure.message}"))

    def warning(self, source: str, message: str) -> None:
        self._say(f"warning: {printable(source)}: {message}")

    def note(self, message: str) -> None:
        """A line that was asked for."""
        self._say(printable(message))

    def close(self) -> None:
        """Remove the live line."""
        if self._bar is not None:
            self._bar.stop()

    def total(self) -> None:
        """The final count."""
        if not self.quiet:
            failed = f", {self.failed_before} of them failed" if self.failed_before else ""
            before = f"; {self.before} done before{failed}" if self.before else ""
            sys.stderr.write(f"ocr: {self.read} read, {self.failed} failed{before}\n")

    def _say(self, line: str) -> None:
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    def _show(self, source: str) -> None:
        now = time.monotonic()
        if now - self._started < SILENT_SECONDS:
            return
        if self.live:
            self._update_bar(source)
        elif now - self._last >= PLAIN_SECONDS:
            self._last = now
            speed = self.pages / (now - self._started)
            sys.stderr.write(f"info: {self.pages} pages read, {self.failed} files failed, {speed:.1f} pages/s\n")
            sys.stderr.flush()

    def _update_bar(self, source: str) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.add_task("")
            self._bar.start()
        speed = self.pages / (time.monotonic() - self._started)
        text = f"{self.pages} pages, {self.read} files read, {self.failed} failed, {speed:.1f} pages/s: "
        self._bar.update(self._bar.task_ids[0], description=text + printable(source)[-60:])


def printable(text: str) -> str:
    """Control characters and bytes that are no UTF-8 as escapes, so that a file name cannot write to the terminal."""
    from ocr.writers.output import as_utf8

    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in as_utf8(text))
