"""What lies under and over the ink: paper grain and stains, folds, the print of the back side, uneven light, shadows.

Effects take ``(image, rng, amount, unit)`` as those of :mod:`ocr.data.synthetic.ink` do.
"""

from __future__ import annotations

import cv2
import numpy as np

from ocr.data.synthetic.textures import MIDDLE, Image, TextureKind, add, window


def grain(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Grain, fibres or mottling of the sheet, as a change of brightness under and over the ink."""
    kinds: tuple[TextureKind, ...] = ("grain", "fibres", "mottling")
    kind = kinds[int(rng.integers(3))]
    zoom = float(rng.uniform(1.0, 2.5)) * max(1.0, unit)
    deviation = 2 + 11 * amount * float(rng.uniform(0.4, 1))
    return add(image, window(kind, rng, image.shape, zoom), deviation * (0.5 if kind == "fibres" else 1))


def stain(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Dark blotches of damp, grease or dirt, or the ring of a cup."""
    if rng.uniform() < 0.2:
        return _ring(image, rng, amount, unit)
    part = window("blotches", rng, image.shape, float(rng.uniform(1.0, 4.0)) * max(1.0, unit))
    table = np.clip(255 - (np.arange(256) - MIDDLE - 8) * 1.2 * amount, 105, 255).astype(np.uint8)
    return multiply(image, cv2.LUT(part, table))


def bleed_through(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """The back side shows through: the same print mirrored, moved, blurred and faint (never darker than the ink)."""
    height, width = image.shape[:2]
    back = np.roll(image[:, ::-1], (int(rng.integers(height)), int(rng.integers(width))), axis=(0, 1))
    back = cv2.GaussianBlur(back, (0, 0), unit * rng.uniform(0.6, 1.8))
    weight = amount * rng.uniform(0.08, 0.38)
    return cv2.min(image, cv2.addWeighted(back, weight, np.full_like(back, 255), 1 - weight, 0))


def fold(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """One or two creases: a thin dark (or light) line with a soft step of brightness at its side."""
    height, width = image.shape[:2]
    field = np.full((height, width), 255, np.uint8)
    for _ in range(int(rng.integers(1, 3))):
        if rng.uniform() < 0.5:
            start, stop = (0, int(rng.integers(height))), (width, int(rng.integers(height)))
        else:
            start, stop = (int(rng.integers(width)), 0), (int(rng.integers(width)), height)
        cv2.line(field, start, stop, int(255 - 110 * amount), max(1, round(unit)), cv2.LINE_AA)
    return multiply(image, cv2.GaussianBlur(field, (0, 0), 0.6 * unit + 0.4))


def uneven_light(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Brightness that changes smoothly over the picture."""
    grid = 255 - amount * rng.uniform(0, 130, (3, 4))
    return multiply(image, _spread(grid, image.shape))


def shadow(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """The shadow of a hand, a page or the fold of a book: a straight border, soft or sharp."""
    rows, columns = (24, 24) if image.shape[0] > 200 else (8, 48)
    grid: Image = np.full((rows, columns), 255, np.uint8)
    angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-0.35, 0.35)
    y, x = np.mgrid[-0.5 : 0.5 : rows * 1j, -0.5 : 0.5 : columns * 1j]
    grid[x * np.cos(angle) + y * np.sin(angle) > offset] = int(255 - amount * rng.uniform(30, 150))
    grid = cv2.GaussianBlur(grid, (0, 0), rng.uniform(0.4, columns / 6))
    return multiply(image, _spread(grid, image.shape))


def dark_border(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """The lid of a copier left open: black along one or two sides."""
    height, width = image.shape[:2]
    result = image.copy()
    for _ in range(int(rng.integers(1, 3))):
        depth = max(1, int(rng.uniform(0.002, 0.02) * min(height, width) * (0.5 + amount)))
        skew = int(rng.uniform(-1, 1) * depth)
        corners = np.array([[0, 0], [width, 0], [width, depth + skew], [0, depth - skew]])
        if rng.uniform() < 0.5:
            corners = np.array([[0, 0], [depth + skew, 0], [depth - skew, height], [0, height]])
        if rng.uniform() < 0.5:
            corners = np.array([[width, height]]) - corners
        level = int(rng.uniform(0, 70))
        cv2.fillPoly(result, [corners.astype(np.int32)], (level, level, level))
    return result


def tint(image: Image, paper: tuple[int, int, int], ink: tuple[int, int, int]) -> Image:
    """Grey ``(H, W)`` to RGB ``(H, W, 3)``: black becomes the ink's colour, white the paper's."""
    if len({*paper}) == len({*ink}) == 1:
        image = image if (paper[0], ink[0]) == (255, 0) else cv2.LUT(image, _between(ink[0], paper[0]))
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    return cv2.merge([cv2.LUT(image, _between(dark, light)) for dark, light in zip(ink, paper, strict=True)])


def _between(dark: int, light: int) -> Image:
    """Look-up table from 0 at ``dark`` to 255 at ``light``."""
    return np.linspace(dark, light, 256).round().astype(np.uint8)


def draw_colours(rng: np.random.Generator, strength: float) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Colours of paper and of black ink: white to yellowed or toned paper, black to brown or blue ink."""
    if rng.uniform() < 0.35:
        grey, black = int(255 - strength * rng.uniform(0, 60)), int(strength * rng.uniform(0, 50))
        return (grey, grey, grey), (black, black, black)
    light = 255 - strength * rng.uniform(0, 70)
    warmth = strength * rng.uniform(0, 75) if rng.uniform() < 0.8 else -strength * rng.uniform(0, 30)
    sheet = np.clip((light + 0.15 * warmth, light - 0.2 * warmth, light - warmth), 0, 255)
    inked = np.clip(strength * rng.uniform(0, 55) + rng.normal(0, 14 * strength, 3), 0, 110)
    if rng.uniform() < 0.12:  # blue, violet, green or red ribbons and pencils
        inked = np.clip(inked + strength * rng.uniform(0, 150, 3) * (rng.permutation(3) > 0), 0, 170)
    return (int(sheet[0]), int(sheet[1]), int(sheet[2])), (int(inked[0]), int(inked[1]), int(inked[2]))


def multiply(image: Image, field: Image) -> Image:
    """Image times a field ``(H, W)`` in which 255 leaves the pixel as it is."""
    return cv2.multiply(image, cv2.merge([field] * 3) if image.ndim == 3 else field, scale=1 / 255)


def _ring(image: Image, rng: np.random.Generator, amount: float, unit: float) -> Image:
    height, width = image.shape[:2]
    field = np.full((height, width), 255, np.uint8)
    centre = (int(rng.integers(width)), int(rng.integers(height)))
    radius, level = int(unit * rng.uniform(30, 130)), int(255 - 80 * amount)
    cv2.circle(field, centre, radius, level, max(1, int(unit * rng.uniform(2, 9))), cv2.LINE_AA)
    return multiply(image, cv2.GaussianBlur(field, (0, 0), unit * rng.uniform(0.6, 2)))


def _spread(grid: np.ndarray, shape: tuple[int, ...]) -> Image:
    field = cv2.resize(grid.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return cv2.convertScaleAbs(field)
