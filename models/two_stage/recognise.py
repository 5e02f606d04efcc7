"""Reading line images: batches of equal width, long lines in pieces, logits to characters.

The network comes as a function, so that torch and ONNX Runtime share everything else. A line is always padded to the
same width, whatever it is batched with, so batching does not change what is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ocr.data.line_padding import pad_lines, padded_width
from ocr.models.codec import Alphabet
from ocr.models.two_stage.reading_config import ReadingConfig
from ocr.models.two_stage.recognizer_decode import DecodedChar, decode_line
from ocr.models.two_stage.rectify import GreyImage

Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Line images (N, 1, height, W) float32 0..255 to logits (N, W/4, classes)."""

TOKEN = 4
"""Pixels of line width for each token."""


def recognise_lines(
    images: Sequence[GreyImage], network: Network, alphabet: Alphabet, reading: ReadingConfig
) -> list[list[DecodedChar]]:
    """The characters of each line image (height, W); their places count tokens of 4 px from the image's left edge."""
    return [decode_line(logits, alphabet) for logits in line_logits(images, network, alphabet, reading)]


def line_logits(
    images: Sequence[GreyImage], network: Network, alphabet: Alphabet, reading: ReadingConfig
) -> list[NDArray[np.float32]]:
    """Logits (W/4, classes) of each line image (height, W), with ``reading.space`` added to those of spaces; those of
    long lines are joined from overlapping pieces."""
    pieces = [(i, start, stop) for i, image in enumerate(images) for start, stop in _cut(image.shape[1], reading)]
    logits = _run([images[i][:, start:stop] for i, start, stop in pieces], network, reading)
    joined: list[list[NDArray[np.float32]]] = [[] for _ in images]
    for (i, start, stop), piece in zip(pieces, logits, strict=True):
        half = reading.overlap // 2 // TOKEN
        first = half if start else 0
        last = len(piece) - half if stop < images[i].shape[1] else len(piece)
        joined[i].append(piece[first:last])
    whole, spaces = [np.concatenate(parts) for parts in joined], list(alphabet.known(" "))
    for line in whole:
        line[:, spaces] += reading.space
    return whole


def _cut(width: int, reading: ReadingConfig) -> list[tuple[int, int]]:
    """Start and stop of the pieces a line of this width is read in; all but the last stop at multiples of a token."""
    if width <= reading.chunk:
        return [(0, width)]
    step = reading.chunk - reading.overlap
    starts = list(range(0, width - reading.overlap, step))
    return [(start, min(start + reading.chunk, width)) for start in starts]


def _run(images: Sequence[GreyImage], network: Network, reading: ReadingConfig) -> list[NDArray[np.float32]]:
    """Logits (W/4, classes) of each image, run in batches of equal padded width."""
    results: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(images)
    buckets: dict[int, list[int]] = {}
    for i, image in enumerate(images):
        buckets.setdefault(padded_width(image.shape[1]), []).append(i)
    for width, members in sorted(buckets.items()):
        size = max(1, reading.batch_pixels // width)
        for first in range(0, len(members), size):
            group = members[first : first + size]
            for i, line in zip(group, network(pad_lines([images[i] for i in group], width)), strict=True):
                results[i] = line[: -(-images[i].shape[1] // TOKEN)]
    return results
