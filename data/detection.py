"""What the text detector is trained on: random crops of labelled pages, scanned or rendered, with their labels.

A crop is an image and its :class:`~ocr.document.Page`, like every labelled page; the maps the network should answer are
made of it by :mod:`ocr.models.two_stage.detector_targets`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.data.page_pool import PagePool
from ocr.data.readable import ReadableSamples
from ocr.data.sample_mix import as_mix
from ocr.data.samples import Sample
from ocr.data.tighten import tighten_page
from ocr.document import Block, Line, Page
from ocr.errors import UsageError
from ocr.polygon import as_polygon, bounds, side_lengths, transform

Image = NDArray[np.uint8]
LabelledPage = tuple[Image, Page]
PageRenderer = Callable[[np.random.Generator], LabelledPage]
"""Renders a page with exact labels: RGB (H, W, 3) and its lines."""


@dataclass(frozen=True, slots=True)
class CropConfig:
    """How crops are cut out of pages.

    Attributes:
        size: Height and width of a crop in pixels, a multiple of 32.
        line_heights: Range of the height of the crop's text lines in pixels, drawn on a logarithmic scale.
        readable: Lines lower than this many pixels become ignore regions.
        enlarge: Largest enlargement of a page.
        tilt: Standard deviation in degrees of the tilt of most crops, which is limited to 10 degrees.
        quarter_turns: Part of the crops that are turned by 90, 180 or 270 degrees.
        any_angle: Part of the crops that are turned by any angle.
        anywhere: Part of the crops that are taken anywhere on the page instead of around a line.
        invert: Part of the crops with light text on dark ground.
    """

    size: int = 576
    line_heights: tuple[float, float] = (13.0, 90.0)
    readable: float = 9.0
    enlarge: float = 2.0
    tilt: float = 2.5
    quarter_turns: float = 0.12
    any_angle: float = 0.08
    anywhere: float = 0.15
    invert: float = 0.08


@dataclass(frozen=True, slots=True)
class MixtureConfig:
    """What the crops are cut from.

    Attributes:
        rendered: Part of the crops taken from rendered pages, if there is a renderer and there are scans.
        pool: Rendered pages kept in memory.
        crops_a_page: Crops for which a rendered page stands by.
        tighten: Whether the label boxes of scans are drawn in to their ink.
    """

    rendered: float = 0.6
    pool: int = 24
    crops_a_page: int = 12
    tighten: bool = True


class DetectionCrops:
    """Crop ``index`` of an endless, reproducible series; a map-style dataset for ``torch.utils.data.DataLoader``.

    Args:
        samples: Labelled pages; those without lines are left out.
        seed: Start of the series: the same seed and index give the same crop.
        config: How crops are cut.
        renderer: Renders a labelled page of its own, to be mixed in; None for scanned pages only.
        mixture: How much of what is mixed.
        length: How many crops an epoch has.

    Raises:
        UsageError: There is nothing to cut crops from.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        seed: int = 0,
        config: CropConfig | None = None,
        renderer: PageRenderer | None = None,
        mixture: MixtureConfig | None = None,
        length: int = 1_000_000,
    ) -> None:
        self.samples = as_mix(samples).keep(has_lines)
        if not self.samples and renderer is None:
            raise UsageError(
                f"none of {len(samples)} samples has lines with polygons, which a text detector is trained on; "
                "give labelled pages or a page renderer"
            )
        self.readable = ReadableSamples(self.samples)
        self.seed, self.length = seed, length
        self.config = config or CropConfig()
        self.mixture = mixture = mixture or MixtureConfig()
        self.tightened: dict[int, Page] = {}
        self.rendered = PagePool(renderer, seed, mixture.pool, mixture.crops_a_page) if renderer else None

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> LabelledPage:
        rng = np.random.default_rng((self.seed, index))
        if self.rendered is not None and (not self.samples or rng.random() < self.mixture.rendered):
            return random_crop(*self.rendered.page(index), rng, self.config)
        image, page = random_crop(*self.scanned_page(rng), rng, self.config)
        return disturb(image, rng, self.config), page

    def scanned_page(self, rng: np.random.Generator) -> LabelledPage:
        """A scan with its label boxes drawn in to the ink, if they are to be; those are found once and kept."""
        number, image = self.readable.draw(rng)
        page = self.samples[number].page
        assert page is not None
        if self.mixture.tighten:
            if number not in self.tightened:
                self.tightened[number] = tighten_page(image, page)
            page = self.tightened[number]
        return image, page


def has_lines(sample: Sample) -> bool:
    """Whether a sample is a page with lines that count."""
    return sample.page is not None and any(not line.ignore for line in sample.page.lines)


def random_crop(image: Image, page: Page, rng: np.random.Generator, config: CropConfig) -> LabelledPage:
    """A square crop of the page at a random place, scale and angle.

    Args:
        image: The page (H, W, 3).
        page: Its labels.
        rng: Source of all choices.
        config: Ranges of the choices.

    Returns:
        The crop (size, size, 3) and the lines that reach into it, in its pixels.
    """
    lines = [line for line in page.lines if not line.ignore]
    scale, spot = 1.0, rng.uniform((0, 0), (page.width, page.height))
    if lines:
        line = lines[rng.integers(len(lines))]
        scale = draw_line_height(rng, config) / max(1.0, text_height(line))
        if rng.random() >= config.anywhere:
            left, top, right, bottom = bounds(line.polygon)
            spot = rng.uniform((left, top), (right, bottom))
    scale = min(scale, config.enlarge)
    spot = spot + rng.uniform(-0.4, 0.4, 2) * config.size / scale
    angle = draw_angle(rng, config.tilt, config.quarter_turns, config.any_angle)
    return cut(image, page, (float(spot[0]), float(spot[1])), scale, angle, config)


