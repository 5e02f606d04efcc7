"""How networks that look at whole pages see large ones: in overlapping tiles, of which the inner parts are kept."""

from __future__ import annotations

import math

INPUT_MULTIPLE = 32
"""Height and width of such a network's input are multiples of this many pixels."""


def tiles(length: int, largest: int, overlap: int) -> list[tuple[int, int, int, int]]:
    """How one side of the network's input is cut into tiles.

    Args:
        length: Length of the side in pixels, a multiple of 32.
        largest: Longest side of a tile.
        overlap: Overlap of neighbouring tiles.

    Returns:
        For each tile its start and stop, and start and stop of the part that is kept of it (up to the middle of the
        overlaps); all multiples of 32.
    """
    count = max(1, math.ceil((length - overlap) / (largest - overlap)))
    cells = length // INPUT_MULTIPLE
    size = min(cells, math.ceil((cells + (count - 1) * overlap / INPUT_MULTIPLE) / count))
    starts = [round(index * (cells - size) / max(1, count - 1)) for index in range(count)]
    borders = [0] + [(starts[i] + starts[i - 1] + size) // 2 for i in range(1, count)] + [cells]
    return [
        tuple(value * INPUT_MULTIPLE for value in (start, start + size, borders[i], borders[i + 1]))  # type: ignore[misc]
        for i, start in enumerate(starts)
    ]
