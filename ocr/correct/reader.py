"""A reader whose pages are corrected: what ``--correct`` puts in the place of the plain one."""

from __future__ import annotations

from collections.abc import Sequence

from ocr.correct.confidence import page_with_probabilities, with_probabilities
from ocr.correct.config import AS_READ, TEMPERATURES
from ocr.correct.corrector import Corrector
from ocr.document import Line, Page
from ocr.errors import UsageError
from ocr.models.interface import DoubtingReader, Image, LineReader, Reader


class CorrectingReader:
    """A :class:`~ocr.models.interface.LineReader` over another one and a corrector; the confidences of its words are
    calibrated.

    Raises UsageError if the reader tells no alternatives.
    """

    def __init__(self, reader: Reader, corrector: Corrector) -> None:
        if not isinstance(reader, DoubtingReader):
            raise UsageError(
                "--correct needs a model that tells alternatives; leave it out, or take --pipeline two_stage"
            )
        self.reader: LineReader = reader.with_alternatives()
        self.corrector, self.temperature = corrector, TEMPERATURES.get(reader.pipeline, AS_READ)

    def predict(self, images: Sequence[Image]) -> list[Page]:
        pages = (self.corrector.correct_page(page) for page in self.reader.predict(images))
        return [page_with_probabilities(page, self.temperature) for page in pages]

    def read_lines(self, images: Sequence[Image]) -> list[Line]:
        lines = self.corrector.correct_lines(self.reader.read_lines(images))
        return [with_probabilities(line, self.temperature) for line in lines]
