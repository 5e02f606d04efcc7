"""What the detector should answer: labelled lines to maps of line cores ("kernels"), in NumPy.

:mod:`ocr.models.two_stage.detector_decode` holds the exact inverse of :func:`kernel_polygon`.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ocr.document import Line, Page
from ocr.models.interface import Image
from ocr.models.two_stage.detector_config import OUTPUT_STRIDE, KernelConfig
from ocr.polygon import FloatArray, rotated_rectangle

FloatMap = NDArray[np.float32]

SUBPIXEL_BITS = 4

SOFT_EDGE = 25
"""Coverage, of 255, from which a cell belongs to a kernel's edge."""

LONE = (1, 2)
"""Characters of a line that counts more."""

OUTLINE = 0.5
"""``cv2.fillPoly`` also paints the pixels under the outline: shapes come out this many pixels larger on each side."""


def detector_batch(pages: Sequence[tuple[Image, Page]], kernel: KernelConfig) -> dict[str, FloatMap]:
    """Equally large page crops and their labels as the arrays of one training batch.

    Returns:
        ``images`` (N, 1, H, W), grey, 0 to 255; ``kernels`` (N, 1, H/4, W/4), 0 to 1; ``weights``, as large, from 0.
    """
    images, kernels, weights = [], [], []
    for image, page in pages:
        core, weight = detector_maps(tuple(page.lines), (page.height, page.width), kernel)
        images.append(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[None].astype(np.float32))
        kernels.append(core[None])
        weights.append(weight[None])
    return {"images": np.stack(images), "kernels": np.stack(kernels), "weights": np.stack(weights)}


def detector_maps(lines: Sequence[Line], size: tuple[int, int], kernel: KernelConfig) -> tuple[FloatMap, FloatMap]:
    """Kernel map and weight map of one page.

    Args:
        lines: Labelled lines in pixels of the page; those with ``ignore`` get weight 0 over their whole area.
        size: Height and width of the page, multiples of 4.

    Returns:
        Two maps (H/4, W/4): the part of each cell that lies on a kernel, and how much the cell counts in the loss.
    """
    cores, whole, lone, ignored = (np.zeros(size, np.uint8) for _ in range(4))
    for line in lines:
        if line.ignore:
            fill(ignored, line.polygon)
        else:
            fill(whole, line.polygon)
            if len(line.text) in LONE:
                fill(lone, line.polygon)
            fill(cores, kernel_polygon(line.polygon, kernel, OUTLINE))
    cores[ignored > 0] = 0
    shape = (size[1] // OUTPUT_STRIDE, size[0] // OUTPUT_STRIDE)
    coverage = cv2.resize(cores, shape, interpolation=cv2.INTER_AREA)  # (H/4, W/4), 0 to 255
    around = (cv2.resize(whole, shape, interpolation=cv2.INTER_AREA) >= 128) & (coverage < SOFT_EDGE)
    weights = np.where(around, np.float32(kernel.gap_weight), np.float32(1))
    weights[(cv2.resize(lone, shape, interpolation=cv2.INTER_AREA) > 0) & (coverage >= SOFT_EDGE)] = kernel.lone_weight
    weights[cv2.resize(ignored, shape, interpolation=cv2.INTER_AREA) >= 128] = 0
    return coverage.astype(np.float32) / np.float32(255), weights


def kernel_polygon(polygon: ArrayLike, kernel: KernelConfig, outline: float = 0.0) -> FloatArray:
    """The core of a line: its middle band, pulled in at both ends.

    Args:
        polygon: Clockwise from the top left of the text; four corners, or an even number of points of which the first
            half runs along the top and the second half back along the bottom. Anything else is replaced by its
            smallest rectangle.
        kernel: How much is kept.
        outline: Pixels taken off all sides on top of that, for :func:`fill` to add.

    Returns:
        The kernel's points in the same order.
    """
    points = np.asarray(polygon, dtype=np.float64)
    if len(points) % 2:
        points = rotated_rectangle(points)
    half = len(points) // 2
    top, bottom = points[:half], points[half:][::-1]  # both from left to right
    middle, across = (top + bottom) / 2, (bottom - top) / 2
    steps = np.linalg.norm(np.diff(middle, axis=0), axis=1)
    height = 2 * float(np.linalg.norm(across, axis=1).mean())
    width = float(steps.sum())
    if width == 0 or height == 0:
        return points
    inset = min(min(kernel.inset * height, kernel.narrow * width) + outline, width / 2)
    middle, across = cut_ends(middle, across, inset / width)
    across = across * max(0.0, kernel.height - 2 * outline / height)
    return np.concatenate([middle - across, (middle + across)[::-1]])


def cut_ends(middle: FloatArray, across: FloatArray, part: float) -> tuple[FloatArray, FloatArray]:
    """The stretch of a centre line (K, 2) and its half heights (K, 2) from ``part`` to ``1 - part`` of its length."""
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(middle, axis=0), axis=1))])
    way /= way[-1]
    kept = np.concatenate([[part], way[(way > part) & (way < 1 - part)], [1 - part]])

    def at(values: FloatArray) -> FloatArray:
        return np.stack([np.interp(kept, way, values[:, axis]) for axis in (0, 1)], axis=1)

    return at(middle), at(across)


def fill(canvas: NDArray[np.uint8], polygon: ArrayLike) -> None:
    """Paints a polygon white; a corner at 0 is the outer edge of the first pixel."""
    points = (np.asarray(polygon, dtype=np.float64) - 0.5) * (1 << SUBPIXEL_BITS)
    cv2.fillPoly(canvas, [points.round().astype(np.int32)], 255, lineType=cv2.LINE_8, shift=SUBPIXEL_BITS)
