"""Colour effects of cameras and scanner software on RGB pages, by albumentations.

Effects take ``(image, rng, amount, unit)`` as those of :mod:`ocr.data.synthetic.ink` do; a grey picture comes back
unchanged. albumentations draws from its own generator, seeded from ours, so the same seed gives the same bytes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from ocr.data.synthetic.textures import Image
from ocr.errors import MissingExtraError

if TYPE_CHECKING:
    import albumentations


def tone_curve(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """A random S-curve of brightness, a little different in each colour."""
    library = _albumentations()
    return _apply(library.RandomToneCurve(scale=0.14 * amount, per_channel=True, p=1), image, rng)


def white_balance(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Lamp light or daylight taken for the other."""
    return _apply(_albumentations().PlanckianJitter(temperature_limit=(4500, 9000), p=1), image, rng)


def colour_jitter(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    reach = 0.3 * amount
    span = (1 - reach, 1 + reach / 2)
    transform = _albumentations().ColorJitter(span, span, (1 - 2 * reach, 1 + 2 * reach), (-reach / 6, reach / 6), p=1)
    return _apply(transform, image, rng)


def sensor_noise(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """Noise of a camera at high ISO: coloured, stronger in the dark."""
    library = _albumentations()
    transform = library.ISONoise(color_shift=(0.01, 0.02 + 0.06 * amount), intensity=(0.1, 0.1 + 0.5 * amount), p=1)
    return _apply(transform, image, rng)


def local_contrast(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """CLAHE, as scanner software applies it: grain and bleed-through come forward."""
    return _apply(_albumentations().CLAHE(clip_limit=(1, 1 + 3 * amount), p=1), image, rng)


def plasma_shadow(image: Image, rng: np.random.Generator, amount: float, unit: float = 1.0) -> Image:
    """A cloudy shadow."""
    transform = _albumentations().PlasmaShadow(shadow_intensity_range=(0.1 * amount, 0.45 * amount), p=1)
    return _apply(transform, image, rng)


def _apply(transform: albumentations.ImageOnlyTransform, image: Image, rng: np.random.Generator) -> Image:
    if image.ndim == 2:
        return image
    transform.set_random_seed(int(rng.integers(2**31)))
    return transform(image=image)["image"]


def _albumentations():  # type: ignore[no-untyped-def]
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # or the import asks the network for a newer version
    try:
        import albumentations
    except ImportError as error:
        raise MissingExtraError("degrading colour pages", "train") from error
    return albumentations
