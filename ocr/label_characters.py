"""Characters for labelled pages that carry only lines of text: places from a reader, names from the label.

A reader's characters are kept where they agree with the label (CharNet, arXiv 1910.07954); the boxes are those of the
ink, as on rendered pages. What is not sure becomes an ignore region, so that it is neither learnt nor unlearnt.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.data.character_ink import character_boxes, ink_mask
from ocr.data.line_extent import LineExtent, measure_extent
from ocr.data.line_strip import LineStrip, cut_strip
from ocr.data.samples import Sample
from ocr.data.tighten import tighten_line
from ocr.data.unlabelled_ink import unlabelled_regions
from ocr.document import Block, Char, Line, Page, Word
from ocr.errors import OutputError
from ocr.metrics.detection import intersection_area
from ocr.metrics.text import align, normalise
from ocr.models.codec import LOOKALIKES
from ocr.models.interface import Image, LineAligner, LineReader
from ocr.polygon import FloatArray, Polygon, area, as_polygon, bounds, from_box

LEAST_AGREEMENT = 0.7
"""Lines of which a smaller part of the letters was read as labelled are not trusted."""

SURE_AGREEMENT = 0.95
"""Lines below this are read a second time, in the box of the label as it is."""

ROOM = 0.75
"""Room that a letter which was not read must have, in mean letter distances of its line."""

COVERED = 0.3
"""A word that was found counts as labelled if at least this part of it lies on labelled lines."""

Cells = NDArray[np.float64]


@dataclass
class CharacterTally:
    """What became of a page, or of many: counts of lines, words and characters (spaces are none)."""

    pages: int = 0
    lines: int = 0
    ignored_lines: int = 0
    """Lines that were not trusted; those that were ``ignore`` before are no lines here."""
    characters: int = 0
    agreeing: int = 0
    """Characters read as labelled."""
    labelled: int = 0
    """Characters that got a box."""
    unsure_words: int = 0
    """Words on trusted lines whose characters got no boxes."""
    unlabelled_regions: int = 0
    """Ignore regions over text and ink without a label."""

    def add(self, other: CharacterTally) -> None:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def __str__(self) -> str:
        agreement = self.agreeing / self.characters if self.characters else 0.0
        share = self.labelled / self.characters if self.characters else 0.0
        return (
            f"{self.pages} pages, {self.lines} lines ({self.ignored_lines} ignored), {self.characters} characters: "
            f"{agreement:.1%} read as labelled, {share:.1%} with a box; {self.unsure_words} words without; "
            f"{self.unlabelled_regions} unlabelled regions ignored"
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """A labelled line with what was read on it: which of the label's letters agree, and about where each stands."""

    strip: LineStrip
    letters: str
    agreeing: list[bool]
    cells: Cells  # (N, 2) columns of the strip

    @property
    def agreement(self) -> float:
        return sum(self.agreeing) / len(self.agreeing)


def label_characters(
    samples: Iterable[Sample], reader: LineReader, find_text: bool = True
) -> Iterator[tuple[Sample, CharacterTally]]:
    """Every labelled page with the characters of its lines; samples without lines are passed over.

    Raises InputError for an image that cannot be decoded.
    """
    for sample in samples:
        if sample.page is not None:
            page, tally = label_page(sample.load(), sample.page, reader, find_text)
            yield replace(sample, page=page), tally


def label_page(image: Image, page: Page, reader: LineReader, find_text: bool = True) -> tuple[Page, CharacterTally]:
    """The page (image (H, W, 3) RGB) with characters where the reader agrees with its lines, and ignore regions.

    These lie over all ink without a label, and, with ``find_text``, over words without a label that the reader finds on
    the whole page, which also knows light print on dark ground but takes as long as all the rest.
    """
    tally = CharacterTally(pages=1)
    readings = iter(read_labels(image, [line for line in page.lines if _is_text(line)], reader))
    blocks = []
    for block in page.blocks:
        lines = [next(readings) if _is_text(line) else (line, None) for line in block.lines]
        blocks.append(Block(tuple(_labelled(line, reading, tally) for line, reading in lines)))
    labelled = replace(page, blocks=tuple(blocks))
    regions = unlabelled_words(labelled, reader.predict([image])[0]) if find_text else []
    regions += unlabelled_regions(image, labelled, regions)
    tally.unlabelled_regions = len(regions)
    if regions:
        ignored = tuple(Line("", polygon, ignore=True) for polygon in regions)
        labelled = replace(labelled, blocks=(*labelled.blocks, Block(ignored)))
    return labelled, tally


