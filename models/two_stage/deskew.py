"""Lines of pages that lie askew: the page is turned straight, and the lines are looked for once more.

The detector cuts slanted lines out less well than level ones. Only where to look changes: the boxes found are turned
back, and lines are cut out of the page as it is. A page that lies straight costs nothing but the angle of its lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from ocr.models.interface import Image
from ocr.polygon import FloatArray, transform

Found = list[FloatArray]
"""Line boxes (4, 2) in page pixels."""

AGREED = 3.0
"""Lines agree on how far the page is turned if they are no further apart than so many degrees."""

MOST = 0.7
"""Part of the length of all lines that must agree; else the page holds text in several directions."""


def detect_straight(image: Image, detect: Callable[[Image], Found], least: float) -> Found:
    """The lines of a page (H, W, 3), looked for again on the page turned straight if it lies askew by ``least`` degrees
    or more."""
    found = detect(image)
    degrees = skew(found)
    if abs(degrees) < least:
        return found
    straight, back = turned_straight(image, degrees)
    return [transform(quad, back) for quad in detect(straight)]


def skew(quads: Sequence[FloatArray]) -> float:
    """Degrees in [-45, 45], clockwise, by which lines (4, 2) run aslant to the nearest side of the page.

    The median, longer lines weighing more; 0 if they do not agree.
    """
    if not quads:
        return 0.0
    along = np.array([(quad[1] - quad[0]) + (quad[2] - quad[3]) for quad in quads])  # (N, 2)
    lengths = np.linalg.norm(along, axis=1)
    angles = (np.degrees(np.arctan2(along[:, 1], along[:, 0])) + 45) % 90 - 45
    order = np.argsort(angles)
    sums = np.cumsum(lengths[order])
    middle = float(angles[order][np.searchsorted(sums, sums[-1] / 2)])
    apart = np.abs((angles - middle + 45) % 90 - 45)
    return middle if lengths[apart <= AGREED].sum() >= MOST * lengths.sum() else 0.0


def turned_straight(image: Image, degrees: float) -> tuple[Image, FloatArray]:
    """The page turned anticlockwise on a canvas that holds all of it, and the matrix (3, 3) that leads back."""
    height, width = image.shape[:2]
    matrix = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0), (0, 0, 1)])
    corners = transform([(0, 0), (width, 0), (width, height), (0, height)], matrix)
    low, high = corners.min(axis=0), corners.max(axis=0)
    matrix[:2, 2] -= low
    size = tuple(int(side) for side in np.ceil(high - low))
    paper = tuple(float(value) for value in np.median(image[:: max(1, height // 64)].reshape(-1, 3), axis=0))
    straight = cv2.warpAffine(image, matrix[:2], size, flags=cv2.INTER_LINEAR, borderValue=paper)
    return np.asarray(straight, np.uint8), np.linalg.inv(matrix)
