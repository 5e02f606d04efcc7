"""From the detector's probability map to line boxes in page pixels. NumPy and OpenCV only: shared by torch and ONNX.

The inverse of :func:`ocr.models.two_stage.detector_targets.kernel_polygon`: each connected component is the kernel of
one line; its rectangle is measured and grown back by what the kernel had lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.models.two_stage.detector_config import OUTPUT_STRIDE, DecodeConfig, KernelConfig
from ocr.polygon import FloatArray

UPSAMPLING = 2
"""The map is enlarged before it is thresholded: bilinear interpolation places edges between cells."""

VERTICAL_KERNEL = 3.0
"""Height over width from which a short kernel is running text turned by 90 degrees and not a narrow character."""


@dataclass(frozen=True, slots=True)
class Component:
    """A connected component in network pixels: its contour (K, 2), area and mean probability."""

    points: FloatArray
    area: float
    score: float


def decode_detector(
    probability: NDArray[np.floating],
    scale: float,
    page_size: tuple[int, int],
    decode: DecodeConfig,
    kernel: KernelConfig,
) -> list[tuple[FloatArray, float]]:
    """Line boxes with their scores, from top to bottom.

    Args:
        probability: Map (H/4, W/4) with values in [0, 1].
        scale: Network pixels for each page pixel.
        page_size: Height and width of the page in its own pixels; boxes are clipped to it.
        decode: Thresholds.
        kernel: The target geometry the network was trained with.

    Returns:
        Pairs of a quadrilateral (4, 2) in page pixels, clockwise from the top left of the text, and its mean
        probability. Text is taken to run within 90 degrees of the reading direction (straight down at 90): whether it
        stands on its head is for the recognizer to say.
    """
    height, width = page_size
    components = find_components(np.asarray(probability, dtype=np.float32), decode)
    direction = page_direction(components, decode)
    found = []
    for component in components:
        quad = grow(component, direction, decode, kernel)
        if min(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[3] - quad[0])) < decode.minimum_height:
            continue
        quad = np.clip(quad / scale, 0, (width, height))
        found.append((quad, component.score))
    return sorted(found, key=lambda item: (float(item[0][:, 1].min()), float(item[0][:, 0].min())))


def find_components(probability: NDArray[np.float32], decode: DecodeConfig) -> list[Component]:
    """Connected regions above the threshold whose mean probability reaches the minimum score."""
    fine = cv2.resize(probability, None, fx=UPSAMPLING, fy=UPSAMPLING, interpolation=cv2.INTER_LINEAR)
    pixel = OUTPUT_STRIDE / UPSAMPLING
    count, labels, statistics, _ = cv2.connectedComponentsWithStats((fine >= decode.threshold).astype(np.uint8))
    components = []
    for index in range(1, count):
        left, top, width, height, area = (int(value) for value in statistics[index])
        window = slice(top, top + height), slice(left, left + width)
        mask = labels[window] == index
        score = float(fine[window][mask].mean())
        if score < decode.minimum_score:
            continue
        contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        outline = np.concatenate(contours).reshape(-1, 2).astype(np.float64)
        centres = outline + np.array([left + 0.5, top + 0.5])
        components.append(Component(centres * pixel, area * pixel * pixel, score))
    return components


def page_direction(components: list[Component], decode: DecodeConfig) -> float:
    """Angle in radians of most text: the mean over clearly long components, weighted by length; 0 without any."""
    total = np.zeros(2)
    for component in components:
        angle, long, short = measure(component.points)
        if long >= decode.clear_aspect * 2 * short:
            total += long * np.array([np.cos(2 * angle), np.sin(2 * angle)])  # doubled: 180 degrees apart is equal
    return float(np.arctan2(total[1], total[0]) / 2) if total.any() else 0.0


def measure(points: FloatArray) -> tuple[float, float, float]:
    """Angle of the long side in (-pi/2, pi/2] and both sides of the smallest rectangle around these pixels."""
    corners = cv2.boxPoints(cv2.minAreaRect(points.astype(np.float32).reshape(-1, 1, 2))).astype(np.float64)
    first, second = corners[1] - corners[0], corners[2] - corners[1]
    lengths = np.linalg.norm(first), np.linalg.norm(second)
    along = first if lengths[0] >= lengths[1] else second
    pixel = OUTPUT_STRIDE / UPSAMPLING
    angle = float(np.arctan2(along[1], along[0])) if along.any() else 0.0
    if angle <= -np.pi / 2:
        angle += np.pi
    elif angle > np.pi / 2:
        angle -= np.pi
    return angle, float(max(lengths)) + pixel, float(min(lengths)) + pixel


def grow(component: Component, direction: float, decode: DecodeConfig, kernel: KernelConfig) -> FloatArray:
    """The line's quadrilateral (4, 2) in network pixels."""
    angle, long, short = measure(component.points)
    if long * kernel.height < decode.clear_aspect * short:  # too short to tell its own direction
        angle = direction
        left, top, right, bottom = extent(component.points, angle)
        if bottom - top > VERTICAL_KERNEL * (right - left):
            angle = angle + np.pi / 2 if angle <= 0 else angle - np.pi / 2
    left, top, right, bottom = extent(component.points, angle)
    # The area tells how thick the kernel is; what its rectangle has beyond that and ragged edges is the line's bend.
    thickness = min(bottom - top, component.area / (right - left))
    bend = max(0.0, bottom - top - thickness - OUTPUT_STRIDE / UPSAMPLING)
    line_height = thickness / kernel.height
    middle, half = (top + bottom) / 2, (line_height + bend) / 2
    inset = min(kernel.inset * line_height, (right - left) / 2)
    top, bottom, left, right = middle - half, middle + half, left - inset, right + inset
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)]) @ rotation(angle)


def extent(points: FloatArray, angle: float) -> tuple[float, float, float, float]:
    """Left, top, right and bottom in axes turned by ``angle``, out to the outer edges of the pixels."""
    turned = points @ rotation(angle).T
    edge = OUTPUT_STRIDE / UPSAMPLING / 2
    (left, top), (right, bottom) = turned.min(axis=0) - edge, turned.max(axis=0) + edge
    return float(left), float(top), float(right), float(bottom)


def rotation(angle: float) -> FloatArray:
    """Matrix whose rows are the axes along and across the text."""
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
