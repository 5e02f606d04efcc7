"""Ink that is not text, laid over or beside text: pen strokes, rules, box edges, stamps, remains of other lines.

Effects take ``(image, rng, amount, unit)`` as those of :mod:`ocr.data.synthetic.ink` do. The page layouts draw their
own rules and boxes; these are the accidents.
"""

from __future__ import annotations

import cv2
import numpy as np

from ocr.data.synthetic.textures import Image

Colour = tuple[int, int, int]


def pen_stroke(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """A freehand curve across the text: a deletion, a tick, a signature's tail."""
    height, width = image.shape[:2]
    knots = int(rng.integers(3, 7))
    reach = min(width, int(height * rng.uniform(2, 10)))
    left = rng.uniform(-0.1, 1) * max(1, width - reach)
    x = left + np.sort(rng.uniform(0, reach, knots))
    y = (
        rng.uniform(0, height, knots)
        if rng.uniform() < 0.5
        else rng.uniform(0.2, 0.8) * height + rng.normal(0, 2, knots)
    )
    return _draw(image, smooth_curve(np.stack([x, y], axis=1)), rng, unit, amount)


def rule(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """A printed rule along the text: underline, strike-through or the line of a form; sometimes dotted."""
    height, width = image.shape[:2]
    places = (rng.uniform(0.78, 0.98), rng.uniform(0.0, 0.12), rng.uniform(0.45, 0.6))  # under, over, through
    level = height * places[int(rng.choice(3, p=(0.7, 0.2, 0.1)))]
    slope = rng.normal(0, 0.004) * width
    start, stop = (0.0, 1.0) if rng.uniform() < 0.6 else tuple(np.sort(rng.uniform(0, 1, 2)))
    points = np.array([[start * width, level - slope], [stop * width, level + slope]])
    if rng.uniform() < 0.15:
        return _dotted(image, points, rng, unit)
    return _draw(image, points, rng, unit * 0.7, amount)


def box_edges(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Sides of a table cell or form field at the border of the picture."""
    height, width = image.shape[:2]
    result = image
    for _ in range(int(rng.integers(1, 3))):
        if rng.uniform() < 0.5:
            x = rng.choice((rng.uniform(0, 0.12) * height, width - rng.uniform(0, 0.12) * height))
            points = np.array([[x, 0], [x + rng.normal(0, 0.5), height]])
        else:
            y = rng.choice((rng.uniform(0, 0.08) * height, height * rng.uniform(0.92, 1)))
            points = np.array([[0, y], [width, y + rng.normal(0, 0.5)]])
        result = _draw(result, points, rng, unit * 0.7, amount)
    return result


def stamp(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Part of a rubber stamp: circles or a tilted frame, lighter than the text."""
    height, width = image.shape[:2]
    centre = (int(rng.uniform(0, width)), int(rng.uniform(-0.5, 1.5) * height))
    layer: Image = np.full(image.shape[:2], 255, np.uint8)
    radius, thickness = int(unit * rng.uniform(16, 50)), max(1, int(unit * rng.uniform(1, 2.5)))
    level = int(rng.uniform(90, 190))
    if rng.uniform() < 0.6:
        cv2.circle(layer, centre, radius, level, thickness, cv2.LINE_AA)
        cv2.circle(layer, centre, max(1, int(radius * 0.75)), level, thickness, cv2.LINE_AA)
    else:
        frame = cv2.boxPoints((centre, (radius * 2.5, radius), float(rng.uniform(-30, 30))))
        cv2.polylines(layer, [np.round(frame).astype(np.int32)], True, level, thickness, cv2.LINE_AA)
    layer = cv2.addWeighted(layer, amount, np.full_like(layer, 255), 1 - amount, 0)
    return cv2.min(image, cv2.merge([layer] * 3) if image.ndim == 3 else layer)


def neighbour_line(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Feet of the line above or heads of the line below inside the crop, as tight leading and loose boxes give them."""
    height, width = image.shape[:2]
    depth = max(1, int(height * rng.uniform(0.04, 0.16) * (0.5 + amount / 2)))
    other = np.roll(image, int(rng.integers(width)), axis=1)
    result = image.copy()
    inset = int(height * 0.15)  # skip the empty margin of the line itself
    if rng.uniform() < 0.5:
        np.minimum(result[:depth], other[height - inset - depth : height - inset], out=result[:depth])
    else:
        np.minimum(result[-depth:], other[inset : inset + depth], out=result[-depth:])
    return result


def handwriting(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Illegible notes or a signature in pen or pencil on a page, anywhere; not text as far as labels go."""
    height, width = image.shape[:2]
    size = unit * rng.uniform(10, 40)
    left, top = rng.uniform(0, 0.8) * width, rng.uniform(0.02, 0.98) * height
    points = scribble(rng, size, int(rng.integers(5, 22))) + np.array([left, top])
    return _draw(image, points, rng, unit * 0.8, amount)


def scribble(rng: np.random.Generator, size: float, letters: int) -> np.ndarray:
    """Points ``(N, 2)`` of a running hand that spells nothing: loops of about ``size`` px from (0, 0) to the right."""
    count = letters * 3
    steps = np.cumsum(rng.uniform(0.05, 0.42, count)) * size
    heights = rng.uniform(0.05, 0.45, count) * size * np.where(np.arange(count) % 2, -1, 0.5)
    tall = rng.uniform(size=count) < 0.2
    drift = np.cumsum(rng.normal(0, 0.03, count)) * size
    heights = np.where(tall, heights * rng.uniform(1.5, 4, count), heights) + drift
    knots = np.stack([steps + rng.normal(0, 0.2, count) * size, heights], axis=1)
    return smooth_curve(knots)


def punch_holes(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Two to four holes of a ring binder near the left or the top border."""
    height, width = image.shape[:2]
    result = image.copy()
    count, radius, level = int(rng.integers(2, 5)), max(2, int(unit * rng.uniform(5, 13))), int(rng.uniform(0, 200))
    depth, middle, gap = rng.uniform(0.015, 0.05) * width, rng.uniform(0.4, 0.6), rng.uniform(0.07, 0.25)
    upright = rng.uniform() < 0.75
    for position in (np.arange(count) - (count - 1) / 2) * gap + middle:
        spot = (depth, position * height) if upright else (position * width, depth)
        cv2.circle(result, (int(spot[0]), int(spot[1])), radius, (level, level, level), -1, cv2.LINE_AA)
    return result


def smooth_curve(knots: np.ndarray, steps: int = 12) -> np.ndarray:
    """Points ``(N, 2)`` of a Catmull-Rom curve through the knots ``(K, 2)``, K at least 2."""
    padded = np.concatenate([knots[:1] * 2 - knots[1:2], knots, knots[-1:] * 2 - knots[-2:-1]])
    a, b, c, d = padded[:-3, None], padded[1:-2, None], padded[2:-1, None], padded[3:, None]
    t = np.linspace(0, 1, steps)[None, :, None]
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return curve.reshape(-1, 2)


def _draw(image: Image, points: np.ndarray, rng: np.random.Generator, unit: float, amount: float) -> Image:
    """A stroke in a grey or colour of its own, translucent: the darker of text and stroke stays."""
    layer = np.full_like(image, 255)
    thickness = max(1, round(unit * rng.uniform(0.6, 2.2)))
    level = rng.uniform(0, 140) + 60 * (1 - amount)
    colour = tuple(int(np.clip(level + shift, 0, 220)) for shift in rng.normal(0, 45, 3))
    fixed = np.round(points * 16).astype(np.int32).reshape(-1, 1, 2)  # sixteenths of a pixel
    cv2.polylines(layer, [fixed], False, colour if image.ndim == 3 else int(level), thickness, cv2.LINE_AA, 4)
    return cv2.min(image, layer)


def _dotted(image: Image, points: np.ndarray, rng: np.random.Generator, unit: float) -> Image:
    result = image.copy()
    pitch, level = max(3.0, unit * rng.uniform(2.5, 6)), int(rng.uniform(0, 120))
    for share in np.arange(0, 1, pitch / max(pitch, float(np.hypot(*(points[1] - points[0]))))):
        x, y = points[0] + (points[1] - points[0]) * share
        cv2.circle(result, (int(x), int(y)), max(0, round(unit * 0.5)), (level, level, level), -1)
    return result