def draw_line_height(rng: np.random.Generator, config: CropConfig) -> float:
    low, high = np.log(config.line_heights)
    return float(np.exp(rng.triangular(low, low + 0.25 * (high - low), high)))


def draw_angle(rng: np.random.Generator, tilt: float, quarter_turns: float, any_angle: float) -> float:
    """Degrees, clockwise: small (standard deviation ``tilt``), by quarters besides, or anything, by their shares."""
    choice = rng.random()
    if choice < any_angle:
        return float(rng.uniform(-180, 180))
    small = float(np.clip(rng.normal(0, tilt), -10, 10))
    return small + 90.0 * int(rng.integers(1, 4)) if choice < any_angle + quarter_turns else small


def cut(
    image: Image, page: Page, spot: tuple[float, float], scale: float, angle: float, config: CropConfig
) -> LabelledPage:
    """The square around a spot of the page, after scaling and turning it clockwise by ``angle`` degrees."""
    size = config.size
    crop, matrix = cut_image(image, spot, scale, angle, size)
    moved = [replace(line, polygon=as_polygon(transform(line.polygon, matrix)), words=()) for line in page.lines]
    lines = tuple(mark_unreadable(line, config) for line in moved if reaches_into(line, size))
    return crop, Page(1, size, size, (Block(lines),) if lines else ())


def cut_image(
    image: Image, spot: tuple[float, float], scale: float, angle: float, size: int
) -> tuple[Image, NDArray[np.float64]]:
    """The square of ``size`` px around a spot (x, y), after scaling and turning clockwise by ``angle`` degrees.

    What lies beyond the image continues its edge. Returns the square and the affine matrix (2, 3) that brings points
    of the image to it.
    """
    full_height, full_width = image.shape[:2]
    reach = 0.75 * size / scale  # half the diagonal of the square is 0.71 of its side
    left, top = max(0, int(spot[0] - reach)), max(0, int(spot[1] - reach))
    right, bottom = min(full_width, int(spot[0] + reach) + 1), min(full_height, int(spot[1] + reach) + 1)
    left, top = min(left, full_width - 1), min(top, full_height - 1)
    part = image[top : max(bottom, top + 1), left : max(right, left + 1)]
    height, width = (max(1, round(side * scale)) for side in part.shape[:2])
    part = as_image(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC))
    resize = np.array([[width, 0, -left * width], [0, height, -top * height]], np.float64)
    resize[0] /= max(right, left + 1) - left
    resize[1] /= max(bottom, top + 1) - top
    middle = transform([spot], resize)[0]
    turn = np.asarray(cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), -angle, 1.0), np.float64)
    turn[:, 2] += size / 2 - middle
    crop = cv2.warpAffine(
        part, pixel_centred(turn), (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return as_image(crop), turn @ np.concatenate([resize, [[0, 0, 1]]])


def pixel_centred(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The affine matrix for OpenCV, whose pixel centres are whole numbers, of one in which pixels begin at them."""
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    return shifted


def corners(line: Line) -> NDArray[np.float64]:
    """Four corners of a line whose polygon may have more points."""
    points = np.asarray(line.polygon)
    half = len(points) // 2
    return points[[0, half - 1, half, -1]]


def mark_unreadable(line: Line, config: CropConfig) -> Line:
    return replace(line, ignore=True) if text_height(line) < config.readable else line


def text_height(line: Line) -> float:
    """Height in px of a line's letters: its short side, unless it is a lone 1 or colon, which is higher than wide."""
    width, height = side_lengths(corners(line))
    return height if 0 < len(line.text) < 3 else min(width, height)


def reaches_into(line: Line, size: int) -> bool:
    left, top, right, bottom = bounds(line.polygon)
    return right > 0 and bottom > 0 and left < size and top < size


def disturb(image: Image, rng: np.random.Generator, config: CropConfig) -> Image:
    """Changes of light, sharpness, noise and compression that leave the labels alone; each with some probability."""
    changed = image.astype(np.float32)
    if rng.random() < 0.6:
        contrast, brightness = rng.uniform(0.5, 1.3), rng.uniform(-40, 40)
        changed = (changed - 128) * contrast + 128 + brightness
    if rng.random() < 0.25:
        changed = changed * light_gradient(changed.shape[:2], rng)[:, :, None]
    if rng.random() < config.invert:
        changed = 255 - changed
    if rng.random() < 0.3:
        changed = np.asarray(cv2.GaussianBlur(changed, (0, 0), rng.uniform(0.4, 1.4)), np.float32)
    if rng.random() < 0.3:
        noise = rng.normal(0, rng.uniform(2, 18), changed.shape[:2]).astype(np.float32)
        changed = changed + noise[:, :, None]
    result = np.clip(changed, 0, 255).astype(np.uint8)
    if rng.random() < 0.1:
        grey = cv2.cvtColor(result, cv2.COLOR_RGB2GRAY)
        _, binary = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        result = as_image(cv2.cvtColor(binary, cv2.COLOR_GRAY2RGB))
    if rng.random() < 0.3:
        _, code = cv2.imencode(".jpg", result, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
        result = as_image(cv2.imdecode(code, cv2.IMREAD_COLOR))
    return result


def as_image(array: Any) -> Image:
    """What OpenCV returned, typed."""
    return np.asarray(array, np.uint8)


def light_gradient(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Brightness factors (H, W) that change slowly over the picture, 0.4 to 1.1."""
    knots = rng.uniform(0.4, 1.1, (3, 3)).astype(np.float32)
    return np.asarray(cv2.resize(knots, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)
