"""Confidences of corrected words: calibrated by what was fitted, and the fit itself."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.correct.confidence import calibrated, with_probabilities
from ocr.correct.config import TEMPERATURES, Temperature
from ocr.correct.corrector import Corrector
from ocr.correct.ngram import CharacterNgrams
from ocr.correct.prior import GuidedReader
from ocr.correct.reader import CorrectingReader
from ocr.document import Block, Char, Line, Page, Word
from ocr.metrics.calibration import expected_calibration_error
from ocr.models.registry import PIPELINES
from ocr.polygon import from_box

BOX = from_box(0, 0, 10, 10)


class Reader:
    """Reads the same line in every picture."""

    pipeline: ClassVar[str] = "end2end"

    def with_alternatives(self) -> Reader:
        return self

    def read_lines(self, images: Sequence[NDArray[np.uint8]]) -> list[Line]:
        return [Line("a b", BOX, 0.5, (Word("a", BOX, 0.3), Word("b", BOX, 0.9)))]

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> list[Page]:
        return [Page(1, 10, 10, (Block(tuple(self.read_lines(images)), heading=2),))]


def test_words_have_the_probability_of_their_pipeline_and_keep_their_order() -> None:
    reader = CorrectingReader(Reader(), Corrector(CharacterNgrams([], [])))
    (line,), (page,) = reader.read_lines([]), reader.predict([])
    expected = [calibrated(confidence, TEMPERATURES["end2end"]) for confidence in (0.3, 0.9)]
    assert [word.confidence for word in line.words] == expected == [word.confidence for word in page.words]
    assert 0 < expected[0] < expected[1] < 1
    assert line.confidence == 0.5 and line.text == "a b"
    assert [block.heading for block in page.blocks] == [2]


def test_every_reading_is_calibrated_not_only_a_corrected_one() -> None:
    reader = GuidedReader(Reader(), Reader(), Corrector(CharacterNgrams([], [])))
    (line,), (page,) = reader.read_lines([]), reader.predict([])
    expected = [calibrated(confidence, TEMPERATURES["end2end"]) for confidence in (0.3, 0.9)]
    assert [word.confidence for word in line.words] == expected == [word.confidence for word in page.words]


def test_characters_multiply_to_their_word_and_their_mean_is_the_line() -> None:
    chars = (Char("a", BOX, 0.5), Char("b", BOX, 0.8)), (Char("c", BOX, 1.0),)
    words = Word("ab", BOX, 0.4, chars[0]), Word("c", BOX, 1.0, chars[1])
    line = with_probabilities(Line("ab c", BOX, 0.9, words), Temperature(2.0, 1.0))
    assert line.words[0].confidence == pytest.approx(calibrated(0.4, Temperature(2.0, 1.0)))
    for word in line.words:
        assert math.prod(char.confidence for char in word.chars) == pytest.approx(word.confidence, abs=1e-3)
    assert line.words[0].chars[0].confidence < line.words[0].chars[1].confidence < 1
    assert line.confidence == pytest.approx(np.mean([char.confidence for word in line.words for char in word.chars]))


def test_each_pipeline_has_its_own_temperature() -> None:
    assert set(TEMPERATURES) == set(PIPELINES)


def test_extremes_stay_probabilities() -> None:
    assert 0 < calibrated(0.0, Temperature(0.1, 0.0)) < 1e-9
    assert 1 - 1e-9 < calibrated(1.0, Temperature(0.1, 0.0)) <= 1
    assert calibrated(0.7, Temperature(1.0, 0.0)) == pytest.approx(0.7)


def test_the_fit_finds_what_confidences_were_spoilt_by() -> None:
    pytest.importorskip("matplotlib", reason="training extra not installed")
    sys.path.append(str(Path(__file__).parents[3] / "scripts"))
    from fit_temperature import fitted

    rng = np.random.default_rng(0)
    chances = rng.uniform(0.02, 0.98, 20000)
    right = rng.random(20000) < chances
    spoilt = [calibrated(chance, Temperature(0.5, -1.0)) for chance in chances]  # twice the log-odds, less one
    found = fitted(spoilt, right.tolist())
    assert found.temperature == pytest.approx(2.0, abs=0.1) and found.offset == pytest.approx(0.5, abs=0.05)
    error = expected_calibration_error([calibrated(value, found) for value in spoilt], right.tolist())
    assert error is not None and error < 0.02


def test_the_guard_is_fitted_to_what_was_right() -> None:
    pytest.importorskip("matplotlib", reason="training extra not installed")
    pytest.importorskip("fontTools", reason="training extra not installed")
    sys.path.append(str(Path(__file__).parents[3] / "scripts"))
    from fit_guard import Trial, fitted, settings_of

    rng, trials = np.random.default_rng(1), []
    for number in range(4000):
        win, signs = float(rng.uniform(0, 10)), float(rng.random() < 0.5)
        right = rng.random() < 1 / (1 + np.exp(-(win - 4 - 2 * signs)))  # at 4 nats as often right as wrong, signs at 6
        known = (1.0, win, 0.0, signs, 0.0, 0.0, 0.0, 0.0, 0.0)
        trials.append(Trial("english", number, 1, -1 if right else 1, known))
    settings = settings_of(fitted(trials, 1.0), 0.5)
    assert settings["gain"] == pytest.approx(4, abs=0.3) and settings["gain_signs"] == pytest.approx(2, abs=0.4)
    strict = settings_of(fitted([Trial("e", t.line, 0, t.added, t.known) for t in trials], 6.0), 0.9)
    assert strict["gain"] == pytest.approx(4 + np.log(9), abs=0.4)
