"""Reading guided by n-grams: what is mended on the way, and what is never touched."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

import ocr.pipeline
from ocr.correct.confidence import with_probabilities
from ocr.correct.config import TEMPERATURES, CorrectionConfig
from ocr.correct.guard import allowed_readings
from ocr.correct.prior import GuidedReader, GuidedTwoStageReader, guided, light_corrector
from ocr.document import Doubt, Line, Page
from ocr.models.codec import default_alphabet
from ocr.models.interface import Image
from ocr.models.two_stage.alternatives import AlternativesConfig
from ocr.models.two_stage.reader import ReadingSettings, TwoStageReader

ALPHABET = default_alphabet()
CROP = np.full((32, 640, 3), 255, np.uint8)


def reader_of(text: str, doubts: dict[int, tuple[str, float]]) -> TwoStageReader:
    """A reader that reads ``text`` on any line; at some places another character comes near it, by so many nats."""

    def recognise(images: NDArray[np.float32]) -> NDArray[np.float32]:
        logits = np.full((len(images), images.shape[3] // 4, ALPHABET.classes), -20.0, np.float32)
        logits[:, :, 0] = 0.0
        for i, character in enumerate(text):
            frame = 4 * i + 2
            logits[:, frame, 0], logits[:, frame, ALPHABET.encode(character)] = -20.0, 0.0
            if i in doubts:
                other, nats = doubts[i]
                logits[:, frame, ALPHABET.encode(other)] = -nats
        return logits

    return TwoStageReader(lambda page: page[:, :, ::4, ::4], recognise, ALPHABET, ReadingSettings(height=32))


@pytest.mark.parametrize(
    ("read", "place", "other", "expected"),
    [
        ("the customors of the company", 10, "e", "the customers of the company"),
        ("the number 21", 12, "7", "the number 21"),
    ],
)
def test_doubtful_letters_follow_the_language_and_digits_the_picture(
    read: str, place: int, other: str, expected: str
) -> None:
    reader = reader_of(read, {place: (other, 0.3)})
    plain, guide = reader.read_lines([CROP])[0], GuidedTwoStageReader(reader, light_corrector()).read_lines([CROP])[0]
    assert plain.text == read and guide.text == expected
    assert not guide.doubts and not guide.corrections
    assert " ".join(word.text for word in guide.words) == expected


def test_what_is_read_without_doubt_stays() -> None:
    reader = reader_of("the customors of the company", {})
    as_read = [with_probabilities(line, TEMPERATURES["two_stage"]) for line in reader.read_lines([CROP])]
    assert GuidedTwoStageReader(reader, light_corrector()).read_lines([CROP]) == as_read


@pytest.mark.parametrize(
    ("read", "doubtful", "new", "free"),
    [
        ("te1", "1", "l", True),
        ("0rder", "0", "O", True),
        ("12.50", "5", "8", False),
        ("UB76-N", "B", "8", False),
        ("kim@c1eb.org", "1", "l", False),
        ("www.c1eb", "1", "l", False),
    ],
)
def test_words_may_change_against_the_picture_and_amounts_and_codes_may_not(
    read: str, doubtful: str, new: str, free: bool
) -> None:
    start = read.index(doubtful)
    doubt = Doubt(start, start + 1, ((doubtful, math.log(0.6)), (new, math.log(0.3))))
    line = Line(read, ((0, 0), (9, 0), (9, 9), (0, 9)), doubts=(doubt,))
    assert allowed_readings(line, doubt, CorrectionConfig(close=2.0)) == ([0, 1] if free else [0])
    assert allowed_readings(line, doubt, CorrectionConfig(close=0.0)) == [0]


class OtherReader:
    """A reader that tells no doubts."""

    def predict(self, images: Sequence[Image]) -> list[Page]:
        return [Page(1, 1, 1) for _ in images]

    def read_lines(self, images: Sequence[Image]) -> list[Line]:
        return []


def test_shipped_models_are_guided_and_readers_without_doubts_are_not() -> None:
    assert type(ocr.pipeline.load(pipeline="end2end")) is GuidedReader
    assert type(ocr.pipeline.load_unguided()) is TwoStageReader
    reader = ocr.pipeline.load()
    assert isinstance(reader, GuidedTwoStageReader)
    assert reader.reader.settings.alternatives is None
    doubting = reader.with_alternatives()
    assert isinstance(doubting, TwoStageReader) and doubting.settings.alternatives == AlternativesConfig()
    other = OtherReader()
    assert guided(other) is other
