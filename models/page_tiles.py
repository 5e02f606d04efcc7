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
    return divided(length, count, overlap)


def grid(height: int, width: int, side: int, overlap: int) -> tuple[int, int]:
    """Into how many rows and columns of tiles the network's input is cut so that none has a larger area than a square
    of this side, and their areas come to the least: a page a little larger than a tile is cut once, not twice."""
    most = [max(1, math.ceil(length / (side - overlap))) for length in (height, width)]
    cuts = [(rows, columns) for rows in range(1, 2 * most[0] + 1) for columns in range(1, 2 * most[1] + 1)]
    areas = {
        (rows, columns): tile_size(height, rows, overlap) * tile_size(width, columns, overlap) for rows, columns in cuts
    }
    fitting = [cut for cut in cuts if areas[cut] <= side * side]
    return min(fitting, key=lambda cut: (cut[0] * cut[1] * areas[cut], cut[0] * cut[1]))


def tile_size(length: int, count: int, overlap: int) -> int:
    """Length of each of so many tiles that overlap by at least ``overlap``, as :func:`tiles` cuts them."""
    cells = length // INPUT_MULTIPLE
    return INPUT_MULTIPLE * min(cells, math.ceil((cells + (count - 1) * overlap / INPUT_MULTIPLE) / count))


def divided(length: int, count: int, overlap: int) -> list[tuple[int, int, int, int]]:
    """What :func:`tiles` returns, for so many tiles."""
    cells, size = length // INPUT_MULTIPLE, tile_size(length, count, overlap) // INPUT_MULTIPLE
    starts = [round(index * (cells - size) / max(1, count - 1)) for index in range(count)]
    borders = [0] + [(starts[i] + starts[i - 1] + size) // 2 for i in range(1, count)] + [cells]
    return [
        tuple(value * INPUT_MULTIPLE for value in (start, start + size, borders[i], borders[i + 1]))  # type: ignore[misc]
        for i, start in enumerate(starts)
    ]
