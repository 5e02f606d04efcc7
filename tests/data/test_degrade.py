"""Degradation of lines and pages: shapes, determinism, and that each effect does what its name says."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.data.synthetic import degrade, ink, paper, scan
from ocr.data.synthetic.degrade import PROFILES, Degradation, degrade_line, degrade_page
from ocr.errors import UsageError


@pytest.fixture()
def line() -> NDArray[Any]:
    image = np.full((32, 320), 255, np.uint8)
    cv2.putText(image, "Total 12.50 fox", (6, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 0, 2, cv2.LINE_AA)
    return image


@pytest.fixture()
def page(line: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(np.tile(line, (8, 1)))


def _rng(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


LINE_EFFECTS = [effect for stage in degrade.LINE_STAGES for effect, _ in stage.effects]
PAGE_EFFECTS = [
    effect
    for stage in (*degrade.GREY_STAGES, *degrade.COLOUR_STAGES, *degrade.FILE_STAGES)
    for effect, _ in stage.effects
]


@pytest.mark.parametrize("effect", LINE_EFFECTS, ids=lambda effect: effect.__name__)
@pytest.mark.parametrize("amount", [0.05, 1.0])
def test_line_effect_keeps_shape_input_and_seed(effect: degrade.Effect, amount: float, line: NDArray[Any]) -> None:
    before = line.copy()
    first = effect(line, _rng(), amount, 1.0)
    assert first.shape == line.shape and first.dtype == np.uint8
    assert (line == before).all(), "the input was drawn on"
    assert (effect(line, _rng(), amount, 1.0) == first).all(), "same seed, other bytes"


@pytest.mark.parametrize("effect", PAGE_EFFECTS, ids=lambda effect: effect.__name__)
def test_page_effect_takes_colour(effect: degrade.Effect, page: NDArray[Any]) -> None:
    pytest.importorskip("albumentations")
    colour = cv2.cvtColor(page, cv2.COLOR_GRAY2RGB)
    first = effect(colour, _rng(), 0.8, 1.0)
    assert first.shape == colour.shape and first.dtype == np.uint8
    assert (effect(colour, _rng(), 0.8, 1.0) == first).all()


def test_raster_rows_leave_ground_between_them() -> None:
    solid = np.zeros((60, 80), np.uint8)
    rows = ink.raster_rows(solid, _rng(), 1.0, 3.0)
    assert (rows == rows[:, :1]).all(), "a row is of one tone"
    dark = rows[:, 0] < 128
    changes = np.flatnonzero(np.diff(dark.astype(int)))
    assert 60 / (3.0 * 2.6) <= len(changes) / 2 <= 60 / (3.0 * 1.4) + 1 and 0.3 < dark.mean() < 0.7


def test_strength_zero_leaves_a_line_alone(line: NDArray[Any]) -> None:
    assert all((degrade_line(line, _rng(seed), 0.0) == line).all() for seed in range(20))


def test_strength_zero_leaves_a_page_black_on_white(page: NDArray[Any]) -> None:
    result = degrade_page(page, _rng(), 0.0)
    assert (result == page[..., None]).all()


@pytest.mark.parametrize("height", [16, 32, 64, 3])
def test_any_line_height(height: int, line: NDArray[Any]) -> None:
    image = cv2.resize(line, (max(3, height * 6), height))
    for seed in range(60):
        assert degrade_line(image, _rng(seed), 1.0).shape == image.shape


def test_degrade_line_is_seeded_and_varied(line: NDArray[Any]) -> None:
    results = [degrade_line(line, _rng(seed), 0.7) for seed in range(30)]
    again = [degrade_line(line, _rng(seed), 0.7) for seed in range(30)]
    assert all((a == b).all() for a, b in zip(results, again, strict=True))
    assert len({result.tobytes() for result in results}) > 25


@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_degrade_page_is_seeded(strength: float, page: NDArray[Any]) -> None:
    pytest.importorskip("albumentations")
    for seed in range(12):
        result = degrade_page(page, _rng(seed), strength)
        assert result.shape == (*page.shape, 3) and result.dtype == np.uint8
        assert (degrade_page(page, _rng(seed), strength) == result).all()


def test_text_stays_where_it_was(line: NDArray[Any]) -> None:
    """At medium strength the degraded line still correlates with the clean one, inverse lines negatively."""
    scores = [abs(np.corrcoef(line.ravel(), degrade_line(line, _rng(seed), 0.5).ravel())[0, 1]) for seed in range(100)]
    assert np.median(scores) > 0.7


def test_bleed_adds_ink_and_thin_takes_it(line: NDArray[Any]) -> None:
    assert ink.bleed(line, _rng(), 1.0).mean() < line.mean() < ink.thin(line, _rng(), 1.0).mean()


def test_fade_only_loses_ink(line: NDArray[Any]) -> None:
    for effect in (ink.fade, ink.broken, ink.key_strength, ink.half_struck, ink.ribbon_streaks):
        faded = effect(line, _rng(), 1.0)
        assert (faded >= line).all() and faded.sum() > line.sum()


def test_binarise_and_fax_leave_two_levels(line: NDArray[Any]) -> None:
    for seed in range(6):
        assert set(np.unique(scan.binarise(line, _rng(seed), 1.0))) <= {0, 255}
        assert set(np.unique(scan.fax(line, _rng(seed), 1.0))) <= {0, 255}


def test_bleed_through_never_darkens_ink(line: NDArray[Any]) -> None:
    shown = paper.bleed_through(line, _rng(), 1.0)
    assert (shown <= line).all() and shown[line < 50].min() == line.min()


def test_tint_maps_black_and_white() -> None:
    image = np.array([[0, 255]], np.uint8)
    assert paper.tint(image, (250, 240, 200), (20, 10, 40)).tolist() == [[[20, 10, 40], [250, 240, 200]]]


def test_profiles_draw_strengths_in_range() -> None:
    assert all(PROFILES["clean"].draw(_rng(seed)) == 0 for seed in range(5))
    draws = [Degradation().draw(_rng(seed)) for seed in range(300)]
    assert min(draws) == 0 and 0.65 < max(draws) <= 1


def test_wrong_strength_and_shares_are_usage_errors(line: NDArray[Any]) -> None:
    with pytest.raises(UsageError, match=r"1\.5"):
        degrade_line(line, _rng(), 1.5)
    with pytest.raises(UsageError, match="shares"):
        Degradation(0, 0, 0, 0).draw(_rng())
