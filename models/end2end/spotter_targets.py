"""What the spotter should answer: characters to maps and lists, in NumPy without a loop over characters.

Presence is a peak on every character (CenterNet, arXiv 1904.07850), narrow along the line so that neighbours stay
apart. Everything else is asked only at the core of each peak.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.models.end2end.characters import NONE, NOT_TOLD, SLOTS, Characters, character_boxes
from ocr.models.end2end.spotter_config import CELL, TargetConfig
from ocr.models.end2end.text_lines import SeenLine, TextLine, line_arrays, see

FloatMap = NDArray[np.float32]

REFERENCE = 20.0
"""Height in px whose logarithm is 0; widths are told as shares of it as well."""

REACH = 2
"""Cells on each side of a character's own cell that its peak may cover."""

NARROWEST = 1.2
"""Smallest standard deviation of a peak in px: a third of a cell."""

LINK_END, LINK_NEXT, LINK_SPACE = 0, 1, 2
"""What follows a character: the line's end, the next character, a space and the next character."""

LINK_UNKNOWN = -100
"""Link of a character whose successor lies outside the crop or is not labelled."""


def spotter_batch(pages: Sequence[tuple[NDArray[np.uint8], Characters]], config: TargetConfig) -> dict[str, Any]:
    """Equally large page crops with their characters as the arrays of one training batch.

    Returns:
        ``images`` (N, 1, H, W) grey, 0 to 255; ``presence`` and ``weights`` (N, 1, H/4, W/4); for the P cells that
        stand for a character: ``cells`` (P, 3) page, row, column; ``geometry`` (P, 8) offset (x, y) in cells, log of
        height and width over 20 px, direction (x, y), way to the next character (x, y) in heights; ``links`` (P,);
        ``symbols`` (P, 3); ``chains`` (L, T) the cells, by their numbers among the P, of the characters of each line in
        reading order, -1 behind its last; and for lines without characters the arrays of
        :func:`ocr.models.end2end.text_lines.line_arrays`.
    """
    names = ("presence", "weights", "cells", "geometry", "links", "symbols")
    chains: list[NDArray[np.int64]] = []
    count = 0
    parts: dict[str, list[Any]] = {name: [] for name in names}
    seen: list[tuple[int, SeenLine, TextLine]] = []
    for number, (image, characters) in enumerate(pages):
        size = image.shape[0], image.shape[1]
        wanted, unwanted = readable(characters, size, config)
        presence, owners = presence_map(characters, wanted, size, config)
        rows, columns = np.nonzero((owners >= 0) & (presence >= config.core))
        owner = owners[rows, columns]
        chains += [count + chain for chain in chains_of(characters, owner, presence[rows, columns])]
        count += len(rows)
        parts["presence"].append(presence[None])
        parts["weights"].append(weight_map(unwanted, size, presence)[None])
        parts["cells"].append(np.stack([np.full_like(rows, number), rows, columns], axis=1))
        parts["geometry"].append(geometry_of(characters, owner, rows, columns))
        parts["links"].append(links_of(characters, owner, size))
        parts["symbols"].append(characters.symbols[owner])
        shown = ((line, see(line, size)) for line in characters.lines)
        seen += [(number, part, line) for line, part in shown if part is not None]
    images = np.stack([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[None] for image, _ in pages]).astype(np.float32)
    maps = {name: np.stack(parts.pop(name)).astype(np.float32) for name in ("presence", "weights")}
    lists = {name: np.concatenate(values) for name, values in parts.items()}
    return {"images": images, "chains": padded(chains)} | maps | lists | line_arrays(seen, SLOTS)


def readable(
    characters: Characters, size: tuple[int, int], config: TargetConfig
) -> tuple[NDArray[np.bool_], list[NDArray[np.float64]]]:
    """Which characters lie in the picture and have a size to be found (M,), and polygons of text to leave alone."""
    height, width = size
    centres = characters.centres
    inside = (centres >= 0).all(axis=1) & (centres[:, 0] < width) & (centres[:, 1] < height)
    low, high = config.heights
    fits = (characters.heights >= low) & (characters.heights <= high)
    unwanted = list(characters.ignored)
    unwanted += list(
        character_boxes(
            characters.centres[~fits], characters.along[~fits], characters.widths[~fits], characters.heights[~fits]
        )
    )
    return inside & fits, unwanted


