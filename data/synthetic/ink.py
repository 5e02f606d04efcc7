"""How ink gets onto paper badly: bleeding, fading, dot-matrix printing, worn typewriters, broken type.

Every effect takes ``(image, rng, amount)``: dark text on light, uint8, grey ``(H, W)`` or RGB ``(H, W, 3)``; ``amount``
in [0, 1]; and returns a new image of the same shape. ``unit`` is the length that effects scale with: about a tenth of
the x-height for lines (1/32 of the line's height), so that a 32-pixel and a 64-pixel line lose equally much.
"""

from __future__ import annotations

import cv2
import numpy as np

from ocr.data.synthetic.textures import DEVIATION, MIDDLE, Image, add, window


def bleed(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Ink spreads: a darker, thicker print. Mixes a minimum filter in, so that fractions of a pixel are possible."""
    spread = cv2.erode(image, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, _kernel(unit, rng)))
    return cv2.addWeighted(image, 1 - amount, spread, amount, 0)


def thin(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Strokes lose width; hairlines nearly vanish."""
    thinner = cv2.dilate(image, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, _kernel(unit, rng)))
    share = 0.75 * amount
    return cv2.addWeighted(image, 1 - share, thinner, share, 0)


def ragged(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Rough stroke edges of letterpress and toner: a blurred copy, cut at a level that wanders with a texture."""
    soft = cv2.GaussianBlur(image, (0, 0), 0.5 + 0.6 * amount * unit)
    soft = add(soft, window("grain", rng, image.shape, max(1.0, unit)), 8 + 22 * amount)
    level = rng.uniform(95, 160)
    return _ramp(soft, level, 255 / rng.uniform(50, 130))


def fade(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Worn ribbon or little toner: ink is missing in patches and weak all over."""
    patches = window("mottling", rng, image.shape, float(rng.uniform(1.0, 3.0)) * max(1.0, unit))
    loss = cv2.LUT(patches, np.clip((np.arange(256) - MIDDLE) * (2.6 * amount) + 110 * amount, 0, 225).astype(np.uint8))
    return cv2.max(image, _like(loss, image))


def broken(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Pinholes and gaps where the paper took no ink."""
    grain = window("grain", rng, image.shape, float(rng.uniform(1.0, 1.8)) * max(1.0, unit))
    level = MIDDLE + DEVIATION * (2.2 - 1.7 * amount)
    holes = cv2.LUT(grain, np.clip((np.arange(256) - level) * 9, 0, 235).astype(np.uint8))
    return cv2.max(image, _like(holes, image))


def dot_screen(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Dot-matrix print: the text is sampled on a grid and printed as round dots that may not touch."""
    height, width = image.shape[:2]
    pitch = unit * rng.uniform(1.7, 2.6)
    columns, rows = max(4, round(width / pitch)), max(4, round(height / pitch))
    cells = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
    cells = _ramp(cells, rng.uniform(150, 190), 4.0)
    sharp = 4
    dots = cv2.resize(cells, (columns * sharp, rows * sharp), interpolation=cv2.INTER_NEAREST)
    stamp = np.array([[1, 0.25, 0.25, 1], [0.25, 0, 0, 0.25], [0.25, 0, 0, 0.25], [1, 0.25, 0.25, 1]]) * 200 * amount
    screen = np.tile(stamp.astype(np.uint8), (rows, columns))
    printed = cv2.resize(cv2.max(dots, _like(screen, dots)), (width, height), interpolation=cv2.INTER_AREA)
    return cv2.addWeighted(image, 0.15, printed, 0.85, 0)


def raster_rows(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Type built of rows with ground between them: draft print of needle printers, terminals, worn thermal heads."""
    height, width = image.shape[:2]
    rows = max(4, round(height / (unit * rng.uniform(1.4, 2.6))))
    cells = cv2.resize(image, (width, rows), interpolation=cv2.INTER_AREA)
    fine = np.repeat(_ramp(cells, rng.uniform(130, 180), 3.0), 4, axis=0)
    gap = np.tile(np.array([1, 0.3 if rng.uniform() < 0.5 else 1, 0, 0]) * 255 * amount, rows).astype(np.uint8)
    fine = cv2.max(fine, _like(np.broadcast_to(gap[:, None], fine.shape[:2]), fine))
    printed = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.addWeighted(image, 0.1, printed, 0.9, 0)


def key_strength(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """A typewriter's uneven touch: vertical bands about a character wide, each printed more or less strongly."""
    width = image.shape[1]
    step = unit * rng.uniform(13, 20)
    count = int(width / step) + 2
    gains = 1 - amount * rng.uniform(0, 0.75, count) ** 1.5
    position = np.arange(width) / step + rng.uniform()
    return _scale_ink(image, gains[position.astype(np.int64)][None, :])


def half_struck(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Keys or sheet out of level: the top or the bottom of the text is weaker, changing along the line."""
    height, width = image.shape[:2]
    knots = max(2, int(width / (unit * 60)))
    grid = rng.uniform(1 - amount, 1, (2, knots)).astype(np.float32)
    grid[int(rng.integers(2))] = 1
    return _scale_ink(image, cv2.resize(grid, (width, height), interpolation=cv2.INTER_LINEAR))


def ribbon_streaks(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Horizontal weave of a dry ribbon or a worn thermal head: rows with less ink."""
    height = image.shape[0]
    gains = 1 - amount * np.clip(rng.uniform(-0.5, 0.9, height), 0, 1)
    return _scale_ink(image, gains[:, None])


def double_strike(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """A second, weaker strike beside the first, as of bold typewriting or a slipping sheet."""
    shift = np.array([[1, 0, unit * rng.uniform(-1.6, 1.6)], [0, 1, unit * rng.uniform(-0.9, 0.9)]], np.float32)
    size = (image.shape[1], image.shape[0])
    ghost = cv2.warpAffine(image, shift, size, borderMode=cv2.BORDER_CONSTANT, borderValue=(255, 255, 255))
    weight = rng.uniform(0.2, 0.8) * amount
    return cv2.min(image, cv2.addWeighted(ghost, weight, np.full_like(ghost, 255), 1 - weight, 0))


def _kernel(unit: float, rng: np.random.Generator) -> tuple[int, int]:
    sides = np.maximum(2, np.round(unit * rng.uniform(1.4, 2.8, 2))).astype(int)
    return int(sides[0]), int(sides[1])


def _ramp(image: Image, middle: float, slope: float) -> Image:
    """Grey levels stretched about ``middle`` (towards black and white) by a look-up table."""
    return cv2.LUT(image, np.clip((np.arange(256) - middle) * slope + 128, 0, 255).astype(np.uint8))


def _like(mask: Image, image: Image) -> Image:
    return cv2.merge([mask] * 3) if image.ndim == 3 else np.ascontiguousarray(mask)


def _scale_ink(image: Image, gains: np.ndarray) -> Image:
    """Darkness times gains (broadcast over (H, W)) in fixed point: 8 bits of ink by 8 bits of gain."""
    factor = np.round(gains * 256).astype(np.uint16)
    factor = factor[..., None] if image.ndim == 3 else factor
    ink = (255 - image).astype(np.uint16)
    ink *= factor
    ink >>= 8
    return 255 - ink.astype(np.uint8)
