"""Where a page goes: skew, rotation, scale, perspective, page curl and waves; the picture and its points move alike.

One :class:`Warp` holds the whole way from the flat sheet to the image: first a homography, then a smooth displacement.
Pictures are resampled once through its inverse, points go forward through the same functions, so labels stay exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.data.synthetic.textures import Image

Points = NDArray[np.float64]

GRID = 8  # the displacement is evaluated every so many pixels and interpolated between


@dataclass(frozen=True, slots=True)
class Wave:
    """A sine displacement: ``shift`` (x, y) px at the crest, ``frequency`` (x, y) radians a px, ``phase`` radians."""

    shift: tuple[float, float]
    frequency: tuple[float, float]
    phase: float

    def __call__(self, points: Points) -> Points:
        angle = points @ np.asarray(self.frequency) + self.phase
        return np.sin(angle)[..., None] * np.asarray(self.shift)


@dataclass(frozen=True, slots=True)
class Curl:
    """A book page bending into its spine at x = ``spine``: lines rise or fall by ``depth`` px within ``reach`` px."""

    spine: float
    depth: float
    reach: float

    def __call__(self, points: Points) -> Points:
        bend = np.exp(-np.abs(points[..., 0] - self.spine) / self.reach) * self.depth
        return np.stack([np.zeros_like(bend), bend], axis=-1)


@dataclass(frozen=True, slots=True)
class Warp:
    """From sheet to image: ``matrix`` (3, 3), then ``bends``; the image is ``size`` (width, height) px.

    ``bends`` say, for a point of the image, how far away on the (flat, already projected) sheet its ink comes from;
    their slopes must stay under 1, or the page would fold over itself.
    """

    matrix: NDArray[np.float64]
    size: tuple[int, int]
    bends: tuple[Wave | Curl, ...] = ()

    @property
    def identity(self) -> bool:
        return not self.bends and bool(np.allclose(self.matrix, np.eye(3)))

    def points(self, points: Points) -> Points:
        """Points ``(..., 2)`` of the sheet to points of the image; pixel corners count from 0, as in polygons."""
        flat = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        homogeneous = np.concatenate([flat, np.ones((len(flat), 1))], axis=1) @ self.matrix.T
        target = homogeneous[:, :2] / homogeneous[:, 2:]
        found = target
        for _ in range(12 if self.bends else 0):  # solve found + bend(found) = target; the bends contract
            found = target - self._bend(found)
        return found.reshape(np.shape(points))

    def image(self, image: Image, border: int | tuple[int, ...] = 255) -> Image:
        """The sheet's picture, grey or RGB, seen through the warp; ``border`` is what lies around the sheet."""
        value = border if isinstance(border, tuple) else (border,) * 3
        # pixel i has its centre at i + 0.5 in polygon coordinates and at i in OpenCV's
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        inner = np.linalg.inv(half) @ self.matrix @ half
        if not self.bends:
            return cv2.warpPerspective(image, inner, self.size, flags=cv2.INTER_LINEAR, borderValue=value)
        columns, rows = self._source_maps()
        return cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=value)

    def _bend(self, points: Points) -> Points:
        total = np.zeros_like(points)
        for bend in self.bends:
            total += bend(points)
        return total

    def _source_maps(self) -> tuple[Image, Image]:
        """For every pixel of the image the place on the sheet, as OpenCV's fixed-point maps."""
        width, height = self.size
        x = (np.arange(-1, -(-width // GRID) + 1) + 0.5) * GRID  # a cell more on every side: resize extends flatly
        y = (np.arange(-1, -(-height // GRID) + 1) + 0.5) * GRID
        image_points = np.stack(np.meshgrid(x, y), axis=-1)
        projected = image_points + self._bend(image_points)
        inverse = np.linalg.inv(self.matrix)
        homogeneous = projected @ inverse[:, :2].T + inverse[:, 2]
        source = (homogeneous[..., :2] / homogeneous[..., 2:] - 0.5).astype(np.float32)
        full = cv2.resize(source, (len(x) * GRID, len(y) * GRID), interpolation=cv2.INTER_CUBIC)
        full = full[GRID : GRID + height, GRID : GRID + width]
        return cv2.convertMaps(full[..., 0].copy(), full[..., 1].copy(), cv2.CV_16SC2)


def identity(width: int, height: int) -> Warp:
    return Warp(np.eye(3), (width, height))


def rotation(width: int, height: int, degrees: float, scale: float = 1.0, keep_size: bool = False) -> Warp:
    """Turned clockwise about the centre and scaled; the image grows to hold the whole sheet unless ``keep_size``."""
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    new = (width, height)
    if not keep_size:
        new = (
            max(1, round(abs(width * cos) + abs(height * sin))),
            max(1, round(abs(width * sin) + abs(height * cos))),
        )
    middle = np.array([width, height]) / 2
    linear = np.array([[cos, -sin], [sin, cos]])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = np.array(new) / 2 - linear @ middle
    return Warp(matrix, new)


def perspective(width: int, height: int, corners: Points) -> Warp:
    """The sheet's corners, clockwise from the top left, go to ``corners`` (4, 2) of an image of the same size."""
    sheet = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(sheet, np.asarray(corners, np.float32))
    return Warp(np.asarray(matrix, np.float64), (width, height))


def draw_perspective(rng: np.random.Generator, width: int, height: int, amount: float) -> Warp:
    """A photo of a sheet from a little aside: every corner moved inwards by up to 8% of the sides at amount 1."""
    inwards = rng.uniform(0, 0.08 * amount, (4, 2)) * (width, height)
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    sheet = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    return perspective(width, height, sheet + inwards * signs)


def draw_bends(rng: np.random.Generator, width: int, height: int, amount: float) -> tuple[Wave | Curl, ...]:
    """A curl into a spine, or a few long waves of up to about 1% of the page."""
    if rng.uniform() < 0.4:
        spine = 0.0 if rng.uniform() < 0.5 else float(width)
        reach = width * rng.uniform(0.12, 0.4)
        return (Curl(spine, float(rng.uniform(-0.12, 0.12) * amount * reach), reach),)
    waves = []
    for _ in range(int(rng.integers(1, 4))):
        length = max(width, height) * rng.uniform(0.3, 1.3)
        direction, frequency = rng.uniform(0, 2 * np.pi), 2 * np.pi / length
        shift = length * 0.014 * amount * rng.uniform(-1, 1, 2) * (0.5, 1)
        wave = (float(frequency * np.cos(direction)), float(frequency * np.sin(direction)))
        waves.append(Wave((float(shift[0]), float(shift[1])), wave, float(rng.uniform(0, 2 * np.pi))))
    return tuple(waves)


def then(first: Warp, second: Warp) -> Warp:
    """One warp after another; only the last may bend."""
    if first.bends:
        raise ValueError("a bend must come last: put it into the second warp")
    return Warp(second.matrix @ first.matrix, second.size, second.bends)
