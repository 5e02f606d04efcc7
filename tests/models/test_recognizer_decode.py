"""Best-path decoding against hand-made logits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ocr.models.codec import Alphabet
from ocr.models.two_stage.recognizer_decode import decode_line, text_of

ALPHABET = Alphabet([*"abl ", "\u1112", "\u1161", "\u11ab", "\u0301"])


def logits_of(path: str, peak: float = 9.0) -> NDArray[np.float32]:
    """Logits whose best path is ``path``; ``-`` is the blank."""
    logits = np.zeros((len(path), ALPHABET.classes), np.float32)
    for row, symbol in zip(logits, path, strict=True):
        row[0 if symbol == "-" else ALPHABET.symbols.index(symbol) + 1] = peak
    return logits


def test_repeats_collapse_and_blanks_part() -> None:
    assert text_of(decode_line(logits_of("aa-b-l-ll-"), ALPHABET)) == "abll"


def test_a_blank_line_has_no_text() -> None:
    assert decode_line(logits_of("-----"), ALPHABET) == []


def test_jamo_become_one_character_with_its_place() -> None:
    characters = decode_line(logits_of("-a-\u1112\u1161-\u11ab--"), ALPHABET)
    assert [(c.text, c.start, c.stop) for c in characters] == [("a", 1, 2), ("한", 3, 7)]


def test_confidence_is_the_peak_probability() -> None:
    (character,) = decode_line(logits_of("-a-", peak=2.0), ALPHABET)
    expected = np.exp(2.0) / (np.exp(2.0) + ALPHABET.classes - 1)
    assert abs(character.confidence - expected) < 1e-6


def test_spaces_are_single_and_inside() -> None:
    assert text_of(decode_line(logits_of("- -a- - -b- "), ALPHABET)) == "a b"
