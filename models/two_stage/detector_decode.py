"""From the detector's probability map to line boxes in page pixels. NumPy and OpenCV only: shared by torch and ONNX.

The inverse of :func:`ocr.models.two_stage.detector_targets.kernel_polygon`: each connected component is the kernel of
one line; its rectangle is measured and grown back by what the kernel had lost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.models.two_stage.detector_config import OUTPUT_STRIDE, DecodeConfig, KernelConfig
from ocr.polygon import FloatArray

Mask = NDArray[np.bool_]

UPSAMPLING = 2
"""The map is enlarged before it is thresholded: bilinear interpolation places edges between cells."""

PIXEL = OUTPUT_STRIDE / UPSAMPLING
"""Side of a pixel of the enlarged map, in network pixels."""

SMALLEST_SEED = 8
"""Pixels of the enlarged map from which a certain part may be a line of its own."""

VERTICAL_KERNEL = 3.0
"""Height over width from which a short kernel is running text turned by 90 degrees and not a narrow character."""


@dataclass(frozen=True, slots=True)
class Component:
    """A connected component in network pixels: its contour (K, 2), area, mean probability, and what :func:`measure`
    tells of it: angle in radians, long and short side."""

    points: FloatArray
    area: float
    score: float
    angle: float
    long: float
    short: float


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
        if math.dist(quad[0], quad[3]) < decode.minimum_height:
            continue
        found.append((np.clip(quad / scale, 0, (width, height)), component.score))
    return sorted(found, key=lambda item: (float(item[0][:, 1].min()), float(item[0][:, 0].min())))


def find_components(probability: NDArray[np.float32], decode: DecodeConfig) -> list[Component]:
    """Kernels: connected regions above the threshold that reach certainty, cut where lines run together."""
    fine = cv2.resize(probability, None, fx=UPSAMPLING, fy=UPSAMPLING, interpolation=cv2.INTER_LINEAR)
    fine = np.asarray(fine, np.float32)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats((fine >= decode.threshold).astype(np.uint8))
    components = []
    for index, (left, top, width, height, _) in zip(range(1, count), statistics[1:].tolist(), strict=True):
        window = slice(top, top + height), slice(left, left + width)
        region, values = labels[window] == index, fine[window]
        if values[region].max() < decode.certain:
            continue
        for mask in split_lines(region, values, decode.levels):
            score = float(values[mask].mean())
            if score >= decode.minimum_score:
                points = outline(mask, left, top)
                area = np.count_nonzero(mask) * PIXEL * PIXEL
                components.append(Component(points, area, score, *measure(points)))
    return components


def split_lines(region: Mask, fine: NDArray[np.float32], levels: Sequence[float]) -> list[Mask]:
    """The kernels in a connected region: itself, or its parts if at some level several lie above each other."""
    for position, level in enumerate(levels):
        above = (region & (fine >= level)).view(np.uint8)
        count, seeds, statistics, _ = cv2.connectedComponentsWithStats(above)
        if count < 3:  # one part, and what is around it
            continue
        kept = (np.flatnonzero(statistics[1:, cv2.CC_STAT_AREA] >= SMALLEST_SEED) + 1).tolist()
        if len(kept) > 1 and are_stacked([part_outline(seeds, i, statistics[i].tolist()) for i in kept]):
            parts = nearest_parts(region, np.isin(seeds, kept))
            return [line for part in parts for line in split_lines(part, fine, levels[position + 1 :])]
    return [region]


def nearest_parts(region: Mask, seeds: Mask) -> list[Mask]:
    """The region divided among connected seeds by which of them is nearest."""
    away = np.where(seeds, 0, 1).astype(np.uint8)
    _, nearest = cv2.distanceTransformWithLabels(away, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP)
    return [region & (nearest == label) for label in np.unique(nearest[seeds])]


def are_stacked(outlines: list[FloatArray]) -> bool:
    """Whether two of the outlines lie above each other, in the direction of the longest one, as two lines do.

    The words of one line lie beside each other.
    """
    angle, _, _ = max((measure(points) for points in outlines), key=lambda measured: measured[1])
    spans = sorted(extent(points, angle)[::2] for points in outlines)
    for index, (left, right) in enumerate(spans):
        for other_left, other_right in spans[index + 1 :]:
            if min(right, other_right) - other_left > min(right - left, other_right - other_left) / 2:
                return True
    return False


def outline(mask: Mask, left: int, top: int) -> FloatArray:
    """Centres (K, 2) of the outer pixels of a mask at ``left`` and ``top`` of the enlarged map, in network pixels."""
    contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    points = np.concatenate(contours).reshape(-1, 2).astype(np.float64)
    return (points + np.array([left + 0.5, top + 0.5])) * PIXEL


def part_outline(labels: NDArray[np.int32], index: int, statistics: Sequence[int]) -> FloatArray:
    """The outline of a labelled part, of which OpenCV's ``statistics`` say where it is."""
    left, top, width, height = statistics[:4]
    return outline(labels[top : top + height, left : left + width] == index, left, top)


