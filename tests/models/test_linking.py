"""Lines that the characters took to end too early go on, others do not."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))

from test_one_line import letters, row_of

from ocr.models.end2end.linking import link_lines
from ocr.models.end2end.reading_config import LinkConfig
from ocr.models.end2end.spots import Spots

ENDS_BEFORE_SPACE = [0.6, 0.1, 0.3]
"""Probabilities of end, next, next after a space."""


def broken(text: str = "ab cd", links: list[float] = ENDS_BEFORE_SPACE) -> Spots:
    """A row whose second character takes the line to end."""
    spots = row_of(text)
    told = spots.links.copy()
    told[1] = links
    return replace(spots, links=told)


def behind(spots: Spots, **moved: float) -> Spots:
    """The row with what follows the second character moved by so much in line heights, or changed otherwise."""
    after = np.arange(len(spots)) > 1
    shift = np.array([moved.get("right", 0.0), moved.get("down", 0.0)]) * spots.heights[:, None]
    return replace(
        spots,
        centres=spots.centres + after[:, None] * shift,
        heights=np.where(after, moved.get("height", 1.0), 1.0) * spots.heights,
        presence=np.where(after, moved.get("presence", 1.0), 1.0) * spots.presence,
    )


def lines(spots: Spots) -> list[str]:
    return [letters(spots.take(line)) for line in link_lines(spots, LinkConfig())]


def test_a_line_that_was_taken_to_end_before_a_space_goes_on() -> None:
    assert lines(broken()) == ["abcd"]


@pytest.mark.parametrize(
    "moved",
    [{"right": 2.0}, {"down": 0.6}, {"height": 1.6}, {"presence": 0.2}],
    ids=["far", "another row", "another size", "in doubt"],
)
def test_what_is_no_part_of_it_stays_apart(moved: dict[str, float]) -> None:
    assert lines(behind(broken(), **moved)) == ["ab", "cd"]


def test_without_a_space_foretold_there_is_no_ground_between() -> None:
    no_space = [0.6, 0.3, 0.1]
    assert lines(behind(broken(links=no_space), right=0.4)) == ["ab", "cd"]
    assert lines(broken("abcd", no_space)) == ["abcd"]


def test_the_nearest_line_goes_on() -> None:
    spots = broken("ab cd ef")
    told = spots.links.copy()
    told[3] = [1.0, 0.0, 0.0]
    spots = replace(spots, links=told)
    assert lines(spots) == ["abcd", "ef"]
    assert lines(spots.take(np.array([0, 1, 4, 5]))) == ["ab", "ef"]


def test_no_characters_make_no_lines() -> None:
    assert link_lines(row_of("a").take(np.zeros(0, np.intp)), LinkConfig()) == []
