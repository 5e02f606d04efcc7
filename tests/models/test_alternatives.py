"""Doubts of a line: prefix beam search over the stretches that the recognizer is not sure of."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.models.codec import BLANK, Alphabet, default_alphabet
from ocr.models.two_stage.alternatives import (
    CANDIDATES,
    LEAST,
    AlternativesConfig,
    likely_classes,
    line_doubts,
    prefix_beam,
    probability_of,
)
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
    chances = rng.dirichlet(np.ones(3), size=4)
    expected: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(3), repeat=4):
        prefix = tuple(c for i, c in enumerate(path) if c and (i == 0 or c != path[i - 1]))
        expected[prefix] = expected.get(prefix, 0.0) + float(np.prod(chances[np.arange(4), path]))
    frames = [list(enumerate(row)) for row in chances.tolist()]
    found = dict(prefix_beam(frames, beam=1000))
    assert found.keys() == expected.keys()
    for prefix, value in expected.items():
        assert found[prefix] == pytest.approx(math.log(value), abs=1e-9)
        assert probability_of(prefix, frames) == pytest.approx(value, abs=1e-12)


def test_probabilities_of_long_stretches_do_not_vanish() -> None:
    frames = [[(BLANK, 0.02), (1 + i % 3, 0.03), (2 + i % 3, 0.01)] for i in range(400)]
    found = prefix_beam(frames, beam=4)
    assert len(found) == 4
    assert all(400 * math.log(0.01) < value < 400 * math.log(0.06) for _, value in found)


def test_the_likely_classes_of_frames_are_the_best_few_with_their_probabilities() -> None:
    logits = np.random.default_rng(1).normal(0, 5, (20, 30)).astype(np.float32)
    chances = np.exp(logits.astype(np.float64))
    totals = chances.sum(axis=1)
    for row, total, likely in zip(chances, totals, likely_classes(logits, np.log(totals)), strict=True):
        best = [int(c) for c in np.argsort(-row)[:CANDIDATES] if row[c] > math.exp(LEAST) * total]
        assert sorted(c for c, _ in likely) == sorted(best)
        assert dict(likely) == pytest.approx({c: row[c] / total for c in best}, rel=1e-5)


def test_what_is_settled_is_no_doubt() -> None:
    torn = [{"o": 0.5}, {"o": 0.5}]  # no frame is sure, the text hardly in doubt: only where it stands
    logits = logits_of([*sure("cl"), {}, {"o": 0.9}, {"o": 0.5}, *sure("ck"), {}, {"e": 0.6, "c": 0.39}])
    places = [(d.start, d.stop) for d in line_doubts(logits, ALPHABET, AlternativesConfig(sure=0.95))]
    assert places == [(2, 3), (5, 6)]
    kept = line_doubts(logits, ALPHABET, AlternativesConfig(sure=0.95, settled=0.9))
    assert [(d.start, d.stop) for d in kept] == [(5, 6)]
    assert (
        line_doubts(logits_of([*sure("cl"), {}, *torn, {"o": 0.99}]), ALPHABET, AlternativesConfig(settled=0.7)) == ()
    )


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
