"""Cached random textures: white noise, paper grain, fibres, mottling. Effects cut windows out of them.

Drawing fresh normal noise for every line costs more than all the other effects together; a random window of a fixed
texture, flipped at random, is as good for training and costs a copy. The textures come from a fixed seed, so the same
generator state always gives the same bytes.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]  # always uint8; Any, since the stubs of cv2 return a wider type than they take
TextureKind = Literal["noise", "grain", "fibres", "mottling", "blotches"]

SIZE = 1024  # texels a side
MIDDLE = 128.0  # grey level that changes nothing
DEVIATION = 32.0  # standard deviation of every texture, in grey levels


@cache
def texture(kind: TextureKind) -> Image:
    """The texture ``(1024, 1024)``: mean 128, standard deviation 32, periodic up to a faint seam."""
    rng = np.random.default_rng(20240501)
    noise: NDArray[Any] = rng.standard_normal((SIZE, SIZE), dtype=np.float32)
    if kind == "grain":
        noise = cv2.GaussianBlur(noise, (0, 0), 1.1) + 0.15 * _clouds(rng, (64, 128))
    elif kind == "fibres":
        along, across = cv2.blur(noise, (23, 1)), cv2.blur(rng.permutation(noise.ravel()).reshape(SIZE, SIZE), (1, 23))
        noise = cv2.GaussianBlur(np.maximum(along, across), (0, 0), 0.7)
    elif kind == "mottling":
        noise = _clouds(rng, (16, 32, 64, 128))
    elif kind == "blotches":
        noise = np.maximum(_clouds(rng, (4, 8, 16)), 0.4) ** 2
    noise = (noise - noise.mean()) / noise.std()
    result = np.clip(noise * DEVIATION + MIDDLE, 0, 255).round().astype(np.uint8)
    result.setflags(write=False)  # windows are views: nobody may draw on the cache
    return result


def window(kind: TextureKind, rng: np.random.Generator, shape: tuple[int, ...], zoom: float = 1.0) -> Image:
    """A random part ``(height, width)`` of a texture, enlarged ``zoom`` times (1 or more), flipped at random."""
    height, width = shape[:2]
    source = texture(kind)
    rows, columns = max(2, int(np.ceil(height / zoom))), max(2, int(np.ceil(width / zoom)))
    if rows > SIZE or columns > SIZE:
        source = np.tile(source, (-(-rows // SIZE), -(-columns // SIZE)))
    top = int(rng.integers(source.shape[0] - rows + 1))
    left = int(rng.integers(source.shape[1] - columns + 1))
    flip = int(rng.integers(4))
    part = source[top : top + rows, left : left + columns][:: 1 - (flip & 2), :: 1 - 2 * (flip & 1)]
    if zoom != 1.0:
        part = cv2.resize(np.ascontiguousarray(part), (width, height), interpolation=cv2.INTER_LINEAR)
    return part


def add(image: Image, part: Image, deviation: float) -> Image:
    """``image`` plus a texture window scaled to a standard deviation in grey levels; grey or RGB."""
    if image.ndim == 3:
        part = cv2.merge([part] * 3) if part.ndim == 2 else part
    factor = deviation / DEVIATION
    return cv2.addWeighted(image, 1.0, np.ascontiguousarray(part), factor, -MIDDLE * factor)


def _clouds(rng: np.random.Generator, cells: tuple[int, ...]) -> NDArray[np.float32]:
    """Sum of smooth noises, each with so many cells a side, coarse ones stronger."""
    total = np.zeros((SIZE, SIZE), np.float32)
    for count in cells:
        grid = rng.standard_normal((count, count), dtype=np.float32)
        total += cv2.resize(grid, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC) * (cells[0] / count) ** 0.7
    return total
