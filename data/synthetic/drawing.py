"""Ink on a sheet that is not text: rules, boxes, pictures, logos, barcodes, signatures, charts.

A detector must stay silent there.
"""

from __future__ import annotations

import cv2
import numpy as np

from ocr.data.synthetic import marks, textures
from ocr.data.synthetic.sheet import BLACK, Colour, Sheet
from ocr.data.synthetic.textures import Image

Box = tuple[float, float, float, float]  # left, top, right, bottom in px


def rule(
    sheet: Sheet, start: tuple[float, float], stop: tuple[float, float], thickness: float = 1, colour: Colour = BLACK,
    dash: float = 0,
) -> None:  # fmt: skip
    """A straight line, dashed or dotted if ``dash`` px are given."""
    first, last = np.asarray(start), np.asarray(stop)
    width = max(1, round(thickness))
    if not dash:
        cv2.line(sheet.image, _pixel(first), _pixel(last), sheet.paint(colour), width)
        return
    count = max(1, int(np.hypot(*(last - first)) / (2 * dash)))
    for i in range(count):
        part = first + (last - first) * (i / count), first + (last - first) * ((i + 0.5) / count)
        cv2.line(sheet.image, _pixel(part[0]), _pixel(part[1]), sheet.paint(colour), width)


def dot_leader(sheet: Sheet, start: float, stop: float, y: float, size: float) -> None:
    """Dots on a level from ``start`` to ``stop``, as between a title and its page number, for type of ``size`` px."""
    for x in np.arange(start, stop, size * 0.35):
        cv2.circle(
            sheet.image, (round(float(x)), round(y)), max(1, round(size / 20)), sheet.paint(BLACK), -1, cv2.LINE_AA
        )


def frame(sheet: Sheet, box: Box, thickness: float = 1, colour: Colour = BLACK, radius: float = 0) -> None:
    """The outline of a box, its corners rounded with ``radius`` px."""
    if radius < 2:
        corners = (round(box[0]), round(box[1])), (round(box[2]), round(box[3]))
        cv2.rectangle(sheet.image, *corners, sheet.paint(colour), max(1, round(thickness)))
        return
    cv2.polylines(
        sheet.image, [_rounded(box, radius)], True, sheet.paint(colour), max(1, round(thickness)), cv2.LINE_AA
    )


def fill(sheet: Sheet, box: Box, colour: Colour, radius: float = 0) -> None:
    if radius < 2:
        cv2.rectangle(
            sheet.image, (round(box[0]), round(box[1])), (round(box[2]), round(box[3])), sheet.paint(colour), -1
        )
        return
    cv2.fillPoly(sheet.image, [_rounded(box, radius)], sheet.paint(colour), cv2.LINE_AA)


def picture(sheet: Sheet, box: Box) -> None:
    """A photo-like rectangle: clouds of grey or colour, hills and shapes, sometimes with a halftone screen."""
    left, top, right, bottom = (round(v) for v in box)
    height, width = bottom - top, right - left
    if height < 8 or width < 8:
        return
    rng = sheet.rng
    tones = _tones(rng, sheet.colour)
    clouds = np.ascontiguousarray(textures.window("mottling", rng, (height, width), float(rng.uniform(2, 8))))
    slope = np.linspace(rng.uniform(-60, 60), rng.uniform(-60, 60), height)[:, None]
    clouds = np.clip(clouds * rng.uniform(0.3, 1.2) + slope + rng.uniform(-40, 60), 0, 255).astype(np.uint8)
    image = cv2.LUT(cv2.merge([clouds] * 3), tones[None]) if sheet.colour else clouds
    for _ in range(int(rng.integers(1, 9))):
        _shape(image, rng, tones)
        if rng.uniform() < 0.6:
            image = cv2.GaussianBlur(image, (0, 0), min(height, width) * rng.uniform(0.004, 0.05))
    image = textures.add(image, textures.window("grain", rng, (height, width), 1.5), rng.uniform(0, 14))
    if not sheet.colour and rng.uniform() < 0.4:
        image = _halftone(image, rng)
    sheet.image[top:bottom, left:right] = image


def _tones(rng: np.random.Generator, colour: bool) -> Image:
    """Colours ``(256, 3)`` of a picture from dark to light: one hue or two, mostly dull."""
    if not colour:
        return np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    ends = np.sort(rng.uniform(0, 255, (2, 1)), axis=0) + rng.normal(0, rng.choice((12, 30, 60)), (2, 3))
    share = np.linspace(0, 1, 256)[:, None]
    return np.clip(ends[0] + (ends[1] - ends[0]) * share, 0, 255).astype(np.uint8)


