"""Points and commas that are faintly seen: written between digits of a number, nowhere else."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))

from test_one_line import letters, row_of
from test_spotter_targets import ALPHABET

from ocr.models.end2end.faint_signs import apart, in_gaps, is_narrow, with_names_of_signs, with_signs
from ocr.models.end2end.linking import link_lines
from ocr.models.end2end.reading_config import LinkConfig, SpotConfig
from ocr.models.end2end.spots import Spots

LEAST = 0.25


def dimmed(text: str) -> Spots:
    """A row in which points and commas are narrow and faint."""
    spots = row_of(text)
    sign = np.isin(spots.symbols[:, 0], list(ALPHABET.known(".,")))
    return replace(spots, presence=np.where(sign, 0.1, spots.presence), widths=np.where(sign, 3.0, 0.8 * spots.widths))


def written(spots: Spots) -> str:
    sure, faint = apart(spots, LEAST)
    found, lines = with_signs(sure, faint, link_lines(sure, LinkConfig()), ALPHABET)
    return "|".join(letters(found.take(line)) for line in lines)


@pytest.mark.parametrize("text", ["47.80", "3,18", "RM7.00"])
def test_a_faint_sign_before_the_last_two_digits_is_written(text: str) -> None:
    assert written(dimmed(text)) == text


@pytest.mark.parametrize("text", ["3170.5509", "31.70.55", "ab.cd", "4.7", "a.00", "12.5g"])
def test_elsewhere_it_is_not(text: str) -> None:
    assert written(dimmed(text)).replace("|", "") == text.replace(".", "")


def test_a_sign_before_a_space_is_not_written() -> None:
    spots = dimmed("11. 06")
    assert "." not in written(spots)


def test_what_is_sure_stays_as_it_is() -> None:
    spots = row_of("1.5 of 20.75")
    assert written(spots) == "1.5of20.75"


def test_only_narrow_ones_in_gaps_are_kept_for_it() -> None:
    spots = dimmed("12.50")
    sure, faint = apart(spots, LEAST)
    assert is_narrow(faint).all() and not is_narrow(replace(faint, widths=faint.heights)).any()
    assert in_gaps(faint, sure).all()
    assert not in_gaps(faint.moved(np.array([[1, 0, 0], [0, 1, 30.0]])), sure).any()  # off the row
    assert not in_gaps(faint.moved(np.array([[1, 0, 300.0], [0, 1, 0]])), sure).any()  # behind the last
    assert not in_gaps(faint, sure.take(np.zeros(len(sure), np.bool_))).any()


def test_the_context_does_not_take_it_back() -> None:
    sure, faint = apart(dimmed("12.50"), LEAST)
    found, _ = with_signs(sure, faint, link_lines(sure, LinkConfig()), ALPHABET)
    told = replace(found, symbols=np.zeros_like(found.symbols), links=np.tile([0.0, 0.0, 1.0], (len(found), 1)))
    again = with_names_of_signs(told, found, len(sure))
    assert letters(again.take(np.array([len(sure)]))) == "." and again.links[-1].argmax() == 1
    assert (again.symbols[: len(sure)] == 0).all()


def test_the_network_tells_of_faint_cells_and_of_whatever_else_is_asked_for() -> None:
    assert SpotConfig().least == SpotConfig().faint
    assert SpotConfig(presence=0.02).least == 0.02
