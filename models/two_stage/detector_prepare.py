"""From a page to the detector's input: grey, resized and padded; larger where the text is small."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.models.interface import Image
from ocr.models.page_tiles import INPUT_MULTIPLE
from ocr.models.two_stage.detector_config import PrepareConfig
from ocr.polygon import FloatArray, side_lengths

FloatMap = NDArray[np.float32]


def first_scale(page_size: tuple[int, int], prepare: PrepareConfig) -> float:
    """Network pixels for each page pixel at the first look: a fixed area, so that usual pages cost the same."""
    scale = math.sqrt(prepare.pixels / (page_size[0] * page_size[1]))
    return min(prepare.enlarge, max(prepare.farthest, scale))


def second_scale(scale: float, quads: list[FloatArray], prepare: PrepareConfig) -> float | None:
    """The scale at which the smaller lines of the first look are tall enough; None if they were already.

    Args:
        scale: Scale of the first look.
        quads: Line boxes (4, 2) of the first look in page pixels.
    """
    if not quads:
        return None
    heights = np.array([min(side_lengths(quad)) for quad in quads]) * scale
    small = float(np.quantile(heights, prepare.small_part))
    if small >= prepare.line_height:
        return None
    wanted = min(prepare.enlarge, scale * prepare.line_height / small)
    return wanted if wanted > 1.1 * scale else None


def prepare_page(image: Image, scale: float) -> FloatMap:
    """A page (H, W, 3) RGB as the network's input (1, 1, h, w), grey 0 to 255, resized by ``scale``.

    The right and lower edges are continued up to multiples of 32 pixels, so coordinates keep their origin.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    width, height = (max(1, round(side * scale)) for side in (image.shape[1], image.shape[0]))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    grey = cv2.resize(grey, (width, height), interpolation=interpolation)
    below, right = -height % INPUT_MULTIPLE, -width % INPUT_MULTIPLE
    grey = cv2.copyMakeBorder(grey, 0, below, 0, right, cv2.BORDER_REPLICATE)
    return grey[None, None].astype(np.float32)