def page_direction(components: list[Component], decode: DecodeConfig) -> float:
    """Angle in radians of most text: the mean over clearly long components, weighted by length; 0 without any."""
    total = np.zeros(2)
    for component in components:
        if component.long >= decode.clear_aspect * 2 * component.short:
            doubled = 2 * component.angle  # 180 degrees apart is equal
            total += component.long * np.array([math.cos(doubled), math.sin(doubled)])
    return float(np.arctan2(total[1], total[0]) / 2) if total.any() else 0.0


def measure(points: FloatArray) -> tuple[float, float, float]:
    """Angle of the long side in (-pi/2, pi/2] and both sides of the smallest rectangle around these pixels."""
    rectangle = cv2.minAreaRect(points.astype(np.float32).reshape(-1, 1, 2))
    (ax, ay), (bx, by), (cx, cy), _ = cv2.boxPoints(rectangle).tolist()  # a few floats: quicker than arrays
    sides = (bx - ax, by - ay), (cx - bx, cy - by)
    short, long = sorted(math.hypot(*side) for side in sides)
    x, y = max(sides, key=lambda side: math.hypot(*side))
    angle = math.atan2(y, x)
    if angle <= -math.pi / 2:
        angle += math.pi
    elif angle > math.pi / 2:
        angle -= math.pi
    return angle, long + PIXEL, short + PIXEL


def grow(component: Component, direction: float, decode: DecodeConfig, kernel: KernelConfig) -> FloatArray:
    """The line's quadrilateral (4, 2) in network pixels."""
    angle = component.angle
    if component.long * kernel.height < decode.clear_aspect * component.short:  # too short to tell its own direction
        angle = direction
        left, top, right, bottom = extent(component.points, angle)
        if bottom - top > VERTICAL_KERNEL * (right - left):
            angle = angle + np.pi / 2 if angle <= 0 else angle - np.pi / 2
    left, top, right, bottom = extent(component.points, angle)
    # The area tells how thick the kernel is; what its rectangle has beyond that and ragged edges is the line's bend.
    thickness = min(bottom - top, component.area / (right - left))
    bend = max(0.0, bottom - top - thickness - PIXEL)
    line_height = thickness / kernel.height
    middle, half = (top + bottom) / 2, (line_height + bend) / 2
    inset = min(kernel.inset * line_height, (right - left) * kernel.narrow / (1 - 2 * kernel.narrow))
    top, bottom, left, right = middle - half, middle + half, left - inset, right + inset
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)]) @ rotation(angle)


def extent(points: FloatArray, angle: float) -> tuple[float, float, float, float]:
    """Left, top, right and bottom in axes turned by ``angle``, out to the outer edges of the pixels."""
    turned = points @ rotation(angle).T
    edge = PIXEL / 2
    (left, top), (right, bottom) = turned.min(axis=0) - edge, turned.max(axis=0) + edge
    return float(left), float(top), float(right), float(bottom)


def rotation(angle: float) -> FloatArray:
    """Matrix whose rows are the axes along and across the text."""
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[cosine, sine], [-sine, cosine]])
