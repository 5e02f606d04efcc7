"""Cells that speak of one character: which gives way to which, and what they say together."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.models.end2end.cell_votes import voted_features
from ocr.models.end2end.neighbours import Indices
from ocr.models.end2end.reading_config import SpotConfig
from ocr.models.end2end.spots import Spots
from ocr.models.end2end.spotter_config import CELL
from ocr.models.end2end.spotter_decode import Answers, decode_spots, left_standing, named, raw_spots
from ocr.models.end2end.spotter_targets import REFERENCE

CONFIG = SpotConfig()


def answers(rows: list[tuple[float, float, float, int, float]]) -> Answers:
    """Answers of cells given as x of the centre, width, presence, class and its probability; the line is 20 px high."""
    cells = np.array([(5, int(x / CELL)) for x, *_ in rows], np.int64)
    maps = np.zeros((len(rows), 12), np.float32)
    probabilities = np.zeros((len(rows), 3, 5), np.float32)
    probabilities[:, 1:, 0] = 1
    for row, (x, width, presence, symbol, certainty) in enumerate(rows):
        maps[row, 0] = np.log(presence / (1 - presence))
        maps[row, 1] = x / CELL - cells[row, 1] - 0.5
        maps[row, 3:5] = np.log(20 / REFERENCE), np.log(width / REFERENCE)
        maps[row, 5], maps[row, 9] = 1.0, 9.0
        probabilities[row, 0] = (1 - certainty) / 4
        probabilities[row, 0, symbol] = certainty
    features = np.arange(1.0, len(rows) + 1, dtype=np.float32)[:, None]
    return cells, maps, probabilities, features


def spots_of(rows: list[tuple[float, float, float, int, float]]) -> Spots:
    return raw_spots(answers(rows))


def decoded(rows: list[tuple[float, float, float, int, float]]) -> list[int]:
    spots = decode_spots([answers(rows)], CONFIG)
    return [int(symbol) for symbol in spots.symbols[np.argsort(spots.centres[:, 0]), 0]]


def test_who_gives_way_takes_nobody_with_it() -> None:
    first, second = np.array([0, 1]), np.array([1, 2])  # 1 gives way to 0, and 2 would to 1
    assert left_standing(first, second, 3).tolist() == [True, False, True]
    chain = np.arange(9)
    assert left_standing(chain, chain + 1, 10).tolist() == [True, False] * 5
    assert left_standing(chain[:0], chain[:0], 2).tolist() == [True, True]


def test_a_narrow_letter_beside_one_that_was_seen_twice_stays() -> None:
    # R, once more R further to the right, which reaches I, and I itself
    assert decoded([(100, 16, 0.85, 1, 0.99), (105, 17, 0.5, 1, 0.8), (110, 9, 0.47, 2, 0.95)]) == [1, 2]


def test_two_letters_of_tight_type_stay_if_both_are_certain() -> None:
    tight = [(100.0, 13.0, 0.76, 1, 0.99), (94.9, 8.0, 0.63, 2, 0.98)]
    assert decoded(tight) == [2, 1]
    assert decoded([tight[0], (94.9, 8.0, 0.63, 2, 0.6)]) == [1], "a doubtful one speaks of the same ink"
    assert decoded([tight[0], (96.5, 8.0, 0.63, 2, 0.98)]) == [1], "too close for two"


def test_cells_of_one_character_vote_by_their_presence() -> None:
    rows = [(100.0, 12.0, 0.75, 1, 0.9), (101.0, 12.0, 0.6, 1, 0.99), (130.0, 12.0, 0.7, 2, 0.9)]
    kept = np.array([0, 2])
    features = voted_features(spots_of(rows), kept, CONFIG)
    assert features[:, 0] == pytest.approx([(0.75 * 1 + 0.6 * 2) / 1.35, 3.0])
    assert voted_features(spots_of(rows), kept[:0], CONFIG).shape == (0, 1)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ((105.0, 12.0, 0.7, 1, 0.9), "its centre is elsewhere"),
        ((101.0, 22.0, 0.7, 1, 0.9), "it sees two letters as one"),
        ((101.0, 12.0, 0.3, 1, 0.9), "it hardly sees it"),
    ],
)
def test_cells_without_a_vote(other: tuple[float, float, float, int, float], why: str) -> None:
    spots = spots_of([(100.0, 12.0, 0.79, 1, 0.9), other])
    assert voted_features(spots, np.array([0]), CONFIG).tolist() == [[1.0]], why


def test_clear_print_needs_no_votes() -> None:
    spots = spots_of([(100.0, 12.0, 0.65, 1, 0.99), (101.0, 12.0, 0.7, 1, 0.9)])
    assert voted_features(spots, np.array([0]), CONFIG).tolist() == [[1.0]]


@pytest.mark.parametrize(("certainty", "voting"), [(0.9, [1]), (0.99, [])])
def test_cells_with_a_vote_on_a_doubtful_character_are_named_as_well(certainty: float, voting: list[int]) -> None:
    rows = [
        (100.0, 12.0, 0.75, 1, certainty),
        (101.0, 12.0, 0.6, 1, 0.9),
        (104.0, 12.0, 0.3, 1, 0.9),
        (130.0, 12.0, 0.1, 2, 0.9),
    ]
    cells, maps, probabilities, features = answers(rows)
    asked: list[list[int]] = []

    def name(which: Indices) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        asked.append(which.tolist())
        return probabilities[which], features[which]

    first, second = named(cells, maps, name, CONFIG, (0.0, 99.0))
    assert asked == [[0], voting]
    assert first[3][:, 0].tolist() == [1.0] and second[3][:, 0].tolist() == [float(i + 1) for i in voting]
    assert second[0].tolist() == cells[voting].tolist()
