"""Geometry of polygons against cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ocr.polygon import (
    all_side_lengths,
    area,
    areas,
    as_polygon,
    as_polygons,
    bounds,
    centre,
    contains,
    from_box,
    rotated_rectangle,
    side_lengths,
    slice_quad,
    slice_quads,
    total_bounds,
    transform,
    union,
)

BOX = from_box(10, 20, 50, 40)
DIAMOND = ((10, 0), (20, 10), (10, 20), (0, 10))


def test_as_polygon_rounds_and_takes_any_shape() -> None:
    assert as_polygon(np.array([[[1.004, 2.006]], [[3, 4]]])) == ((1.0, 2.01), (3.0, 4.0))
    assert as_polygon([1, 2, 3, 4]) == ((1.0, 2.0), (3.0, 4.0))


def test_measures() -> None:
    assert bounds(DIAMOND) == (0, 0, 20, 20)
    assert area(DIAMOND) == 200
    assert area(BOX[::-1]) == area(BOX) == 800
    assert centre(BOX) == (30, 30)
    assert total_bounds([BOX, DIAMOND]) == (0, 0, 50, 40)
    assert side_lengths(DIAMOND) == pytest.approx((200**0.5, 200**0.5))


def test_contains_counts_the_border() -> None:
    assert contains(DIAMOND, (10, 10))
    assert contains(DIAMOND, (10, 0))
    assert not contains(DIAMOND, (1, 1))


def test_transform_affine_and_perspective() -> None:
    quarter_turn = np.array([[0.0, -1.0, 5.0], [1.0, 0.0, 0.0]])
    assert transform([(1, 0), (0, 1)], quarter_turn).tolist() == [[5, 1], [4, 0]]
    perspective = np.array([[1.0, 0, 0], [0, 1.0, 0], [0.5, 0, 1.0]])
    assert transform([(2, 4)], perspective).tolist() == [[1, 2]]


def test_rotated_rectangle_starts_at_the_top_left_and_runs_clockwise() -> None:
    corners = rotated_rectangle([(10, 20), (50, 20), (30, 20), (50, 40), (10, 40)])
    assert corners.round(3).tolist() == [[10, 20], [50, 20], [50, 40], [10, 40]]


def test_slice_quad_follows_the_direction_of_the_text() -> None:
    upside_down = np.array(BOX)[[2, 3, 0, 1]]
    assert slice_quad(upside_down, 0, 0.25).tolist() == [[50, 40], [40, 40], [40, 20], [50, 20]]


def test_many_at_once_are_as_one_by_one() -> None:
    quads = np.random.default_rng(0).uniform(-50, 900, (20, 4, 2))
    assert as_polygons(quads) == [as_polygon(quad) for quad in quads]
    assert areas(quads) == pytest.approx([area(quad) for quad in quads])
    assert np.transpose(all_side_lengths(quads)) == pytest.approx(np.array([side_lengths(quad) for quad in quads]))
    spans = np.array([(0.0, 0.25), (0.25, 0.9), (0.9, 1.0)])
    parts = slice_quads(quads[0], spans)
    assert parts == pytest.approx(np.stack([slice_quad(quads[0], start, stop) for start, stop in spans]))


def test_none_at_once_is_none() -> None:
    assert as_polygons(np.empty((0, 4, 2))) == []
    assert [len(sides) for sides in all_side_lengths([])] == [0, 0]


def test_union_keeps_the_direction_of_the_first() -> None:
    assert union([from_box(0, 0, 10, 5), from_box(20, 1, 30, 6)]) == from_box(0, 0, 30, 6)
    upside_down = np.array(BOX)[[2, 3, 0, 1]]
    assert union([upside_down, from_box(0, 20, 5, 40)]) == ((50, 40), (0, 40), (0, 20), (50, 20))
    diagonal = union([DIAMOND, np.array(DIAMOND) + 10])
    assert area(diagonal) == pytest.approx(2 * 200, rel=0.01)
