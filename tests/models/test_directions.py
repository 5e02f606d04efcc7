"""In which directions a page's text runs, and which blocks of it stand on their heads."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parent))

from test_look import rows, spots_at

from ocr.models.end2end.directions import Groups, axis_difference, blocks_of, text_groups
from ocr.models.end2end.reading_config import LookConfig
from ocr.models.end2end.spots import Spots, joined
from ocr.models.end2end.upside_down import blocks_turned

LOOK = LookConfig()
SHAPE = (1200, 900)
"""Height and width of the pages."""


def groups_of(squares: list[tuple[int, int, int]]) -> Groups:
    """Characters whose line is as high as the squares are."""
    sides = np.array([side for _, _, side in squares], np.float64)
    return text_groups(replace(spots_at(squares), heights=sides), SHAPE, LOOK)


def label_at(groups: Groups, left: float, top: float, right: float, bottom: float) -> set[int]:
    x, y = groups.spots.centres.T
    return set(groups.labels[(x > left) & (x < right) & (y > top) & (y < bottom)].tolist())


@pytest.mark.parametrize("angle", [0.0, 12.0, 45.0, 88.0, -60.0])
def test_the_axis_of_lines_is_told_by_where_characters_stand(angle: float) -> None:
    (found,) = groups_of(rows(angle)).axes
    assert abs(float(axis_difference(found, angle))) < 1.5


def test_a_few_characters_do_not_call_for_a_look_of_their_own() -> None:
    page = rows(0.0, (450, 300), 9) + rows(70.0, (700, 1000), 1)[:5]
    assert len(groups_of(page).axes) == 1


def test_blocks_a_little_tilted_have_a_direction_of_their_own() -> None:
    groups = groups_of(rows(0.0, (450, 250), 5) + rows(18.0, (450, 850), 7))
    assert groups.axes == pytest.approx([18.0, 0.0], abs=1.5)
    assert label_at(groups, 0, 0, 900, 450) == {1} and label_at(groups, 0, 600, 900, 1200) == {0}


def test_a_heading_runs_as_its_own_letters_stand() -> None:
    heading = [(100 + 100 * i, 60, 80) for i in range(8)]
    groups = groups_of(heading + rows(90.0, (450, 700), 9))
    assert [round(abs(axis)) for axis in groups.axes] == [90, 0]
    assert label_at(groups, 0, 0, 900, 200) == {1} and label_at(groups, 0, 300, 900, 1200) == {0}


def test_what_stands_where_a_group_does_is_its_own() -> None:
    groups = groups_of(rows(0.0, (450, 250), 5) + rows(90.0, (450, 850), 7))
    near = spots_at([(400, 240, 9), (420, 900, 9)])
    assert groups.own(near, [groups.axes.index(min(groups.axes, key=abs))]).centres.tolist() == [
        near.centres[0].tolist()
    ]
    assert len(groups.own(near, [0, 1])) == 2


def test_blocks_are_told_apart_by_the_ground_between_them() -> None:
    upper, lower = rows(0.0, (450, 250), 5), rows(0.0, (450, 850), 5)
    blocks = blocks_of(replace(spots_at(upper + lower), heights=np.full(150, 60.0)), SHAPE)
    first, second = set(blocks[:75].tolist()), set(blocks[75:].tolist())
    assert len(first) == len(second) == 1 and first != second


def test_characters_beyond_the_page_have_a_block_too() -> None:
    blocks = blocks_of(spots_at([(-30, -40, 9), (880, 1190, 30)]), SHAPE)
    assert len(set(blocks.tolist())) == 2 and blocks.min() > 0


UPRIGHT, TURNED = rows(0.0, (450, 250), 3), rows(0.0, (450, 850), 3)


def facing(squares: list[tuple[int, int, int]], angle: float, presence: float) -> Spots:
    spots = spots_at(squares)
    along = np.tile([np.cos(np.radians(angle)), np.sin(np.radians(angle))], (len(spots), 1))
    return replace(spots, along=along, presence=np.full(len(spots), presence), heights=np.full(len(spots), 60.0))


class Looks:
    """Finds the lower block, read the other way with this presence."""

    def __init__(self, presence: float) -> None:
        self.presence = presence
        self.asked: list[tuple[float, NDArray[np.float64]]] = []

    def __call__(self, angle: float, around: Spots) -> Spots:
        self.asked.append((angle, around.centres))
        return facing(TURNED, angle, self.presence)


@pytest.mark.parametrize(("presence", "angle"), [(0.9, -180.0), (0.2, 0.0)])
def test_a_block_that_says_so_and_is_read_better_is_turned(presence: float, angle: float) -> None:
    says = joined([facing(TURNED[:20], 180.0, 0.4), facing(TURNED[20:], 0.0, 0.3)])
    look_at = Looks(presence)
    spots = blocks_turned(joined([facing(UPRIGHT, 0.0, 0.8), says]), 0.0, SHAPE, look_at, LOOK)
    ((asked, around),) = look_at.asked
    assert asked == -180.0 and around[:, 1].min() > 700, "only the block in doubt is looked at"
    lower = spots.centres[:, 1] > 550
    assert lower.sum() == len(TURNED) and (~lower).sum() == len(UPRIGHT)
    assert (spots.angles[~lower] == 0).all()
    assert set(np.abs(spots.angles[lower]).round().tolist()) == ({abs(angle)} if presence == 0.9 else {0.0, 180.0})


def test_upright_blocks_are_not_looked_at_again() -> None:
    look_at = Looks(0.99)
    spots = joined([facing(UPRIGHT, 0.0, 0.3), facing(TURNED, 20.0, 0.3)])
    assert blocks_turned(spots, 0.0, SHAPE, look_at, LOOK) is spots and not look_at.asked
