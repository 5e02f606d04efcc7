"""Reading pages in two stages: find the lines, cut them out, recognise them, put them in order.

Both networks come as functions; :mod:`ocr.models.two_stage.onnx_reader` and the torch pipeline supply theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.document import Line, Page
from ocr.models.codec import Alphabet
from ocr.models.interface import Image
from ocr.models.lookalike_doubts import with_lookalikes
from ocr.models.page_blocks import page_blocks
from ocr.models.stray_hangul import hangul_classes, stray_hangul
from ocr.models.two_stage import detect, recognise
from ocr.models.two_stage.align import place_text
from ocr.models.two_stage.alternatives import AlternativesConfig, as_written, line_doubts
from ocr.models.two_stage.assemble import assemble_line, confidence_of
from ocr.models.two_stage.cut_at_gutters import cut_at_gutters
from ocr.models.two_stage.cut_at_rules import cut_at_rules
from ocr.models.two_stage.deskew import detect_straight
from ocr.models.two_stage.detector_config import DecodeConfig, KernelConfig, PrepareConfig
from ocr.models.two_stage.lone_characters import is_lone_character, lone_boxes
from ocr.models.two_stage.overlap import without_covered
from ocr.models.two_stage.reading_config import ReadingConfig
from ocr.models.two_stage.recognizer_decode import DecodedChar, decode_line, text_of
from ocr.models.two_stage.rectify import (
    GreyImage,
    ShrunkPage,
    along_longest,
    line_image,
    line_width,
    same_way,
    to_height,
    turned,
    upside_down,
    widen_all,
)
from ocr.models.two_stage.stacked_rows import GAIN, TALL, split_across, split_place
from ocr.polygon import FloatArray, all_side_lengths

NEVER = -1e4
"""Logit of what is not to be read."""


ACROSS = 0.7
"""Cosine of the angle to the longest line below which a line runs across it."""

TELLING = 6
"""Characters of a line that tells by standing on its head that others may; shorter ones may read both ways."""

SAMPLES = 3
"""So many of the longest lines that are not quite sure are read both ways too: one of them may stand on its head."""


@dataclass(frozen=True)
class ReadingSettings:
    """Everything about reading that is not a network's weights."""

    height: int
    prepare: PrepareConfig = field(default_factory=PrepareConfig)
    kernel: KernelConfig = field(default_factory=KernelConfig)
    decode: DecodeConfig = field(default_factory=DecodeConfig)
    reading: ReadingConfig = field(default_factory=ReadingConfig)
    alternatives: AlternativesConfig | None = None
    """How the doubts of lines are found; None: lines have none."""