def read_labels(image: Image, lines: Sequence[Line], reader: LineReader) -> list[tuple[Line, _Reading]]:
    """Each line with its reading: in its box drawn in to the ink, or as labelled if that agrees better."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    texts = [normalise(line.text) for line in lines]
    best = _read_strips([cut_strip(image, _corners(tighten_line(grey, line))) for line in lines], texts, reader)
    again = [i for i, reading in enumerate(best) if reading.agreement < SURE_AGREEMENT]
    loose = [cut_strip(image, _corners(lines[i])) for i in again]
    for i, reading in zip(again, _read_strips(loose, [texts[i] for i in again], reader), strict=True):
        best[i] = max(best[i], reading, key=lambda r: r.agreement)
    return list(zip(lines, best, strict=True))


def _read_strips(strips: Sequence[LineStrip], texts: Sequence[str], reader: LineReader) -> list[_Reading]:
    crops = [strip.crop for strip in strips]
    lines: list[tuple[Line, Line | None]]
    if isinstance(reader, LineAligner):
        lines = [*reader.align_lines(crops, texts)]
    else:
        lines = [(line, None) for line in reader.read_lines(crops)]
    readings = []
    for strip, text, (line, known) in zip(strips, texts, lines, strict=True):
        letters = text.replace(" ", "")
        chars = [char for word in line.words for char in word.chars]
        partners = match_letters(letters, [char.text for char in chars])
        agreeing = [i is not None for i in partners]
        cells = _cells([char for word in known.words for char in word.chars]) if known else _cells(chars, partners)
        if len(cells) != len(letters):  # the text does not fit in, or nothing was read
            cells, agreeing = np.zeros((len(letters), 2)), [False] * len(letters)
        elif known:
            agreeing = with_missed_letters(text, agreeing, cells)
        readings.append(_Reading(strip, letters, agreeing, cells + strip.crop_left))
    return readings


def match_letters(label: str, reading: Sequence[str]) -> list[int | None]:
    """For each letter of the label (no spaces) the character read in its place, None where the two do not agree.

    A single wrong letter between right ones counts as read: the label knows better. Look-alikes count as equal.
    """
    expected = list(label.translate(LOOKALIKES))
    pairs = align(expected, [text.translate(LOOKALIKES) for text in reading])
    right = [a == b for a, b in pairs]
    partners: list[int | None] = []
    place = 0
    for i, (a, b) in enumerate(pairs):
        alone = a is not None and b is not None and all(right[max(0, i - 1) : i]) and all(right[i + 1 : i + 2])
        if a is not None:
            partners.append(place if right[i] or alone else None)
        place += b is not None
    return partners


def with_missed_letters(text: str, agreeing: Sequence[bool], cells: Cells) -> list[bool]:
    """Also true for single letters of the label that were not read, where its neighbours leave the room for one.

    Without that room the label has a letter that was never printed.
    """
    places = np.array([i for i, character in enumerate(text) if character != " "])
    middles = cells.mean(axis=1)
    pitch = float(np.median(np.diff(middles) / np.diff(places))) if len(places) > 1 else 0.0
    result = list(agreeing)
    for i in range(1, len(result) - 1):
        if not agreeing[i] and agreeing[i - 1] and agreeing[i + 1]:
            room = (middles[i + 1] - middles[i - 1]) / (places[i + 1] - places[i - 1])
            result[i] = bool(room > ROOM * pitch)
    return result


def _cells(chars: Sequence[Char], partners: Sequence[int | None] | None = None) -> Cells:
    """Left and right side (N, 2) of characters; with ``partners``, of these, those without one lying in between."""
    boxes = [bounds(char.polygon) for char in chars]
    sides = np.array([(left, right) for left, _, right, _ in boxes]).reshape(-1, 2)
    if partners is None:
        return sides
    known = [i for i, partner in enumerate(partners) if partner is not None]
    if not known:
        return np.zeros((len(partners), 2))
    found = sides[[partner for partner in partners if partner is not None]]
    every = np.arange(len(partners))
    return np.stack([np.interp(every, known, found[:, side]) for side in (0, 1)], axis=1)


def _labelled(line: Line, reading: _Reading | None, tally: CharacterTally) -> Line:
    """The line with the characters of its sure words, or as an ignore region."""
    if reading is None:
        return replace(line, ignore=True)
    tally.lines += 1
    tally.characters += len(reading.letters)
    tally.agreeing += sum(reading.agreeing)
    measured = _measure(reading) if reading.agreement >= LEAST_AGREEMENT else None
    if measured is None:
        tally.ignored_lines += 1
        return replace(line, ignore=True)
    boxes, extent = measured
    words = list(_words(line, reading, boxes, extent))
    tally.labelled += sum(len(word.chars) for word in words)
    tally.unsure_words += sum(not word.chars for word in words)
    left, right = float(np.nanmin(boxes[:, 0])), float(np.nanmax(boxes[:, 2]))
    return replace(line, polygon=_quad(reading.strip, extent, left, right), words=tuple(words))


def _measure(reading: _Reading) -> tuple[FloatArray, LineExtent] | None:
    """Boxes (N, 4) of the letters' ink and the extent of the line; None where there is no ink to go by.

    Measured twice, the second time without what lies above and below the extent found first.
    """
    strip = reading.strip
    ink = ink_mask(np.asarray(cv2.cvtColor(strip.image, cv2.COLOR_RGB2GRAY), np.uint8), strip.line_height)
    if ink is None:
        return None
    boxes = character_boxes(ink, reading.cells, strip.core, strip.line_height)
    extent = measure_extent(reading.letters, boxes)
    if extent is None:
        return None
    core = extent.rows(ink.shape[1] / 2)
    boxes = character_boxes(ink, reading.cells, core, core[1] - core[0])
    extent = measure_extent(reading.letters, boxes)
    return None if extent is None else (boxes, extent)


def _words(line: Line, reading: _Reading, boxes: FloatArray, extent: LineExtent) -> Iterator[Word]:
    """The words of the label, with characters if all of these agree and have ink; polygons they had are kept."""
    texts = normalise(line.text).split(" ")
    given = line.words if [word.text for word in line.words] == texts else (None,) * len(texts)
    start = 0
    for text, old in zip(texts, given, strict=True):
        stop = start + len(text)
        own, cells = boxes[start:stop], reading.cells[start:stop]
        sure = all(reading.agreeing[start:stop]) and not np.isnan(own).any()
        chars = tuple(Char(c, _page_box(reading.strip, box)) for c, box in zip(text, own, strict=True)) if sure else ()
        left, right = (own[:, 0].min(), own[:, 2].max()) if sure else (cells[:, 0].min(), cells[:, 1].max())
        yield Word(text, old.polygon if old else _quad(reading.strip, extent, left, right), chars=chars)
        start = stop


def unlabelled_words(page: Page, read: Page) -> list[Polygon]:
    """The words that were read outside all lines of the page."""
    labels = [line.polygon for line in page.lines]
    return [
        word.polygon
        for word in read.words
        if sum(intersection_area(word.polygon, label) for label in labels) < COVERED * area(word.polygon)
    ]


def _page_box(strip: LineStrip, box: FloatArray) -> Polygon:
    return as_polygon(strip.to_page(np.asarray(from_box(*box.tolist()))))


def _quad(strip: LineStrip, extent: LineExtent, left: float, right: float) -> Polygon:
    """The part of the line between two columns of the strip, in page pixels."""
    (a, d), (b, c) = extent.rows(left), extent.rows(right)
    return as_polygon(strip.to_page(np.array([(left, a), (right, b), (right, c), (left, d)])))


def _corners(line: Line) -> FloatArray:
    """Four corners of a line whose polygon may have more points."""
    points = np.asarray(line.polygon, np.float64)
    half = len(points) // 2
    return np.asarray(points[[0, half - 1, half, -1]])


def _is_text(line: Line) -> bool:
    return not line.ignore and bool(line.text.strip())


def write_summary(counts: Sequence[tuple[str, CharacterTally]], path: Path) -> None:
    """A CSV file with a row for each image. Raises OutputError."""
    names = [field.name for field in fields(CharacterTally)]
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["image", *names])
            rows.writerows([image, *(getattr(tally, name) for name in names)] for image, tally in counts)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error}); choose another file") from error