def logo(sheet: Sheet, box: Box, colour: Colour = BLACK) -> None:
    """An emblem: discs, rings, polygons or stripes inside the box."""
    rng = sheet.rng
    middle = (round((box[0] + box[2]) / 2), round((box[1] + box[3]) / 2))
    radius = max(4, round(min(box[2] - box[0], box[3] - box[1]) / 2))
    paint = sheet.paint(colour)
    kind = int(rng.integers(4))
    if kind == 0:
        cv2.circle(sheet.image, middle, radius, paint, -1, cv2.LINE_AA)
        inner = rng.uniform(-1, 1, (int(rng.integers(3, 8)), 2)) * radius * 0.65 + middle
        cv2.fillPoly(sheet.image, [inner.astype(np.int32)], sheet.paint((255, 255, 255)), cv2.LINE_AA)
    elif kind == 1:
        for share in (1.0, 0.8, 0.45):
            cv2.circle(sheet.image, middle, max(2, int(radius * share)), paint, max(1, radius // 12), cv2.LINE_AA)
        _star(sheet, middle, radius * 0.4, int(rng.integers(4, 9)), paint)
    elif kind == 2:
        _star(sheet, middle, radius, int(rng.integers(3, 13)), paint)
    else:
        for i in range(int(rng.integers(2, 6))):
            offset = int((i - 1.5) * radius * 0.45)
            start, stop = (
                (middle[0] - radius, middle[1] + offset),
                (middle[0] + radius, middle[1] + offset - radius // 3),
            )
            cv2.line(sheet.image, start, stop, paint, max(1, radius // 6), cv2.LINE_AA)


def barcode(sheet: Sheet, box: Box) -> None:
    """Upright bars of one to four modules."""
    left, top, right, bottom = (round(v) for v in box)
    module = max(1, round((right - left) / 95))
    x = left
    while x < right:
        bar, gap = (int(n) * module for n in sheet.rng.integers(1, 5, 2))
        cv2.rectangle(sheet.image, (x, top), (min(right, x + bar) - 1, bottom), sheet.paint(BLACK), -1)
        x += bar + gap


def matrix_code(sheet: Sheet, box: Box) -> None:
    """A square code of black and white modules with the three corner marks of a QR code."""
    count = int(sheet.rng.integers(21, 42))
    side = max(1, int(min(box[2] - box[0], box[3] - box[1]) / count))
    cells = (sheet.rng.uniform(size=(count, count)) < 0.5).astype(np.uint8) * 255
    mark = np.zeros((7, 7), np.uint8)
    mark[1:6, 1:6] = 255
    mark[2:5, 2:5] = 0
    cells[:7, :7] = cells[:7, -7:] = cells[-7:, :7] = mark
    grown = np.kron(cells, np.ones((side, side), np.uint8))
    left, top = round(box[0]), round(box[1])
    window = sheet.image[top : top + grown.shape[0], left : left + grown.shape[1]]
    if window.shape[:2] == grown.shape:
        window[:] = grown[..., None] if sheet.colour else grown


def signature(sheet: Sheet, x: float, y: float, size: float, colour: Colour = (30, 30, 60)) -> None:
    """A pen's scrawl of about ``size`` px height from (x, y) rightwards, with a flourish."""
    rng = sheet.rng
    points = marks.scribble(rng, size, int(rng.integers(3, 8)))
    points *= (rng.uniform(1.2, 3.2), rng.uniform(0.6, 1.3))
    points = points @ np.array([[1, rng.uniform(-0.3, 0.05)], [rng.uniform(-0.4, 0), 1]]) + np.array([x, y])
    fixed = np.round(points * 16).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(sheet.image, [fixed], False, sheet.paint(colour), max(1, round(size / 14)), cv2.LINE_AA, 4)


def scrawl(sheet: Sheet, box: Box) -> None:
    """Handwriting-like lines that spell nothing; they are not labelled."""
    rng = sheet.rng
    size = rng.uniform(14, 34)
    y = box[1] + size
    while y < box[3]:
        points = marks.scribble(rng, size, int((box[2] - box[0]) / size * rng.uniform(0.8, 1.6)))
        points = points[points[:, 0] < box[2] - box[0]] + np.array([box[0], y])
        fixed = np.round(points * 16).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(sheet.image, [fixed], False, sheet.paint((40, 40, 80)), max(1, round(size / 16)), cv2.LINE_AA, 4)
        y += size * rng.uniform(1.4, 2)


def chart(sheet: Sheet, box: Box) -> None:
    """Axes with bars or a curve, without writing."""
    rng = sheet.rng
    left, top, right, bottom = box
    rule(sheet, (left, top), (left, bottom))
    rule(sheet, (left, bottom), (right, bottom))
    count = int(rng.integers(3, 14))
    x = np.linspace(left, right, count + 2)[1:-1]
    y = bottom - (bottom - top) * rng.uniform(0.05, 0.95, count)
    if rng.uniform() < 0.5:
        for a, b in zip(x, y, strict=True):
            shade = int(rng.integers(0, 200))
            fill(sheet, (a, b, a + (right - left) / count * 0.5, bottom), (shade, shade, shade))
        return
    points = np.stack([x, y], axis=1).round().astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(sheet.image, [points], False, sheet.paint(BLACK), int(rng.integers(1, 4)), cv2.LINE_AA)


def _pixel(point: np.ndarray) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def _rounded(box: Box, radius: float) -> np.ndarray:
    """Outline points of a box with round corners."""
    left, top, right, bottom = box
    radius = min(radius, (right - left) / 2, (bottom - top) / 2)
    arcs = []
    x, y = (left + radius, right - radius), (top + radius, bottom - radius)
    centres = ((x[1], y[1]), (x[0], y[1]), (x[0], y[0]), (x[1], y[0]))
    for quarter, centre in enumerate(centres):
        angles = np.linspace(quarter, quarter + 1, 7) * np.pi / 2
        arcs.append(np.array(centre) + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1))
    return np.concatenate(arcs).round().astype(np.int32)


def _shape(image: Image, rng: np.random.Generator, tones: Image) -> None:
    height, width = image.shape[:2]
    shade = tuple(int(v) for v in tones[int(rng.integers(256))])
    paint = shade if image.ndim == 3 else shade[0]
    kind = int(rng.integers(4))
    if kind == 0:
        centre, axes = (
            (int(rng.integers(width)), int(rng.integers(height))),
            rng.uniform(0.03, 0.35, 2) * min(width, height),
        )
        cv2.ellipse(
            image,
            centre,
            (int(axes[0]) + 1, int(axes[1]) + 1),
            float(rng.uniform(0, 180)),
            0,
            360,
            paint,
            -1,
            cv2.LINE_AA,
        )
    elif kind == 1:
        points = rng.uniform(0, 1, (int(rng.integers(3, 7)), 2)) * (width, height)
        cv2.fillPoly(image, [points.astype(np.int32)], paint, cv2.LINE_AA)
    elif kind == 2:
        knots = np.stack([np.linspace(-5, width + 5, 7), rng.uniform(0.3, 1, 7) * height], axis=1)
        ridge = np.concatenate([marks.smooth_curve(knots), [[width + 5, height], [-5, height]]])
        cv2.fillPoly(image, [ridge.astype(np.int32)], paint, cv2.LINE_AA)
    else:
        corner = rng.uniform(0, 0.8, 2) * (width, height)
        end = corner + rng.uniform(0.05, 0.5, 2) * (width, height)
        cv2.rectangle(image, _pixel(corner), _pixel(end), paint, int(rng.choice((-1, 1, 3))))


def _halftone(image: Image, rng: np.random.Generator) -> Image:
    """A printed photo: a turned dot screen compared with the grey levels."""
    height, width = image.shape
    pitch, angle = rng.uniform(3, 6), rng.uniform(0.2, 0.9)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    u, v = (x * np.cos(angle) + y * np.sin(angle)) / pitch, (y * np.cos(angle) - x * np.sin(angle)) / pitch
    screen = 127.5 + 60 * (np.cos(2 * np.pi * u) + np.cos(2 * np.pi * v))
    return np.where(image > screen, 255, 0).astype(np.uint8)


def _star(sheet: Sheet, middle: tuple[int, int], radius: float, points: int, paint: tuple[int, ...] | int) -> None:
    angles = np.arange(2 * points) * np.pi / points - np.pi / 2
    radii = np.where(np.arange(2 * points) % 2, radius * sheet.rng.uniform(0.3, 0.8), radius)
    corners = np.stack([np.cos(angles) * radii, np.sin(angles) * radii], axis=1) + middle
    cv2.fillPoly(sheet.image, [corners.round().astype(np.int32)], paint, cv2.LINE_AA)
