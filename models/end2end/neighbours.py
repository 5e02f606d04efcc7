"""Which characters stand near each other, and how far along and across their reading directions; in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ocr.polygon import FloatArray

Indices = NDArray[np.intp]


def local_distance(centres: FloatArray, along: FloatArray, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Way from centres of characters (K, 2) to points (K, 2): along their reading directions (K, 2) and across them."""
    (x, y), (right, down) = (points - centres).T, along.T
    return x * right + y * down, y * right - x * down


def near_pairs(points: FloatArray, others: FloatArray, reach: float) -> tuple[Indices, Indices]:
    """Indices (K,), (K,) of all pairs of a point and another at most ``reach`` px apart in x and y, and some further.

    A grid of squares of that size makes it linear in the number of points, if they do not crowd.
    """
    squares, other_squares = (np.floor(p / reach).astype(np.int64) + 1 for p in (points, others))
    stride = int(max(squares[:, 1].max(initial=0), other_squares[:, 1].max(initial=0))) + 3
    other_keys = other_squares[:, 0] * stride + other_squares[:, 1]
    order = np.argsort(other_keys, kind="stable")
    keys = other_keys[order]
    firsts, seconds = [], []
    for step in (-stride, 0, stride):  # the three squares above each other in a column are neighbours in the order
        wanted = squares[:, 0] * stride + squares[:, 1] + step
        start, stop = np.searchsorted(keys, wanted - 1), np.searchsorted(keys, wanted + 1, side="right")
        counts = stop - start
        firsts.append(np.repeat(np.arange(len(points)), counts))
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        seconds.append(order[np.repeat(start, counts) + offsets])
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    apart = first != second if points is others else np.ones(len(first), np.bool_)
    return first[apart], second[apart]
