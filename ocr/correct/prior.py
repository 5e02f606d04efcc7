"""Reading with a language in mind: doubtful letters weighed by the shipped n-grams, always on.

What ``--correct`` does with care and time, done lightly: fewer readings of each doubtful place, no second network, no
record of what was changed. A recognizer sees letters and hardly any words: ``customore`` and ``te1`` are mended here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, overload

from ocr.correct.confidence import page_with_probabilities, with_probabilities
from ocr.correct.config import AS_READ, LIGHT, TEMPERATURES
from ocr.correct.corrector import Corrector
from ocr.correct.load import SHIPPED, load_ngrams
from ocr.document import Line, Page
from ocr.models.interface import DoubtingReader, Image, LineReader
from ocr.models.two_stage.alternatives import AlternativesConfig

if TYPE_CHECKING:
    from ocr.models.two_stage.reader import TwoStageReader

FEW_READINGS = AlternativesConfig(sure=0.9, beam=4, readings=3, settled=LIGHT.sure)
"""How the doubts of lines are found here: in less than half of the time that correction takes, and none that the guard
would leave as they are."""


class GuidedReader:
    """A :class:`~ocr.models.interface.LineReader` over another one and a light corrector of its doubts; the confidences
    of its words are calibrated."""

    def __init__(self, reader: DoubtingReader, doubting: DoubtingReader, corrector: Corrector) -> None:
        self.reader, self.doubting, self.corrector = reader, doubting, corrector
        self.pipeline = reader.pipeline
        self.temperature = TEMPERATURES.get(reader.pipeline, AS_READ)

    def predict(self, images: Sequence[Image]) -> list[Page]:
        pages = (plain_page(self.corrector.correct_page(page)) for page in self.doubting.predict(images))
        return [page_with_probabilities(page, self.temperature) for page in pages]

    def read_lines(self, images: Sequence[Image]) -> list[Line]:
        lines = self.corrector.correct_lines(self.doubting.read_lines(images))
        return [with_probabilities(plain(line), self.temperature) for line in lines]

    def with_alternatives(self) -> DoubtingReader:
        """See :class:`~ocr.models.interface.DoubtingReader`: who weighs the alternatives needs no guide."""
        return self.reader.with_alternatives()


class GuidedTwoStageReader(GuidedReader):
    """The same of ``two_stage``, whose doubts are found in less time than for ``--correct``."""

    reader: TwoStageReader
    doubting: TwoStageReader

    def __init__(self, reader: TwoStageReader, corrector: Corrector) -> None:
        super().__init__(reader, reader.with_alternatives(FEW_READINGS), corrector)

    def align_lines(self, images: Sequence[Image], texts: Sequence[str]) -> list[tuple[Line, Line]]:
        """See :class:`~ocr.models.interface.LineAligner`; what the picture alone says."""
        return self.reader.align_lines(images, texts)


@overload
def guided(reader: DoubtingReader) -> GuidedReader: ...
@overload
def guided(reader: LineReader) -> LineReader: ...
def guided(reader: LineReader) -> LineReader:
    """The reader with the shipped n-grams beside it if it can tell its doubts, else as it is."""
    from ocr.models.two_stage.reader import TwoStageReader  # not before the networks are being opened

    if isinstance(reader, TwoStageReader):
        return GuidedTwoStageReader(reader, light_corrector())
    if isinstance(reader, DoubtingReader):
        return GuidedReader(reader, reader.with_alternatives(), light_corrector())
    return reader


def unguided(reader: LineReader) -> LineReader:
    """The reader by the picture alone, whose word confidences are as the network gives them."""
    return reader.reader if isinstance(reader, GuidedReader) else reader


def light_corrector() -> Corrector:
    """The shipped n-grams under the settings of every reading."""
    return Corrector(load_ngrams(SHIPPED), LIGHT)


def plain_page(page: Page) -> Page:
    """The page without doubts and records of changes."""
    blocks = tuple(replace(block, lines=tuple(plain(line) for line in block.lines)) for block in page.blocks)
    return replace(page, blocks=blocks)


def plain(line: Line) -> Line:
    return replace(line, doubts=(), corrections=()) if line.doubts or line.corrections else line
