"""``--resume``: what an earlier run of the same command finished, so that only the rest is read.

In a folder a file is finished if its result is there and not older than itself: results are moved to their place when
they are whole, and of a page a file the first one comes last. What could not be read is tried again.

In one file of JSON lines every whole line is a finished document, an error too; a last line that was cut off is taken
away, and the rest appended, so that the file ends as that of a run never stopped.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr.data.inputs import STANDARD_INPUT, find_inputs
from ocr.data.page_options import PageOptions, next_chosen, parse_page_range
from ocr.errors import OutputError, UsageError
from ocr.writers.output import TEMPORARY, as_utf8, names_folder, page_target, refuse_input, write_error

if TYPE_CHECKING:
    from ocr.writers import Format

Finished = Callable[[str], bool]
"""Whether a source needs not be read again; asked once for each, in order."""

Notice = Callable[[bool], None]
"""Called for each source that is passed over, with whether it could not be read in the earlier run."""

LINE_START = '{"source": '
LONGEST_ERROR = 1 << 16
"""Bytes; a longer JSON file holds pages."""

LEFT_SECONDS = 1.0
"""A temporary file that was just made may not be locked yet by its writer."""


def find_finished(
    output: str | None, inputs: list[str], formats: list[Format], options: PageOptions, notice: Notice
) -> Finished:
    """What is finished in ``output``, which is made ready for the rest.

    Raises :class:`~ocr.errors.UsageError` for an output that cannot be resumed, :class:`~ocr.errors.OutputError` for a
    file that holds something else than our JSON lines.
    """
    if output is not None and names_folder(output):
        remove_left(Path(output))
        return FinishedFiles(Path(output), inputs, formats, options, notice)
    if output is None or [entry.name for entry in formats] != ["jsonl"]:
        raise UsageError("--resume needs a folder as --output, or one file of JSON lines, such as results.jsonl")
    for source in inputs:
        refuse_input(Path(output), source)
    return FinishedLines(Path(output), notice)


class FinishedFiles:
    """Results in a folder. Files whose results could change names with the other inputs are read again."""

    def __init__(
        self, folder: Path, inputs: list[str], formats: list[Format], options: PageOptions, notice: Notice
    ) -> None:
        self.folder, self.formats, self.notice = folder, formats, notice
        self.first_page = next_chosen(0, parse_page_range(options.pages)) or 1
        paths = [Path(entry) for entry in find_inputs(inputs) if isinstance(entry, str)]
        self.stems = Counter(path.stem.casefold() for path in paths)
        self.names = {path.name.casefold() for path in paths}

    def __call__(self, source: str) -> bool:
        stem = Path(source).stem.casefold()
        if source == STANDARD_INPUT or self.stems[stem] > 1 or stem in self.names:
            return False
        finished = all(is_finished(self._target(source, entry), source, entry) for entry in self.formats)
        if finished:
            self.notice(False)
        return finished

    def _target(self, source: str, output_format: Format) -> Path:
        target = self.folder / f"{Path(source).stem}{output_format.suffix}"
        return page_target(target, self.first_page, output_format) if output_format.holds == "page" else target


class FinishedLines:
    """Whole lines of a file; a source that was given twice has two."""

    def __init__(self, path: Path, notice: Notice) -> None:
        self.notice = notice
        self.failed: dict[str, list[bool]] = {}
        if path.exists():
            for source, failed in whole_lines(path):
                self.failed.setdefault(source, []).append(failed)

    def __call__(self, source: str) -> bool:
        lines = self.failed.get(as_utf8(source))
        if not lines:
            return False
        self.notice(lines.pop(0))
        return True


def whole_lines(path: Path) -> Iterator[tuple[str, bool]]:
    """Source and failure of each document; what stands behind the last line feed is cut off."""
    try:
        with path.open("r+b") as file:
            whole = 0
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n") and looks_like_ours(line):
                    break
                yield read_line(line, path, number)
                whole += len(line)
            file.truncate(whole)
    except OSError as error:
        raise write_error(str(path), error) from error


def looks_like_ours(line: bytes) -> bool:
    """Whether a line without an end may be the beginning of one of our results."""
    start = LINE_START.encode()
    return line.startswith(start) or start.startswith(line)


def read_line(line: bytes, path: Path, number: int) -> tuple[str, bool]:
    try:
        data: dict[str, Any] = json.loads(line)
        return data["source"], "error" in data or any("error" in page for page in data["pages"])
    except (ValueError, KeyError, TypeError) as error:
        rule = f"line {number} of {path} is no result of ocr predict"
        raise OutputError(f"{rule}; choose another --output, or leave out --resume to write it anew") from error


def is_finished(result: Path, source: str, output_format: Format) -> bool:
    """Whether the result is there, was written after its source, as ``make`` would ask, and is not just an error."""
    try:
        status = result.stat()
        newer = status.st_mtime_ns >= os.stat(source).st_mtime_ns  # noqa: PTH116 (no valid Path perhaps)
        if not newer or not output_format.tells_failures or status.st_size > LONGEST_ERROR:
            return newer
        return "error" not in json.loads(result.read_bytes())
    except (OSError, ValueError):
        return False


def remove_left(folder: Path) -> None:
    """Temporary files of runs that were killed; those that another process is writing are locked."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    left: Iterable[Path] = folder.glob(f"{TEMPORARY}*") if folder.is_dir() else ()
    for path in left:
        with contextlib.suppress(OSError), path.open("rb") as file:
            if time.time() - path.stat().st_mtime > LEFT_SECONDS:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
