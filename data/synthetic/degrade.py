"""Photometric degradation of rendered lines and pages: nothing moves, so labels stay valid.

An image passes through stages in the order in which the world spoils print: ink, paper, accidents, light, optics,
sensor, conversion, file. At each stage at most one effect is drawn; how likely and how strong follows ``strength``:
0 returns the image as it is, 1 is hard to read for a person now and then. Lines use OpenCV on uint8 only (training
needs hundreds a second); pages use the same effects at page scale and albumentations where it has something better.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ocr.data.synthetic import camera, ink, marks, paper, scan
from ocr.data.synthetic.textures import Image
from ocr.errors import UsageError

Effect = Callable[[Image, np.random.Generator, float, float], Image]

LINE_UNIT = 1 / 32  # effects are tuned on lines 32 pixels high ...
PAGE_UNIT = 1 / 11  # ... whose x-height is about 11 pixels


@dataclass(frozen=True, slots=True)
class Stage:
    """Effects of one kind with their shares; ``probability`` is that of any of them at strength 1."""

    probability: float
    effects: tuple[tuple[Effect, float], ...]

    def apply(self, image: Image, rng: np.random.Generator, strength: float, unit: float) -> Image:
        if rng.uniform() >= self.probability * min(1.0, 1.6 * strength):
            return image
        draw = rng.uniform() * sum(share for _, share in self.effects)
        for effect, share in self.effects:
            draw -= share
            if draw < 0:
                return effect(image, rng, strength * rng.uniform(0.35, 1.0), unit)
        return image


INK = Stage(
    0.8,
    (
        (ink.bleed, 3),
        (ink.thin, 2),
        (ink.ragged, 3),
        (ink.fade, 2),
        (ink.broken, 2),
        (ink.dot_screen, 2),
        (ink.key_strength, 2),
        (ink.half_struck, 1),
        (ink.ribbon_streaks, 1),
        (ink.double_strike, 1),
    ),
)
INVERSE = Stage(0.08, ((scan.invert, 1),))
LINE_MARKS = Stage(
    0.35,
    (
        (marks.pen_stroke, 1),
        (marks.rule, 4),
        (marks.box_edges, 3),
        (marks.stamp, 2),
        (marks.neighbour_line, 6),
    ),
)
TONE = Stage(0.9, ((scan.tone, 1),))
PAPER = Stage(0.7, ((paper.grain, 5), (paper.bleed_through, 2), (paper.stain, 1), (paper.fold, 1)))
LIGHT = Stage(0.5, ((paper.uneven_light, 2), (paper.shadow, 1)))
OPTICS = Stage(
    0.75,
    (
        (scan.gaussian_blur, 4),
        (scan.low_resolution, 4),
        (scan.defocus, 1),
        (scan.motion_blur, 1),
        (scan.sharpen, 1),
    ),
)
SENSOR = Stage(0.6, ((scan.noise, 4), (scan.specks, 1), (scan.streaks, 1)))
CONVERSION = Stage(0.25, ((scan.binarise, 4), (scan.fax, 1)))
FILE = Stage(0.4, ((scan.jpeg, 1),))

PAGE_MARKS = Stage(0.3, ((marks.pen_stroke, 2), (marks.stamp, 2), (marks.handwriting, 2), (marks.punch_holes, 1)))
PAGE_PAPER = Stage(0.8, ((paper.grain, 6), (paper.bleed_through, 2), (paper.stain, 2), (paper.fold, 1)))
PAGE_LIGHT = Stage(0.5, ((paper.uneven_light, 3), (paper.shadow, 2), (paper.dark_border, 2), (camera.plasma_shadow, 1)))
PAGE_TONE = Stage(0.6, ((scan.tone, 1),))
LEVELS = Stage(0.6, ((scan.levels, 1),))
PAGE_COLOUR = Stage(
    0.4,
    (
        (camera.tone_curve, 3),
        (camera.white_balance, 3),
        (camera.colour_jitter, 2),
        (camera.sensor_noise, 1),
        (camera.local_contrast, 1),
    ),
)

LINE_STAGES = (INK, LINE_MARKS, PAPER, INVERSE, TONE, LIGHT, OPTICS, SENSOR, CONVERSION, FILE)
GREY_STAGES = (INK, PAGE_MARKS)
COLOUR_STAGES = (PAGE_PAPER, PAGE_TONE, PAGE_LIGHT, OPTICS, PAGE_COLOUR)
FILE_STAGES = (SENSOR, FILE)


def degrade_line(image: Image, rng: np.random.Generator, strength: float) -> Image:
    """A line image ``(H, W)``, grey, dark text on light, spoilt as in scans and photos; same shape, nothing moves.

    ``strength`` in [0, 1]; effects scale with the height of the image, which should hold one line of text.
    """
    _check(strength)
    unit = image.shape[0] * LINE_UNIT
    for stage in LINE_STAGES:
        image = stage.apply(image, rng, strength, unit)
    return image


def degrade_page(
    image: Image, rng: np.random.Generator, strength: float, x_height: float = 11.0, printed: bool = True
) -> Image:
    """A page, grey ``(H, W)`` or RGB ``(H, W, 3)``, dark text on light, spoilt as in scans and photos; nothing moves.

    ``strength`` in [0, 1]; ``x_height``, in pixels, is that of the page's smallest text: it bounds what gets lost.
    What was not ``printed`` (a screen) is spared the faults of ink. Returns RGB ``(H, W, 3)``. A grey
    page stays grey as long as possible, which is three times as fast.
    """
    _check(strength)
    unit = float(np.clip(x_height * PAGE_UNIT, 0.5, 3.0))
    for stage in GREY_STAGES if printed else ():
        image = stage.apply(image, rng, strength, unit)
    if image.ndim == 2:
        image = paper.tint(image, *paper.draw_colours(rng, strength))
    for stage in COLOUR_STAGES:
        image = stage.apply(image, rng, strength, unit)
    if rng.uniform() < 0.3 * min(1.0, 4 * strength):  # most scans of documents are grey or bilevel
        image = scan.drop_colour(image)
    if printed:  # automatic levels and thresholds expect dark text on light
        image = LEVELS.apply(image, rng, strength, unit)
        image = CONVERSION.apply(image, rng, strength, unit)
    for stage in FILE_STAGES:
        image = stage.apply(image, rng, strength, unit)
    return image


def _check(strength: float) -> None:
    if not 0 <= strength <= 1:
        raise UsageError(f"degradation strength {strength}: it must lie between 0 and 1")


@dataclass(frozen=True, slots=True)
class Degradation:
    """A mixture of strengths: the shares of clean (0), light, medium and strong images; they need not sum to 1."""

    clean: float = 0.15
    light: float = 0.35
    medium: float = 0.3
    strong: float = 0.2

    def draw(self, rng: np.random.Generator) -> float:
        """A strength in [0, 1] for one image."""
        ranges = ((0.0, 0.0), (0.1, 0.35), (0.35, 0.65), (0.65, 1.0))
        shares = np.array((self.clean, self.light, self.medium, self.strong))
        if shares.min() < 0 or shares.sum() <= 0:
            raise UsageError(f"degradation shares {shares.tolist()}: none may be negative and one must be above 0")
        low, high = ranges[int(rng.choice(4, p=shares / shares.sum()))]
        return float(rng.uniform(low, high))


PROFILES = {
    "clean": Degradation(1, 0, 0, 0),
    "light": Degradation(0.3, 0.7, 0, 0),
    "medium": Degradation(0.1, 0.4, 0.5, 0),
    "strong": Degradation(0, 0.1, 0.4, 0.5),
    "mixed": Degradation(),
}
