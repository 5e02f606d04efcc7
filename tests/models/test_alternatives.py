"""Doubts of a line: prefix beam search over the stretches that the recognizer is not sure of."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.models.codec import BLANK, Alphabet, default_alphabet
from ocr.models.two_stage.alternatives import AlternativesConfig, likely_classes, line_doubts, prefix_beam
from ocr.models.two_stage.recognizer_decode import decode_line, text_of

ALPHABET = default_alphabet()


def logits_of(frames: list[dict[str, float]]) -> NDArray[np.float32]:
    """Frames as probabilities by symbol; what is left is blank."""
    probabilities = np.full((len(frames), ALPHABET.classes), 1e-7)
    for row, frame in zip(probabilities, frames, strict=True):
        for symbol, value in frame.items():
            row[ALPHABET.encode(symbol)[0]] = value
        row[BLANK] = max(1 - sum(frame.values()), 1e-7)
    return np.log(probabilities).astype(np.float32)


def sure(text: str) -> list[dict[str, float]]:
    """Each symbol on a frame of its own, with a blank before it."""
    import unicodedata

    return [frame for symbol in unicodedata.normalize("NFD", text) for frame in ({}, {symbol: 0.9999})]


def test_prefix_beam_sums_all_alignments() -> None:
    rng = np.random.default_rng(0)
    scores = log_softmax(rng.normal(size=(4, 3)))
    expected: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(3), repeat=4):
        prefix = tuple(c for i, c in enumerate(path) if c and (i == 0 or c != path[i - 1]))
        value = sum(scores[i, c] for i, c in enumerate(path))
        expected[prefix] = float(np.logaddexp(expected.get(prefix, -math.inf), value))
    padded = np.full((4, 8), -50.0)
    padded[:, :3] = scores
    found = dict(prefix_beam(padded, beam=1000))
    assert found.keys() == expected.keys()
    for prefix, value in expected.items():
        assert found[prefix] == pytest.approx(value, abs=1e-9)


def test_a_sure_line_has_no_doubts() -> None:
    assert line_doubts(logits_of(sure("Total 12.50")), ALPHABET) == ()


def test_a_doubt_stands_where_the_text_does_and_begins_with_what_was_read() -> None:
    frames = [*sure("a cl"), {}, {"o": 0.6, "e": 0.39}, *sure("ck b")]
    logits = logits_of(frames)
    (doubt,) = line_doubts(logits, ALPHABET)
    text = text_of(decode_line(logits, ALPHABET))
    assert text == "a clock b"
    assert text[doubt.start : doubt.stop] == "o"
    assert [reading for reading, _ in doubt.readings[:2]] == ["o", "e"]
    assert doubt.readings[0][1] == pytest.approx(math.log(0.6), abs=0.01)
    assert doubt.readings[1][1] == pytest.approx(math.log(0.39), abs=0.01)


def test_a_doubtful_vowel_keeps_its_syllable_whole() -> None:
    frames = [*sure("가"), {}, {"ᄒ": 0.9999}, {"ᅡ": 0.5, "ᅣ": 0.49}, {"ᆫ": 0.9999}, *sure("글")]
    logits = logits_of(frames)
    (doubt,) = line_doubts(logits, ALPHABET)
    assert text_of(decode_line(logits, ALPHABET))[doubt.start : doubt.stop] == "한"
    assert {reading for reading, _ in doubt.readings[:2]} == {"한", "햔"}


def test_a_doubtful_space_at_the_end_is_within_the_line() -> None:
    logits = logits_of([*sure("ab"), {}, {" ": 0.6}])
    text = text_of(decode_line(logits, ALPHABET))
    for doubt in line_doubts(logits, ALPHABET):
        assert 0 <= doubt.start <= doubt.stop <= len(text)


def test_random_logits_give_places_within_the_line() -> None:
    rng = np.random.default_rng(3)
    alphabet = Alphabet([" ", "a", "b", "ᄀ", "ᅡ", "ᆨ", "e", "\u0301"])
    for _ in range(30):
        logits = rng.normal(0, 4, (25, alphabet.classes)).astype(np.float32)
        logits[:, BLANK] += 2
        text = text_of(decode_line(logits, alphabet))
        for doubt in line_doubts(logits, alphabet, AlternativesConfig(sure=0.9)):
            assert "".join(doubt.readings[0][0].split()) == "".join(text[doubt.start : doubt.stop].split())
            assert len({reading for reading, _ in doubt.readings}) == len(doubt.readings)