class TwoStageReader:
    """A :class:`~ocr.models.interface.Reader` over a detector and a recognizer."""

    pipeline: ClassVar[str] = "two_stage"

    def __init__(
        self, detector: detect.Network, recognizer: recognise.Network, alphabet: Alphabet, settings: ReadingSettings
    ) -> None:
        self.detector, self.recognizer = detector, recognizer
        self.alphabet, self.settings = alphabet, settings

    def with_alternatives(self, config: AlternativesConfig | None = None) -> TwoStageReader:
        """The same reader, but its lines tell what else they may be."""
        settings = replace(self.settings, alternatives=config or AlternativesConfig())
        return TwoStageReader(self.detector, self.recognizer, self.alphabet, settings)

    def predict(self, images: Sequence[Image]) -> list[Page]:
        return [self._read_page(image) for image in images]

    def read_lines(self, images: Sequence[Image]) -> list[Line]:
        """Line crops (H, W, 3), read without looking for lines; a crop without text gives a line with empty text."""
        greys = [to_height(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), self.settings.height) for image in images]
        lines = []
        for image, grey, text in zip(images, greys, self._recognise(greys), strict=True):
            height, width = image.shape[:2]
            quad = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
            lines.append(self._assemble(text, quad, grey.shape[1]))
        return lines

    def align_lines(self, images: Sequence[Image], texts: Sequence[str]) -> list[tuple[Line, Line]]:
        """Each line crop (H, W, 3) as it is read, and with the given text; see ``LineAligner`` of the interface."""
        greys = [to_height(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), self.settings.height) for image in images]
        logits = recognise.line_logits(greys, self.recognizer, self.alphabet, self.settings.reading)
        lines = []
        for image, grey, scores, text in zip(images, greys, logits, texts, strict=True):
            height, width = image.shape[:2]
            quad = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
            both = decode_line(scores, self.alphabet), place_text(scores, text, self.alphabet) or []
            read, placed = (assemble_line(characters, quad, grey.shape[1]) for characters in both)
            lines.append((read, placed))
        return lines

    def _read_page(self, image: Image) -> Page:
        settings = self.settings
        height, width = image.shape[:2]
        found = detect_straight(image, self._detect, settings.reading.straighten)
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        page = ShrunkPage(grey)
        boxes = np.reshape(found, (-1, 4, 2))
        quads = same_way(list(boxes[all_side_lengths(boxes)[1] >= settings.reading.minimum_height]))
        lines = [line for line in self._read_quads(page, quads, (width, height)) if line is not None]
        lines += self._lone_characters(page, grey, lines)
        worth = [len(line.text) * line.confidence for line in lines]
        lines = [lines[i] for i in without_covered([np.asarray(line.polygon) for line in lines], worth)]
        return Page(1, width, height, page_blocks(lines, grey))

    def _detect(self, image: Image) -> list[FloatArray]:
        """Boxes (4, 2) to cut out of a page (H, W, 3)."""
        settings, reading = self.settings, self.settings.reading
        found = detect.detect_lines(image, self.detector, settings.kernel, settings.prepare, settings.decode)
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        quads = widen_all(np.reshape([quad for quad, _ in found], (-1, 4, 2)), reading.margin, reading.side_margin)
        return cut_at_rules(grey, cut_at_gutters(grey, list(quads)))

    def _read_quads(self, page: ShrunkPage, quads: list[FloatArray], size: tuple[int, int]) -> list[Line | None]:
        """The line in each quadrilateral, or None where there is no text to be sure of."""
        crops = [line_image(page, quad, self.settings.height) for quad in quads]
        texts = self._recognise(crops)
        if self._stands_on_its_head(crops, texts):
            crops, quads = [upside_down(crop) for crop in crops], [turned(quad) for quad in quads]
            texts = self._recognise(crops)
        read = self._rows_apart(page, list(zip(quads, texts, strict=True)))
        read = self._without_stray_hangul(page, self._turned_where_surer(page, read))
        height, minimum = self.settings.height, self.settings.reading.minimum_confidence
        return [
            self._assemble(text, quad, line_width(quad, height), size) if text.confidence >= minimum else None
            for quad, text in read
        ]

    def _rows_apart(self, page: ShrunkPage, read: list[ReadQuad]) -> list[ReadQuad]:
        """The lines, but two for a doubtful one that holds two rows and is then read more surely."""
        heights = all_side_lengths(np.reshape([quad for quad, _ in read], (-1, 4, 2)))[1]
        tall = TALL * float(np.median(heights)) if read else 0.0
        apart: list[ReadQuad] = []
        for (quad, text), height in zip(read, heights, strict=True):
            doubtful = text.confidence < self.settings.reading.doubt and height >= tall
            place = split_place(page, quad) if doubtful else None
            rows = [] if place is None else self._read_again(page, split_across(quad, place))
            surer = max((row.confidence for _, row in rows), default=0.0) > text.confidence + GAIN
            apart += rows if surer else [(quad, text)]
        return apart

    def _turned_where_surer(self, page: ShrunkPage, read: list[ReadQuad]) -> list[ReadQuad]:
        """The lines, doubtful ones upside down if they are then read more surely; so are those that run across the
        longest line, since nothing else tells which of two ways they run, and all of them once one is sure to."""
        if not read:
            return read
        reading = self.settings.reading
        level = np.abs(along_longest([quad for quad, _ in read])) >= ACROSS
        sure = np.array([text.confidence >= reading.doubt for _, text in read])
        self._turn(page, read, np.flatnonzero(~level), 0.0)
        first = np.union1d(np.flatnonzero(level & ~sure), self._samples(read))
        others = self._turn(page, read, first[level[first]], reading.flip_gain)
        if any(self._tells(read[i][1]) for i in others):
            self._turn(page, read, np.setdiff1d(np.flatnonzero(level & sure), others), reading.page_flip_gain)
        return read

    def _tells(self, text: DecodedLine) -> bool:
        """Whether a line is long and sure enough to tell which way text runs."""
        return len(text.characters) >= TELLING and text.confidence >= self.settings.reading.certainly_upright

    def _samples(self, read: list[ReadQuad]) -> NDArray[np.intp]:
        """The longest lines, of some length, of which it is not certain that they stand upright."""
        certain = self.settings.reading.certainly_upright
        lengths = [len(text.characters) if text.confidence < certain else 0 for _, text in read]
        longest = sorted(range(len(read)), key=lambda i: -lengths[i])[:SAMPLES]
        return np.array([i for i in longest if lengths[i] >= TELLING], np.intp)

    def _turn(self, page: ShrunkPage, read: list[ReadQuad], which: NDArray[np.intp], gain: float) -> list[int]:
        """Turns those of the lines that are read more surely upside down, by more than the gain; which they are."""
        surer = []
        for i, other in zip(which.tolist(), self._read_again(page, [turned(read[i][0]) for i in which]), strict=True):
            if other[1].confidence > read[i][1].confidence + gain:
                read[i] = other
                surer.append(i)
        return surer

    def _without_stray_hangul(self, page: ShrunkPage, read: list[ReadQuad]) -> list[ReadQuad]:
        """The lines, with what their Hangul else looks like where it does not belong on the page."""
        strays = stray_hangul([text_of(text.characters) for _, text in read])
        without = hangul_classes(self.alphabet) if strays else ()
        for i, other in zip(strays, self._read_again(page, [read[i][0] for i in strays], without), strict=True):
            read[i] = other
        return read

    def _read_again(self, page: ShrunkPage, quads: Sequence[FloatArray], without: Sequence[int] = ()) -> list[ReadQuad]:
        crops = [line_image(page, quad, self.settings.height) for quad in quads]
        return list(zip(quads, self._recognise(crops, without), strict=True))

    def _lone_characters(self, page: ShrunkPage, grey: GreyImage, lines: Sequence[Line]) -> list[Line]:
        """A line for each character that stands alone and that the lines found have left out."""
        reading = self.settings.reading
        boxes = lone_boxes(grey, [np.asarray(line.polygon) for line in lines])
        quads = widen_all(np.reshape(boxes, (-1, 4, 2)), 0.0, reading.side_margin)
        crops = [line_image(page, quad, self.settings.height) for quad in quads]
        read = [
            self._assemble(text, quad, crop.shape[1], (grey.shape[1], grey.shape[0]))
            for text, quad, crop in zip(self._recognise(crops), quads, crops, strict=True)
            if text.confidence >= reading.lone_confidence
        ]
        return [line for line in read if is_lone_character(line.text)]

    def _stands_on_its_head(self, crops: Sequence[GreyImage], texts: Sequence[DecodedLine]) -> bool:
        """Whether the page's longest lines read better upside down, most of them and by a margin.

        They are not read again if they were read with a confidence that text upside down never has.
        """
        reading = self.settings.reading
        voters = sorted(range(len(crops)), key=lambda i: len(texts[i].characters), reverse=True)[: reading.voters]
        if voters and np.median([texts[i].confidence for i in voters]) >= reading.certainly_upright:
            return False
        flipped = self._recognise([upside_down(crops[i]) for i in voters])
        gains = [text.confidence - texts[i].confidence for i, text in zip(voters, flipped, strict=True)]
        return bool(gains) and float(np.median(gains)) > reading.page_flip_gain

    def _assemble(self, text: DecodedLine, quad: FloatArray, width: int, page: tuple[int, int] | None = None) -> Line:
        line = assemble_line(text.characters, quad, width, page)
        if text.logits is None:
            return line
        doubts = line_doubts(text.logits, self.alphabet, self.settings.alternatives)
        return replace(line, doubts=with_lookalikes(as_written(doubts, line.text), line.text))

    def _recognise(self, crops: Sequence[GreyImage], without: Sequence[int] = ()) -> list[DecodedLine]:
        """What each line image (height, W) says, if these classes are none."""
        logits = recognise.line_logits(crops, self.recognizer, self.alphabet, self.settings.reading)
        for scores in logits:
            scores[:, list(without)] = NEVER
        kept = logits if self.settings.alternatives else [None] * len(logits)
        decoded = [decode_line(scores, self.alphabet) for scores in logits]
        return [DecodedLine(line, confidence_of(line), own) for line, own in zip(decoded, kept, strict=True)]


@dataclass(frozen=True, slots=True)
class DecodedLine:
    """The characters of a line image, their mean confidence, and its logits (T, classes) if doubts are asked for."""

    characters: list[DecodedChar]
    confidence: float
    logits: NDArray[np.float32] | None


ReadQuad = tuple[FloatArray, DecodedLine]
"""A box (4, 2) and what was read in it."""
