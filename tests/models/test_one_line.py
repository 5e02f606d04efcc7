"""Line crops of the end-to-end pipeline: all characters of the row, in order, whatever their links and directions."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parent))

from test_spotter_targets import ALPHABET, SIZE, answers_of, page_of

from ocr.document import Line
from ocr.models.end2end.characters import characters_of
from ocr.models.end2end.one_line import one_line, weighted_median
from ocr.models.end2end.reader import LINE_MARGIN, LINE_PIXELS, End2EndReader, ReadingSettings, is_sure
from ocr.models.end2end.reading_config import LinkConfig, SpotConfig
from ocr.models.end2end.spots import Spots, joined
from ocr.models.end2end.spotter_config import TargetConfig
from ocr.models.end2end.spotter_decode import Name, decode_spots
from ocr.models.end2end.spotter_targets import LINK_END
from ocr.polygon import as_polygon, from_box

TEXT = "12.50 to pay"


def row_of(text: str, height: float = 24, top: float = 100) -> Spots:
    characters = characters_of(page_of((text,), height=height, top=top), ALPHABET)
    return decode_spots([answers_of(characters, TargetConfig())], SpotConfig())


def letters(spots: Spots) -> str:
    return "".join(ALPHABET.symbol(symbol) for symbol in spots.symbols[:, 0].tolist())


def test_characters_stand_from_left_to_right_whatever_their_order() -> None:
    spots = row_of(TEXT)
    shuffled = spots.take(np.random.default_rng(0).permutation(len(spots)))
    row = one_line(shuffled)
    assert letters(row) == TEXT.replace(" ", "")
    assert row.links[-1].argmax() == LINK_END and (np.diff(row.centres[:, 0]) > 0).all()


def test_other_rows_of_a_crop_are_left_out() -> None:
    cut = row_of("small", height=10, top=85)
    assert letters(one_line(joined([cut, row_of(TEXT)]))) == TEXT.replace(" ", "")


@pytest.mark.parametrize("wrong", ["broken", "backwards"])
def test_spaces_come_from_gaps_where_characters_do_not_tell(wrong: str) -> None:
    spots = row_of(TEXT)
    if wrong == "broken":
        spots = replace(spots, links=np.tile([1.0, 0.0, 0.0], (len(spots), 1)))
    else:
        spots = replace(spots, along=-spots.along, links=np.tile([0.0, 0.1, 0.9], (len(spots), 1)))
    told = one_line(spots).links.argmax(axis=1)
    words = [len(word) for word in TEXT.split()]
    assert np.flatnonzero(told[:-1] == 2).tolist() == (np.cumsum(words)[:-1] - 1).tolist()


def test_nothing_is_one_line_of_nothing() -> None:
    empty = row_of(TEXT).take(np.zeros(0, np.intp))
    assert len(one_line(empty)) == 0


def test_the_weighted_median_follows_the_weight() -> None:
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 5.0])
    assert weighted_median(values, weights) == 2.0
    assert weighted_median(values, np.array([9.0, 1.0, 1.0])) == 3.0


def test_a_doubtful_crop_is_read_all_the_same() -> None:
    cells, maps, probabilities, features = answers_of(
        characters_of(page_of((TEXT,), height=20, top=16), ALPHABET), TargetConfig()
    )
    doubtful = 0.3 * probabilities + 0.7 / probabilities.shape[2]

    def network(images: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32], Name]:
        """The same in any picture."""
        return cells, maps, lambda which: (doubtful[which], features[which])

    reader = End2EndReader(network, ALPHABET, ReadingSettings())
    image = np.full((SIZE, SIZE, 3), 255, np.uint8)
    crop = image[:LINE_PIXELS, : SIZE - 2 * LINE_MARGIN]
    (page,), (line,) = reader.predict([image]), reader.read_lines([crop])
    assert page.text == "" and line.text == TEXT and len(line.words) == 3


def test_short_lines_need_more_confidence_than_long_ones() -> None:
    whole = as_polygon(from_box(0, 0, 9, 9))
    link = LinkConfig(minimum_confidence=0.3, short_confidence=0.5, short=2)
    texts = ("C", "a b", "abc", "7", ":")
    assert [is_sure(Line(text, whole, 0.4), link, 9) for text in texts] == [False, False, True, True, True]
    assert is_sure(Line("C", whole, 0.5), link, 9) and not is_sure(Line("abc", whole, 0.2), link, 9)


@pytest.mark.parametrize(
    ("text", "height", "confidence", "sure"),
    [("C", 60, 0.6, False), ("C", 60, 0.8, True), ("0", 60, 0.6, False), ("C", 30, 0.6, True), ("CO", 60, 0.6, True)],
)
def test_a_lone_character_far_higher_than_the_lines_may_be_a_punched_hole(
    text: str, height: float, confidence: float, sure: bool
) -> None:
    line = Line(text, as_polygon(from_box(0, 0, 40, height)), confidence)
    assert is_sure(line, LinkConfig(lone_confidence=0.7, lone_tall=1.6), 25) is sure