def presence_map(
    characters: Characters, wanted: NDArray[np.bool_], size: tuple[int, int], config: TargetConfig
) -> tuple[FloatMap, NDArray[np.intp]]:
    """Peaks (H/4, W/4), 1 at each wanted character's own cell, and the character each cell belongs to (-1: none)."""
    rows, columns = size[0] // CELL, size[1] // CELL
    presence, owners = np.zeros((rows, columns), np.float32), np.full((rows, columns), -1, np.intp)
    index = np.flatnonzero(wanted)
    if len(index) == 0:
        return presence, owners
    centres = characters.centres[index] / CELL  # (K, 2) in cells
    own = np.floor(centres).astype(np.intp)
    steps = np.stack(np.meshgrid(*[np.arange(-REACH, REACH + 1)] * 2), axis=-1).reshape(-1, 2)  # (25, 2) x, y
    cells = own[:, None] + steps  # (K, 25, 2)
    way = (cells + 0.5 - centres[:, None]) * CELL  # px
    along = characters.along[index]
    forward = (way * along[:, None]).sum(axis=2)
    aside = way[..., 1] * along[:, None, 0] - way[..., 0] * along[:, None, 1]
    spread = np.maximum(config.along * characters.widths[index], NARROWEST)[:, None]
    breadth = np.maximum(config.across * characters.heights[index], NARROWEST)[:, None]
    value = np.minimum(np.exp(-0.5 * ((forward / spread) ** 2 + (aside / breadth) ** 2)), 0.99)
    value[:, (steps == 0).all(axis=1)] = 1.0
    inside = (cells >= 0).all(axis=2) & (cells[..., 0] < columns) & (cells[..., 1] < rows)
    order = np.argsort(value[inside], kind="stable")  # the highest value is written last and stays
    x, y = cells[inside][order].T
    presence[y, x] = value[inside][order]
    owners[y, x] = np.broadcast_to(index[:, None], value.shape)[inside][order]
    return presence, owners


def weight_map(unwanted: list[NDArray[np.float64]], size: tuple[int, int], presence: FloatMap) -> FloatMap:
    """1, but 0 on text that is neither wanted nor punished, unless a wanted character's peak lies there."""
    rows, columns = size[0] // CELL, size[1] // CELL
    blank = np.zeros((rows, columns), np.uint8)
    for polygon in unwanted:
        cv2.fillPoly(blank, [np.round(polygon / CELL - 0.5).astype(np.int32)], 1)
    return np.where((blank > 0) & (presence < 0.5), np.float32(0), np.float32(1))


def geometry_of(
    characters: Characters, owner: NDArray[np.intp], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> FloatMap:
    """What the cells (P,) should say about the place and shape of their characters: (P, 8)."""
    centres, heights = characters.centres[owner], characters.heights[owner]
    offset = centres / CELL - np.stack([columns, rows], axis=1) - 0.5
    following = characters.following[owner]
    way = (characters.centres[following] - centres) / heights[:, None]
    sizes = np.log(np.stack([heights, characters.widths[owner]], axis=1) / REFERENCE)
    return np.concatenate([offset, sizes, characters.along[owner], way], axis=1).astype(np.float32)


def chains_of(characters: Characters, owner: NDArray[np.intp], presence: FloatMap) -> list[NDArray[np.int64]]:
    """For each line the surest cell of each of its characters, in reading order: numbers among the cells (P,)."""
    order = np.argsort(-presence, kind="stable")
    shown, first = np.unique(owner[order], return_index=True)  # characters lie in reading order of their lines
    if len(shown) == 0:
        return []
    before = np.arange(len(characters.following)) - 1
    line = np.cumsum(characters.following[before] != before + 1)  # the first character of all begins a line
    return [part.astype(np.int64) for part in np.split(order[first], np.flatnonzero(np.diff(line[shown])) + 1)]


def padded(chains: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Chains of different length as one array (L, T), -1 behind their last."""
    lengths = np.array([len(chain) for chain in chains], np.intp)
    array = np.full((len(chains), lengths.max(initial=0)), -1, np.int64)
    array[np.arange(array.shape[1]) < lengths[:, None]] = np.concatenate([np.zeros(0, np.int64), *chains])
    return array


def links_of(characters: Characters, owner: NDArray[np.intp], size: tuple[int, int]) -> NDArray[np.int64]:
    """What follows the characters of the cells (P,)."""
    following = characters.following[owner]
    links = np.where(characters.spaced[owner], LINK_SPACE, LINK_NEXT)
    ahead = characters.centres[following]
    outside = (ahead < 0).any(axis=1) | (ahead[:, 0] >= size[1]) | (ahead[:, 1] >= size[0])
    links[outside] = LINK_UNKNOWN
    links[following == NONE] = LINK_END
    links[following == NOT_TOLD] = LINK_UNKNOWN
    return links.astype(np.int64)
