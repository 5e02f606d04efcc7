"""Line images of one batch, padded to one width: the same in training and in reading."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WIDTH_STEP = 32
"""Line images are padded to multiples of this width in px, whatever they are batched with."""


def padded_width(width: int) -> int:
    return -(-width // WIDTH_STEP) * WIDTH_STEP


def pad_lines(images: Sequence[NDArray[np.uint8]], width: int) -> NDArray[np.float32]:
    """Images (height, w) to one array (N, 1, height, width), padded on the right with the grey of their paper."""
    batch = np.empty((len(images), 1, images[0].shape[0], width), np.float32)
    for row, image in zip(batch, images, strict=True):
        row[0, :, : image.shape[1]] = image
        row[0, :, image.shape[1] :] = padding_grey(image)
    return batch


def padding_grey(image: NDArray[np.uint8]) -> int:
    """The median of the border rows and columns, which is paper."""
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])  # of even length
    half = len(border) // 2
    middle = np.partition(border, (half - 1, half))[half - 1 : half + 1]  # np.median takes twice as long
    return int(middle.sum(dtype=np.int64)) // 2
