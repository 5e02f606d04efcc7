"""Tesseract through its command line, one single-threaded process a page or line."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import tempfile
from collections import defaultdict, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

import cv2

from ocr.document import Block, Line, Page, Word
from ocr.errors import OcrError, UsageError
from ocr.metrics.text import has_hangul, normalise
from ocr.models.interface import Image
from ocr.peers import MissingPeerError
from ocr.polygon import as_polygon, from_box, slice_quad, total_bounds

INSTALL = "apt-get install tesseract-ocr tesseract-ocr-eng tesseract-ocr-kor"
LANGUAGES = {
    "cs": "ces", "da": "dan", "de": "deu", "en": "eng", "es": "spa", "fr": "fra", "hu": "hun", "it": "ita", "ko": "kor",
    "nl": "nld", "pl": "pol", "pt": "por", "sk": "slk", "sv": "swe",
}  # fmt: skip
"""ISO 639-1 codes as labels give them, and Tesseract's names of its language files."""
PAGE_MODE = 3
"""Fully automatic page segmentation, Tesseract's default."""
LINE_MODE = 7
"""The image is a single text line."""
PROCESSES = 2
WORD_LEVEL = "5"


def load(languages: Sequence[str]) -> TesseractReader:
    """A reader for pages in these languages, with those language files that are installed, else English.

    The order matters: with ``eng+kor`` Tesseract puts spaces between Korean syllables, with ``kor+eng`` it does not.
    """
    installed = installed_languages()
    wanted = [LANGUAGES[code] for code in languages if LANGUAGES.get(code) in installed]
    return TesseractReader("+".join(dict.fromkeys(wanted)) or "eng")


def require_installed() -> None:
    """Raises MissingPeerError if there is no ``tesseract`` command."""
    if shutil.which("tesseract") is None:
        raise MissingPeerError(f"tesseract is not installed; type: {INSTALL}")


def installed_languages() -> set[str]:
    """Names of the installed language files. Raises MissingPeerError."""
    require_installed()
    listing = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=False)
    return set(listing.stdout.split("\n")[1:])


class TesseractReader:
    """Reads with ``tesseract -l LANGUAGES``; ``languages`` as Tesseract writes them, such as ``kor+eng``."""

    def __init__(self, languages: str) -> None:
        missing = set(languages.split("+")) - installed_languages()
        if missing:
            packages = " ".join(f"tesseract-ocr-{name.replace('_', '-')}" for name in sorted(missing))
            raise UsageError(
                f"tesseract has no language file {', '.join(sorted(missing))}; type: apt-get install {packages}"
            )
        self.languages = languages

    def predict(self, images: Sequence[Image]) -> list[Page]:
        """One page for each image, read by at most two processes at a time."""
        with ThreadPoolExecutor(min(PROCESSES, os.cpu_count() or 1)) as pool:
            return list(pool.map(lambda image: self._read(image, PAGE_MODE), images))

    def read_lines(self, images: Sequence[Image]) -> list[Line]:
        """One line for each crop of a line. The crop goes in as it is: a white margin around it made readings worse."""
        with ThreadPoolExecutor(min(PROCESSES, os.cpu_count() or 1)) as pool:
            return [_as_one_line(page) for page in pool.map(lambda image: self._read(image, LINE_MODE), images)]

    def _read(self, image: Image, mode: int) -> Page:
        with tempfile.TemporaryDirectory(prefix="ocr-tesseract-") as folder:
            source, target = Path(folder, "page.png"), Path(folder, "result")
            cv2.imwrite(str(source), image[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
            command = ["tesseract", str(source), str(target), "-l", self.languages, "--psm", str(mode), "tsv", "txt"]
            # One thread: Tesseract's own threading makes it slower, many times so on a busy machine.
            environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
            run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
            if run.returncode:
                raise OcrError(f"tesseract failed ({run.returncode}): {' '.join(run.stderr.split())}")
            tsv, text = (target.with_suffix(suffix).read_text("utf-8") for suffix in (".tsv", ".txt"))
        height, width = image.shape[:2]
        return Page(1, width, height, parse_tsv(tsv, text))


def parse_tsv(tsv: str, text: str) -> tuple[Block, ...]:
    """The word table of Tesseract as blocks; ``text`` is its text output for the same page.

    The table cuts Hangul words into syllables while the text output has them whole, so words of such lines are taken
    from the text and their boxes from the syllables that make them up.
    """
    rows = [row for row in csv.DictReader(tsv.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE) if _is_word(row)]
    spaced: dict[str, deque[str]] = defaultdict(deque)  # lines of the text output by their letters without spaces
    for text_line in text.split("\n"):
        spaced["".join(text_line.split())].append(text_line)
    blocks = []
    for _, block in groupby(rows, key=lambda row: row["block_num"]):
        lines = [
            [_word(row) for row in line]
            for _, line in groupby(block, key=lambda row: (row["par_num"], row["line_num"]))
        ]
        blocks.append(Block(tuple(as_line(_whole_words(words, spaced)) for words in lines)))
    return tuple(blocks)


def _is_word(row: dict[str, str]) -> bool:
    return row["level"] == WORD_LEVEL and bool((row["text"] or "").strip())


def _word(row: dict[str, str]) -> Word:
    left, top, width, height = (float(row[key]) for key in ("left", "top", "width", "height"))
    return Word(row["text"].strip(), from_box(left, top, left + width, top + height), float(row["conf"]) / 100)


def _whole_words(words: list[Word], spaced: dict[str, deque[str]]) -> list[Word]:
    """The words of a line of the table, joined as in the text output if the line has Hangul and is found there."""
    letters = "".join("".join(word.text.split()) for word in words)
    if not has_hangul(normalise(letters)) or not spaced.get(letters):
        return words
    return join_pieces(words, spaced[letters].popleft().split())


def join_pieces(pieces: Sequence[Word], texts: Sequence[str]) -> list[Word]:
    """Words with the given texts from the pieces (syllables) that spell the same letters in the same order.

    A word is as sure as its least sure piece; a piece that two words share gives each its part of the box.
    """
    spans: list[tuple[int, int, Word]] = []
    for piece in pieces:
        start = spans[-1][1] if spans else 0
        spans.append((start, start + len("".join(piece.text.split())), piece))
    words, start = [], 0
    for text in texts:
        stop = start + len(text)
        parts = [
            Word(
                text,
                as_polygon(slice_quad(piece.polygon, max(start - a, 0) / (b - a), min(stop - a, b - a) / (b - a))),
                piece.confidence,
            )
            for a, b, piece in spans
            if a < stop and start < b
        ]
        box = from_box(*total_bounds(part.polygon for part in parts))
        words.append(Word(text, box, min(part.confidence for part in parts)))
        start = stop
    return words


def as_line(words: Sequence[Word]) -> Line:
    """Words of one line as a line: their texts with spaces between, the box around them, the mean confidence."""
    confidence = sum(word.confidence for word in words) / len(words)
    box = from_box(*total_bounds(word.polygon for word in words))
    return Line(" ".join(word.text for word in words), box, confidence, tuple(words))


def _as_one_line(page: Page) -> Line:
    """What was read on a line crop as one line; without any word the whole crop is its box."""
    words = tuple(page.words)
    return as_line(words) if words else Line("", from_box(0, 0, page.width, page.height), 0.0)
