"""Characters that the look along lines takes for nothing, and signs that a page has none of."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parent))

from test_one_line import letters, row_of
from test_spotter_targets import ALPHABET

from ocr.models.codec import Alphabet
from ocr.models.end2end.lost_characters import PRESENCE, with_room
from ocr.models.end2end.onnx_reader import open_onnx_reader
from ocr.models.end2end.reread import FloatMap, reread
from ocr.models.end2end.spots import Spots
from ocr.pipeline import find_model

CODE = "2203"


def as_seen(spots: Spots, alphabet: Alphabet, nothing: NDArray[np.intp]) -> tuple[FloatMap, FloatMap]:
    """What a look along the only line says: every character as it is, but of some that there is none, most likely."""
    told = np.zeros((1, len(spots), 3, alphabet.classes), np.float32)
    for slot in range(3):
        told[0, np.arange(len(spots)), slot, spots.symbols[:, slot]] = 0.3
    told[0, nothing, 0, 0] = 0.6
    return told, np.tile(np.array([0.1, 0.8, 0.1], np.float32), (1, len(spots), 1))


def retold(spots: Spots, *nothing: int) -> str:
    answer = as_seen(spots, ALPHABET, np.array(nothing, np.intp))
    return letters(reread(spots, [np.arange(len(spots))], lambda *_: answer, alternatives=False))


def test_a_character_with_room_of_its_own_is_written() -> None:
    assert retold(row_of(CODE), 2) == CODE


def test_what_is_found_twice_is_not() -> None:
    spots = row_of(CODE).take(np.array([0, 1, 1, 2, 3]))
    spots.centres[2, 0] += 2
    nothing = np.arange(5) == 2
    assert not with_room(spots, [np.arange(5)], nothing).any()


@pytest.mark.parametrize("place", [0, 3])
def test_at_the_ends_of_a_line_it_may_be_a_speck(place: int) -> None:
    nothing = np.arange(4) == place
    assert not with_room(row_of(CODE), [np.arange(4)], nothing).any()


def test_faint_ones_specks_between_words_and_pairs_stay_nothing() -> None:
    spots, line, nothing = row_of(CODE), [np.arange(4)], np.array([False, False, True, False])
    assert with_room(spots, line, nothing).tolist() == nothing.tolist()
    assert not with_room(replace(spots, presence=np.full(4, PRESENCE - 0.01)), line, nothing).any()
    wide = spots.centres * np.where(np.arange(4) == 3, 4.0, 1.0)[:, None] ** (1, 0)
    assert not with_room(replace(spots, centres=wide), line, nothing).any()
    assert not with_room(spots, line, np.array([False, True, True, False])).any()


def test_a_page_without_hangul_has_no_won_signs() -> None:
    reader = open_onnx_reader(find_model("end2end-small"))
    (won,) = reader.alphabet.known("₩")
    latin = row_of("ab").take(np.arange(2).repeat(60))
    assert reader._unlikely(latin) == [won]
    assert reader._unlikely(row_of("12,000")) == [], "too little to tell by"
    lead = min(reader.alphabet.known("ᄒ"))
    symbols = np.where(np.arange(len(latin)) % 9 == 0, lead, latin.symbols[:, 0])
    korean = replace(latin, symbols=np.stack([symbols, *latin.symbols.T[1:]], axis=1))
    assert reader._unlikely(korean) == []


def test_classes_that_are_not_to_be_read_are_not() -> None:
    spots = row_of("ab")
    told, follows = as_seen(spots, ALPHABET, np.zeros(0, np.intp))
    (hash_sign,) = ALPHABET.known("1")
    told[0, 0, 0, hash_sign] = 0.2
    answer = reread(spots, [np.arange(2)], lambda *_: (told.copy(), follows), False, [int(spots.symbols[0, 0])])
    assert letters(answer) == "1b" and answer.certainty[0] == pytest.approx(0.2 / 0.7 * 0.3**2)
