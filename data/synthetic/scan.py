"""What camera, scanner, fax and file format do to a page: blur, lost resolution, noise, streaks, thresholds, JPEG.

Effects take ``(image, rng, amount, unit)`` as those of :mod:`ocr.data.synthetic.ink` do.
"""

from __future__ import annotations

import cv2
import numpy as np

from ocr.data.synthetic.textures import Image, add, window


def gaussian_blur(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    return cv2.GaussianBlur(image, (0, 0), 0.35 + 1.0 * amount * unit * rng.uniform(0.5, 1))


def motion_blur(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """The hand moved: an average along a short line of any direction."""
    length = max(2.0, amount * unit * rng.uniform(2.5, 5.0))
    side = int(np.ceil(length)) | 1
    kernel = np.zeros((side, side), np.float32)
    angle, middle = rng.uniform(0, np.pi), side // 2
    offset = np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
    start, stop = np.round(middle - offset).astype(int), np.round(middle + offset).astype(int)
    cv2.line(kernel, tuple(map(int, start)), tuple(map(int, stop)), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def defocus(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """An average over a disc."""
    radius = amount * unit * rng.uniform(0.8, 1.9)
    reach = max(1, int(np.ceil(radius)))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return cv2.filter2D(image, -1, disc / disc.sum(), borderType=cv2.BORDER_REPLICATE)


def low_resolution(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Made smaller and enlarged again: at most to a half, by several interpolations."""
    height, width = image.shape[:2]
    factor = 1 - amount * rng.uniform(0.25, 0.52)
    factor = max(factor, 0.4) if unit >= 1 else max(factor, 0.75)
    size = (max(4, round(width * factor)), max(4, round(height * factor)))
    downs, ups = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_NEAREST), (cv2.INTER_LINEAR, cv2.INTER_CUBIC)
    down = downs[int(rng.choice(3, p=(0.6, 0.3, 0.1)))]
    small = cv2.resize(image, size, interpolation=down)
    return cv2.resize(small, (width, height), interpolation=ups[int(rng.integers(2))])


def sharpen(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Unsharp mask of a scanner driver, with its light halos."""
    soft = cv2.GaussianBlur(image, (0, 0), unit * rng.uniform(0.8, 1.6))
    gain = amount * rng.uniform(0.4, 1.6)
    return cv2.addWeighted(image, 1 + gain, soft, -gain, 0)


def noise(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Sensor noise, white or in grains of a few pixels; the same in all colours or not."""
    deviation = 2 + 24 * amount * rng.uniform(0.3, 1)
    zoom = float(rng.choice((1.0, 1.0, 1.5, 2.0)))
    if image.ndim == 3 and rng.uniform() < 0.4:
        part = cv2.merge([np.ascontiguousarray(window("noise", rng, image.shape, zoom)) for _ in range(3)])
        return add(image, part, deviation)
    return add(image, window("noise", rng, image.shape, zoom), deviation)


def specks(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Dust: small dark and light spots, thicker than one pixel now and then."""
    height, width = image.shape[:2]
    result = image.copy()
    count = int(amount * height * width / 900 * rng.uniform(0.2, 1) / max(1.0, unit) ** 2)
    rows, columns = rng.integers(height, size=count), rng.integers(width, size=count)
    levels = np.where(rng.uniform(size=count) < 0.6, rng.integers(0, 120, count), rng.integers(180, 256, count))
    levels = levels[:, None] if image.ndim == 3 else levels
    result[rows, columns] = levels
    thick = count // 3
    below, right = np.minimum(rows[:thick] + 1, height - 1), np.minimum(columns[:thick] + 1, width - 1)
    result[below, columns[:thick]] = levels[:thick]
    result[rows[:thick], right] = levels[:thick]
    return result


def streaks(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Dirt on a scanner's glass: straight dark or light lines through the whole picture, down or across."""
    height, width = image.shape[:2]
    vertical = rng.uniform() < 0.7
    length = width if vertical else height
    offset = np.zeros(length, np.float32)
    for _ in range(int(rng.integers(1, 4 + length // 200))):
        start, thickness = int(rng.integers(length)), max(1, int(unit * rng.uniform(0.5, 2)))
        offset[start : start + thickness] += rng.uniform(-110, 70) * amount
    offset = offset[None, :] if vertical else offset[:, None]
    offset = offset[..., None] if image.ndim == 3 else offset
    return np.clip(image.astype(np.int16) + offset.astype(np.int16), 0, 255).astype(np.uint8)


def binarise(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """One bit a pixel, by a global level near Otsu's or by a local mean; sometimes after a slight blur."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image
    if rng.uniform() < 0.6:
        otsu, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        dark, light = float(grey.min()), float(grey.max())
        level = otsu + amount * rng.uniform(-0.22, 0.22) * (light - dark)
        bilevel = cv2.threshold(grey, level, 255, cv2.THRESH_BINARY)[1]
    else:
        side = int(max(7, unit * rng.uniform(14, 40))) | 1
        smooth = cv2.GaussianBlur(grey, (0, 0), 0.4 + 0.5 * unit * rng.uniform(0, 1))
        offset = float(rng.uniform(9, 16) + 1.2 * noise_level(smooth))  # or grain of the paper turns into pepper
        bilevel = cv2.adaptiveThreshold(smooth, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, side, offset)
    return cv2.merge([bilevel] * 3) if image.ndim == 3 else bilevel


def noise_level(grey: Image) -> float:
    """Deviation of the paper's grain in grey levels, robust against text: by the median of neighbour differences."""
    step = max(1, grey.shape[0] // 256)
    rows = grey[::step].astype(np.int16)
    return float(np.median(np.abs(np.diff(rows, axis=1)))) * 2.5


def fax(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Coarse rows, one bit a pixel, now and then a row repeated or lost."""
    height, width = image.shape[:2]
    coarse = 1 - amount * rng.uniform(0.1, 0.5)
    rows = max(8, round(height * coarse))
    small = binarise(cv2.resize(image, (width, rows), interpolation=cv2.INTER_AREA), rng, amount, unit)
    lost = rng.uniform(size=rows) < 0.02 * amount
    source = np.arange(rows)
    source[lost] = np.maximum(source[lost] - 1, 0)
    return cv2.resize(small[source], (width, height), interpolation=cv2.INTER_NEAREST)


def jpeg(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Written and read as JPEG of quality 95 (amount 0) to 18 (amount 1)."""
    quality = int(95 - amount * rng.uniform(30, 77))
    _, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
    decoded = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    assert decoded is not None  # it was encoded a line above
    return decoded


def tone(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Ink that is not black, paper that is not white, and a gamma between; contrast never under about 60 levels."""
    black = amount * rng.uniform(0, 120)
    white = 255 - amount * rng.uniform(0, 110)
    if white - black < 60:
        black = white - 60
    gamma = float(np.exp(rng.uniform(-0.5, 0.5) * amount))
    table = black + (white - black) * (np.arange(256) / 255) ** gamma
    return cv2.LUT(image, np.round(table).astype(np.uint8))


def levels(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Automatic levels of a scanner: most of the paper becomes white, the darkest ink black."""
    step = max(1, min(image.shape[:2]) // 300)
    sample = image[::step, ::step]
    dark, light = np.percentile(sample, (rng.uniform(0.1, 2), rng.uniform(35, 75)))
    gain = 255 / max(40.0, light - dark)
    if image.ndim == 3 and gain > 1.4:  # colours would turn garish
        image = drop_colour(image)
    table = (np.arange(256) - dark) * gain
    return cv2.LUT(image, np.clip(table, 0, 255).round().astype(np.uint8))


def invert(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Light text on dark."""
    return cv2.bitwise_not(image)


def drop_colour(image: Image) -> Image:
    """RGB to grey, still ``(H, W, 3)``."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
