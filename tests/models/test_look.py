"""How the end-to-end reader looks at a page: sizes, directions, tiles; with a network that sees black squares."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.models.end2end.directions import axis_difference
from ocr.models.end2end.look import spot_page
from ocr.models.end2end.one_look import spot_scaled, spot_turned
from ocr.models.end2end.reading_config import LookConfig, SpotConfig
from ocr.models.end2end.scale import busiest_windows, closer_scale, first_look, stands_upright, stretch_of
from ocr.models.end2end.spots import Spots
from ocr.models.end2end.spotter_config import CELL
from ocr.models.end2end.spotter_decode import Name
from ocr.models.end2end.spotter_targets import REFERENCE

LOOK, SPOT = LookConfig(), SpotConfig()
LEADS: frozenset[int] = frozenset()


class Squares:
    """Takes every black square for a character whose line is as high; all read in one direction."""

    def __init__(self, degrees: float = 0.0) -> None:
        self.degrees = degrees
        self.sizes: list[tuple[int, int]] = []

    def __call__(self, images: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32], Name]:
        self.sizes.append((images.shape[3], images.shape[2]))
        return *self.seen(images), lambda which: (
            np.ones((len(which), 3, 2), np.float32), np.zeros((len(which), 4), np.float32)
        )  # fmt: skip

    def seen(self, images: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Cells of the squares and their maps."""
        count, _, stats, middles = cv2.connectedComponentsWithStats((images[0, 0] < 100).astype(np.uint8))
        kept = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] > 12]
        maps = np.zeros((len(kept), 12), np.float32)
        cells = np.zeros((len(kept), 2), np.int64)
        for row, i in enumerate(kept):
            x, y = middles[i] + 0.5
            cells[row] = int(y / CELL), int(x / CELL)
            maps[row, 1:3] = x / CELL - cells[row, 1] - 0.5, y / CELL - cells[row, 0] - 0.5
            maps[row, 0] = self.presence(stats[i, cv2.CC_STAT_WIDTH], stats[i, cv2.CC_STAT_HEIGHT])
            maps[row, 3:5] = np.log(np.sqrt(stats[i, cv2.CC_STAT_AREA]) / REFERENCE)
        maps[:, 5:7] = np.cos(np.radians(self.degrees)), np.sin(np.radians(self.degrees))
        return cells, maps

    def presence(self, width: int, height: int) -> float:
        return 4.0


def page_with(squares: list[tuple[int, int, int]], size: tuple[int, int] = (900, 1200)) -> NDArray[np.uint8]:
    """A white page (width, height) with black squares of (x, y, side)."""
    page = np.full((size[1], size[0]), 255, np.uint8)
    for x, y, side in squares:
        page[y : y + side, x : x + side] = 0
    return page


