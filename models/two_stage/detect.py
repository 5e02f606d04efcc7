"""Finding the lines of a page: resize, network, decoding, and a closer second look where the text is small.

The network comes as a function, so that torch and ONNX Runtime share everything else.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ocr.models.interface import Image
from ocr.models.page_tiles import tiles
from ocr.models.two_stage.detector_config import OUTPUT_STRIDE, DecodeConfig, KernelConfig, PrepareConfig
from ocr.models.two_stage.detector_decode import decode_detector
from ocr.models.two_stage.detector_prepare import first_scale, prepare_page, second_scale
from ocr.polygon import FloatArray

FloatMap = NDArray[np.float32]
Network = Callable[[FloatMap], FloatMap]
"""Grey page (1, 1, H, W) float32 to logits (1, 1, H/4, W/4)."""


def detect_lines(
    image: Image, network: Network, kernel: KernelConfig, prepare: PrepareConfig, decode: DecodeConfig
) -> list[tuple[FloatArray, float]]:
    """Line boxes (4, 2) in page pixels with scores, from top to bottom; see :func:`decode_detector`."""
    size = image.shape[0], image.shape[1]
    scale = first_scale(size, prepare)
    lines = decode_detector(probability_map(image, scale, network, prepare), scale, size, decode, kernel)
    closer = second_scale(scale, [quad for quad, _ in lines], prepare)
    if closer is None:
        return lines
    return decode_detector(probability_map(image, closer, network, prepare), closer, size, decode, kernel)


def probability_map(image: Image, scale: float, network: Network, prepare: PrepareConfig) -> FloatMap:
    """Probability (H/4, W/4) over the page resized by ``scale``; large pages go through the network in tiles."""
    page = prepare_page(image, scale)
    height, width = page.shape[2:]
    logits = np.empty((height // OUTPUT_STRIDE, width // OUTPUT_STRIDE), np.float32)
    for top, bottom, kept_top, kept_bottom in tiles(height, prepare.tile, prepare.overlap):
        for left, right, kept_left, kept_right in tiles(width, prepare.tile, prepare.overlap):
            tile = network(page[:, :, top:bottom, left:right])[0, 0]
            rows = slice((kept_top - top) // OUTPUT_STRIDE, (kept_bottom - top) // OUTPUT_STRIDE)
            columns = slice((kept_left - left) // OUTPUT_STRIDE, (kept_right - left) // OUTPUT_STRIDE)
            target_rows = slice(kept_top // OUTPUT_STRIDE, kept_bottom // OUTPUT_STRIDE)
            target_columns = slice(kept_left // OUTPUT_STRIDE, kept_right // OUTPUT_STRIDE)
            logits[target_rows, target_columns] = tile[rows, columns]
    return (1 / (1 + np.exp(-logits))).astype(np.float32)
