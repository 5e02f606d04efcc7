"""Text to symbols and back: every syllable, accents, lone jamo, alphabet files."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from ocr.errors import ModelError
from ocr.models.codec import Alphabet, compose, default_alphabet, normalise

ALPHABET = default_alphabet()


def round_trip(text: str) -> str:
    symbols = [ALPHABET.symbol(i) for i in ALPHABET.encode(text)]
    return "".join(character for character, _ in compose(symbols))


def test_every_syllable_survives() -> None:
    syllables = "".join(chr(c) for c in range(0xAC00, 0xAC00 + 11172))
    assert round_trip(syllables) == syllables


@pytest.mark.parametrize(
    "text", ["Überschrift „Straße“", "Łódź, čeština, ığdır", "Tiếng Việt", "ㅋㅋ 좋아ㅠㅠ ①②", "$12.50 (5%)"]
)
def test_text_survives(text: str) -> None:
    assert round_trip(text) == unicodedata.normalize("NFC", text)


def test_lone_jamo_become_compatibility_jamo() -> None:
    lead, vowel, final = "\u1100", "\u1161", "\u11ab"
    assert compose([lead]) == [("ㄱ", 1)]
    assert compose([vowel, lead, vowel, final, final]) == [("ㅏ", 1), ("간", 3), ("ㄴ", 1)]


def test_marks_without_base_are_dropped() -> None:
    assert "".join(character for character, _ in compose(["\u0301", "e", "\u0301"])) == "é"


def test_a_mark_that_no_letter_carries_is_dropped() -> None:
    assert compose(["1", "\u0308"]) == [("1", 2)]


def test_classes_are_few() -> None:
    assert ALPHABET.classes < 400


def test_unknown_symbols_are_counted() -> None:
    assert ALPHABET.unknown(["aж", "жя"]) == {"ж": 2, "я": 1}


def test_alphabet_file_round_trip(tmp_path: Path) -> None:
    ALPHABET.save(tmp_path / "alphabet.txt")
    assert Alphabet.load(tmp_path / "alphabet.txt") == ALPHABET


def test_a_symbol_that_stands_twice_is_refused() -> None:
    with pytest.raises(ModelError, match="twice"):
        Alphabet(["a", "b", "a"])


def test_a_missing_alphabet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"alphabet\.txt"):
        Alphabet.load(tmp_path / "alphabet.txt")


def test_normalise_folds_look_alikes_and_spaces() -> None:
    assert normalise("a\u00a0 b\u2010c  ´d´") == "a b-c 'd'"