GRID = [(100 + 70 * (i % 10), 100 + 90 * (i // 10), 24) for i in range(100)]


def centres(squares: list[tuple[int, int, int]]) -> NDArray[np.float64]:
    return np.array([(x + side / 2, y + side / 2) for x, y, side in squares])


def furthest(spots: Spots, squares: list[tuple[int, int, int]]) -> float:
    """Largest distance of a square from the nearest character found."""
    assert len(spots) == len(squares)
    return float(np.linalg.norm(spots.centres[:, None] - centres(squares)[None], axis=2).min(axis=0).max())


def test_an_upright_page_of_usual_text_is_looked_at_once() -> None:
    network = Squares()
    spots = spot_page(page_with(GRID), network, LEADS, LOOK, SPOT)
    assert furthest(spots, GRID) < 1.0
    assert len(network.sizes) == 1 + LOOK.probes  # parts of it, and as it is: no large text is left


def test_margins_beside_the_text_are_left_out() -> None:
    squares = [(x + 700, y, side) for x, y, side in GRID]
    network = Squares()
    spots = spot_scaled(page_with(squares, (2000, 1200)), 1.0, network, LOOK, SPOT)
    assert furthest(spots, squares) < 1.0
    ((width, height),) = network.sizes
    assert 700 < width < 780 and height > 1200
    stretched = spot_scaled(page_with(squares, (2000, 1200)), 0.9, network, LOOK, SPOT, 1.1)
    assert furthest(stretched, squares) < 1.5


def test_small_text_is_looked_at_again_larger_in_tiles() -> None:
    small = [(60 + 20 * (i % 40), 60 + 30 * (i // 40), 8) for i in range(1000)]
    network = Squares()
    spots = spot_page(page_with(small, (1400, 2000)), network, LEADS, LOOK, SPOT)
    assert furthest(spots, small) < 1.0
    assert len(network.sizes) > 4
    assert max(height * width for height, width in network.sizes) <= LOOK.tile**2


def test_large_text_is_found_in_the_shrunk_page_and_found_once() -> None:
    mixed = [*GRID[:50], (100, 700, 90), (300, 700, 150), (600, 700, 60)]
    network = Squares()
    assert furthest(spot_page(page_with(mixed), network, LEADS, LOOK, SPOT), mixed) < 2.0
    *_, whole, part = network.sizes
    assert part[1] < 0.5 * whole[1] / LOOK.shrink, "the rest of the page was read already"


class Swelling(Squares):
    """Takes what it sees on a shrunk page for larger than it is, or for smaller."""

    def __init__(self, factor: float = 1.2) -> None:
        super().__init__()
        self.factor = factor

    def seen(self, images: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        cells, maps = super().seen(images)
        if images.shape[3] < 900 / 2:
            maps[:, 3:5] += np.log(self.factor)
        return cells, maps


@pytest.mark.parametrize(("surely", "found"), [(True, 2), (False, 0)])
def test_huge_text_is_looked_at_from_further_away_and_must_be_sure(surely: bool, found: int) -> None:
    class Small(Squares):
        def presence(self, width: int, height: int) -> float:
            return -9.0 if height > 2 * LOOK.large else 4.0 if surely or height < 24 else -0.4

    heads = [(100, 300, 240), (500, 300, 240)]
    spots = spot_scaled(page_with([*GRID[:20], *heads]), 1.0, Small(), LOOK, SPOT)
    large = spots.take(spots.heights > 100)
    assert len(spots) == 20 + found and len(large) == found
    assert not found or furthest(large, heads) < 4.0


def test_text_about_the_limit_that_both_looks_claim_is_found_once() -> None:
    side = round(LOOK.large * 0.92)
    heads = [(100 + 160 * i, 700, side) for i in range(4)]
    page = page_with(heads)
    assert furthest(spot_scaled(page, 1.0, Squares(), LOOK, SPOT), heads) < 2.0
    assert furthest(spot_scaled(page, 1.0, Swelling(), LOOK, SPOT), heads) < 2.0


def test_text_about_the_limit_that_neither_look_would_claim_is_found() -> None:
    heads = [(100 + 160 * i, 700, round(LOOK.large * 1.08)) for i in range(4)]
    smaller = Swelling(1 / 1.15)
    assert furthest(spot_scaled(page_with(heads), 1.0, smaller, LOOK, SPOT), heads) < 2.0
    with pytest.raises(AssertionError):
        furthest(spot_scaled(page_with(heads), 1.0, smaller, replace(LOOK, beyond=1.0), SPOT), heads)


@pytest.mark.parametrize("angle", [15.0, 45.0, 90.0, 137.0, 180.0, -90.0])
def test_characters_of_a_turned_page_come_back_to_their_places(angle: float) -> None:
    # squares cut off at the edge of the shrunk part grow there, for a network that knows nothing but areas
    look = replace(LOOK, large=2.0 * GRID[0][2])
    spots = spot_turned(page_with(GRID), 1.0, angle, Squares(), look, SPOT)
    assert furthest(spots, GRID) < 1.5
    # the network saw them upright, so on the page they run at the angle
    assert np.allclose((spots.angles - angle + 180) % 360 - 180, 0, atol=0.01)


def rows(degrees: float, middle: tuple[float, float] = (450, 600), count: int = 9) -> list[tuple[int, int, int]]:
    """Squares in lines that run at an angle."""
    along = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    down = np.array([-along[1], along[0]])
    places = [
        np.array(middle) + 25 * column * along + 60 * row * down
        for row in range(-(count // 2), count // 2 + 1)
        for column in range(-7, 8)
    ]
    return [(round(x), round(y), 17) for x, y in places]


def test_a_tilted_page_is_turned_and_a_slightly_skewed_one_is_not() -> None:
    network = Squares()
    spots = spot_page(page_with(rows(3.0)), network, LEADS, LOOK, SPOT)
    assert len(network.sizes) == 1 + LOOK.probes and len(spots) == len(rows(3.0))
    network = Squares()  # says that all text stands upright, whatever it sees: turned, it is right
    tilted = rows(40.0)
    spots = spot_page(page_with(tilted), network, LEADS, LOOK, SPOT)
    assert len(network.sizes) > 2
    assert furthest(spots, tilted) < 2.0
    assert np.abs(axis_difference(spots.angles, 40.0)).max() < 1.5


def test_text_in_two_directions_is_seen_in_both() -> None:
    mixed = rows(0.0, (300, 300), 7) + rows(90.0, (650, 850), 7)
    spots = spot_page(page_with(mixed), Squares(), LEADS, LOOK, SPOT)
    assert furthest(spots, mixed) < 2.0
    lower = spots.centres[:, 1] > 580
    assert np.abs(axis_difference(spots.angles[lower], 90.0)).max() < 1.5
    assert np.abs(spots.angles[~lower]).max() < 1.5


class Bars(Squares):
    """Surer of what lies than of what stands."""

    def presence(self, width: int, height: int) -> float:
        return 4.0 if width >= height else -0.5


def test_lines_as_close_as_letters_are_read_one_way() -> None:
    page = np.full((1200, 1200), 255, np.uint8)
    for x in range(300, 900, 20):
        for y in range(300, 900, 22 if x < 600 else 17):  # right of the middle the nearest neighbour is above or below
            cv2.rectangle(page, (x - 8, y - 5), (x + 8, y + 5), 0, -1)
    turn = cv2.getRotationMatrix2D((600, 600), -40.0, 1.0)  # clockwise
    turned = np.asarray(cv2.warpAffine(page, turn, (1200, 1200), borderValue=255), np.uint8)
    spots = spot_page(turned, Bars(), LEADS, LOOK, SPOT)
    assert len(spots) > 500
    assert np.abs(axis_difference(spots.angles, 40.0)).max() < 1.5


def spots_at(squares: list[tuple[int, int, int]]) -> Spots:
    count = len(squares)
    ones, ahead = np.ones(count), np.tile([1.0, 0.0], (count, 1))
    return Spots(
        centres(squares).reshape(-1, 2), 20 * ones, 9 * ones, ahead, ahead, np.ones((count, 3)) / 3, ones, ones,
        np.ones((count, 3), np.int64), np.ones((count, 1, 3), np.int64), np.zeros((count, 1)),
        np.zeros((count, 4), np.float32),
    )  # fmt: skip


class Narrow(Squares):
    """Takes squares for letters of half their width."""

    def seen(self, images: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        cells, maps = super().seen(images)
        maps[:, 4] += np.log(0.5)
        return cells, maps


def test_the_lines_of_condensed_type_are_stretched() -> None:
    narrow, plain = Narrow(), Squares()
    squares = [(100 + 40 * (i % 45), 100 + 60 * (i // 45), 24) for i in range(1350)]
    page, look = page_with(squares, (2000, 2000)), replace(LOOK, tile=4096)
    assert furthest(spot_page(page, narrow, LEADS, look, SPOT), squares) < 2.0
    spot_page(page, plain, LEADS, look, SPOT)
    widths = max(width for width, _ in narrow.sizes), max(width for width, _ in plain.sizes)
    assert widths[0] / widths[1] == pytest.approx(LOOK.letter_width / 0.5, abs=0.04)


@pytest.mark.parametrize(
    ("width", "stretch"), [(0.9, 1.0), (LOOK.letter_width / 1.1, 1.1), (0.2, LOOK.stretch)]
)  # fmt: skip
def test_how_far_lines_are_stretched(width: float, stretch: float) -> None:
    spots = spots_at(GRID)
    spots = replace(spots, widths=width * spots.heights)
    assert stretch_of(spots, LEADS, LOOK) == pytest.approx(stretch)
    assert stretch_of(spots, frozenset({1}), LOOK) == 1.0  # syllables


@pytest.mark.parametrize(("angle", "upright"), [(0, True), (-4, True), (178, True), (45, False), (90, False)])
def test_a_page_is_stretched_as_it_stands_only_if_its_text_stands_upright(angle: float, upright: bool) -> None:
    turned = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    spots = spots_at(GRID)
    assert stands_upright(replace(spots, along=np.tile(turned, (len(spots), 1))), LOOK) == upright


def test_characters_keep_their_shape_when_they_are_moved() -> None:
    spots = spots_at(GRID[:1])
    spots = replace(spots, widths=0.5 * spots.heights, along=np.array([[1.0, 0.0]]))
    wide = spots.moved(np.array([[1.2, 0, 5], [0, 1, 7]]))
    assert wide.widths == pytest.approx(1.2 * spots.widths) and wide.heights == pytest.approx(spots.heights)
    turned = spots.moved(np.array([[0, -2.0, 0], [2.0, 0, 0]]))
    assert turned.widths == pytest.approx(2 * spots.widths) and turned.heights == pytest.approx(2 * spots.heights)
    assert turned.along == pytest.approx(np.array([[0.0, 1.0]]))


def scale_for(heights: list[float], scale: float = 1.0, leads: frozenset[int] = LEADS) -> float:
    spots = spots_at([(0, 0, 9)] * len(heights))
    return closer_scale(scale, replace(spots, heights=np.array(heights)), leads, LOOK, 1.1)


def test_scale_follows_the_smaller_text() -> None:
    wanted = LOOK.line_height
    assert scale_for([wanted] * 10) == 1.0
    assert scale_for([wanted / 2] * 10) == pytest.approx(2.0)
    assert scale_for([2 * wanted] * 10) == pytest.approx(0.5)
    assert scale_for([1.0] * 10) == LOOK.enlarge
    assert scale_for([8.5] + [wanted] * 20) == 1.0  # a footnote number alone is no reason
    assert scale_for([], 0.5) == 0.5


def test_syllables_are_seen_larger_than_letters() -> None:
    assert scale_for([20.0] * 10, leads=frozenset({1})) == pytest.approx(LOOK.syllable_height / 20)
    assert scale_for([LOOK.line_height] * 10, leads=frozenset({2})) == 1.0


def test_the_busiest_part_of_a_page_says_at_which_scale_it_is_looked_at() -> None:
    small = [(900 + 16 * (i % 40), 1500 + 20 * (i // 40), 8) for i in range(1000)]
    page = page_with([*small, (100, 100, 40)], (1800, 2400))
    (top, left), _ = busiest_windows(page, 500, 2)
    assert 850 <= left <= 1100 and 1400 <= top <= 1600
    network = Squares()
    assert first_look(page, network, LEADS, LOOK, SPOT)[0] == LOOK.enlarge  # 8 px are to be 20
    assert network.sizes == [(LOOK.probe, LOOK.probe)] * LOOK.probes


def test_a_blank_or_small_page_is_not_probed_in_vain() -> None:
    network = Squares()
    assert first_look(page_with([], (1800, 2400)), network, LEADS, LOOK, SPOT)[0] == pytest.approx(
        (LOOK.pixels / 1800 / 2400) ** 0.5
    )
    network = Squares()
    first_look(page_with(GRID[:3], (300, 300)), network, LEADS, LOOK, SPOT)
    assert network.sizes == []


class Fickle(Squares):
    """Takes nine of ten squares of a page for upright, but those of a small part for upside down, either way."""

    def __init__(self, page: float, part: float) -> None:
        super().__init__()
        self.page, self.part = page, part

    def seen(self, images: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        cells, maps = super().seen(images)
        whole = images.shape[3] > LOOK.window + 64
        turned = np.arange(len(maps)) % 10 == 0 if whole else np.full(len(maps), len(self.sizes) % 2 == 0)
        maps[turned, 5] *= -1
        maps[:, 0] = self.page if whole or len(self.sizes) % 2 == 0 else self.part
        return cells, maps


def test_a_page_that_mostly_stands_upright_is_not_turned_for_a_window_that_reads_as_well_upside_down() -> None:
    upright = Fickle(1.0, 1.0)
    spots = spot_page(page_with(GRID), upright, LEADS, LOOK, SPOT)
    assert len(upright.sizes) > 1, "the window was tried"
    assert np.abs(spots.angles).max() < 181 and (np.abs(spots.angles) < 1).mean() > 0.8
    better = Fickle(0.0, 3.0)
    spots = spot_page(page_with(GRID), better, LEADS, LOOK, SPOT)
    assert (np.abs(spots.angles) > 179).mean() > 0.8, "far better the other way"


def test_where_a_window_is_not_clearly_better_one_way_a_larger_one_decides() -> None:
    page, rather = page_with(GRID), Fickle(0.0, 1.0)
    spots = spot_page(page, rather, LEADS, LOOK, SPOT)
    assert (np.abs(spots.angles) < 1).mean() > 0.8 and len(rather.sizes) > 4, "two windows were tried"
    spots = spot_page(page, Fickle(0.0, 1.0), LEADS, replace(LOOK, clear=1.0), SPOT)
    assert (np.abs(spots.angles) > 179).mean() > 0.8, "the small window alone"
