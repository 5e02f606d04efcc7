"""Boxes drawn around the ink of characters whose rough places in a line are known.

Rendered pages label every character with the box of its ink (:mod:`ocr.data.synthetic.sheet`). A reader only tells
about where a character stands; here the line is cut between characters where there is least ink, and every blob of ink
is given to the character it belongs to.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Boxes = NDArray[np.float64]

CONTRAST = 20.0
"""Difference of paper and ink in grey levels below which there is no ink to speak of."""

DARK = 0.35
"""Pixels count as ink from this part of the way from paper to full ink."""

SOFT = 0.3
"""Pixels of the soft edge of letters beyond it, which belong to the boxes of rendered ones."""

REACH = 0.45
"""How far a cut may move from half way between two characters, in widths of the narrower one."""

STRAIN = 0.6
"""What it costs to move a cut by the whole reach, in columns' shares of ink."""

OWN = 0.8
"""A blob with at least this part of it in one character's cell belongs to it whole; others are cut."""

SPECK = 0.0025
"""Blobs smaller than this part of a square of the line height are dirt."""

BEYOND = 0.12
"""How far letters may reach above and below the line, in line heights: accents of capitals do."""

STUB = 0.2
"""Ink that comes in from above or below and ends so near to the border, in line heights, is another line's."""

CRUMB = 0.04
"""Blobs smaller than this part of a character's largest one do not widen its box; the dot of an i is larger."""

RULE = 4.0
"""Blobs longer than this many line heights, and thin, are underlines or rules."""


def ink_mask(grey: NDArray[np.uint8], line_height: float) -> Mask | None:
    """Which pixels (H, W) of a strip with one line are ink, dark or light on the other; None without contrast."""
    strip = grey.astype(np.float32)
    middle, low, high = np.quantile(strip, (0.5, 0.005, 0.995))
    if middle - low < high - middle:
        strip = 255 - strip
    size = max(3, round(line_height) // 2 * 2 + 1)
    paper = cv2.GaussianBlur(cv2.dilate(cv2.medianBlur(strip, 3), np.ones((size, size))), (0, 0), size / 3)
    depth = np.asarray(paper - strip)
    deep = depth[depth > CONTRAST]
    return np.asarray(depth > max(DARK * float(np.quantile(deep, 0.8)), CONTRAST / 2)) if len(deep) else None


def character_boxes(ink: Mask, cells: Boxes, core: tuple[float, float], line_height: float) -> Boxes:
    """The box (N, 4) left, top, right, bottom of every character's ink in pixels of the strip; NaN where there is none.

    Args:
        ink: The strip (H, W).
        cells: About where each character begins and ends, (N, 2), in reading order; spaces have none.
        core: First and last row of the line; ink that only others reach is not its own.
        line_height: Height of the line in pixels.
    """
    ink = without_foreign_blobs(ink, core, line_height)
    limits = cut_cells(ink, cells, line_height)
    owner = np.full(ink.shape[1], -1)
    for i, (start, stop) in enumerate(np.rint(limits).astype(int).tolist()):
        owner[max(0, start) : max(0, stop)] = i
    owners = blob_owners(ink, owner, len(cells))  # (H, W)
    boxes = np.full((len(cells), 4), np.nan)
    rows, columns = np.nonzero(owners >= 0)
    order = np.argsort(owners[rows, columns], kind="stable")
    rows, columns = rows[order], columns[order]
    names, starts = np.unique(owners[rows, columns], return_index=True)
    for name, start, stop in zip(names, starts, [*starts[1:], len(rows)], strict=False):
        y, x = rows[start:stop], columns[start:stop]
        boxes[name] = x.min() - SOFT, y.min() - SOFT, x.max() + 1 + SOFT, y.max() + 1 + SOFT
    return boxes


def without_foreign_blobs(ink: Mask, core: tuple[float, float], line_height: float) -> Mask:
    """The strip without specks, rules, and what belongs to the lines above and below.

    Letters that touch those lines are cut off from them; of theirs only stubs are left, which are dropped.
    """
    first, last = core
    top, bottom = (round(first - BEYOND * line_height), round(last + BEYOND * line_height))
    top, bottom = max(0, top), min(len(ink), bottom)
    clipped = np.zeros(ink.shape, np.uint8)
    clipped[top:bottom] = ink[top:bottom]
    _, labels, stats, centres = cv2.connectedComponentsWithStats(clipped, connectivity=8)
    _, tops, widths, heights, areas = stats.T
    bottoms = tops + heights
    stub = (tops == top) & (bottoms < first + STUB * line_height)
    stub |= (bottoms == bottom) & (tops > last - STUB * line_height)
    rule = (widths > RULE * line_height) & (heights < 0.3 * line_height)
    kept = (centres[:, 1] > first) & (centres[:, 1] < last) & ~stub & ~rule
    kept &= areas >= max(2.0, SPECK * line_height**2)
    kept[0] = False
    return np.asarray(kept[labels])


def cut_cells(ink: Mask, cells: Boxes, line_height: float) -> Boxes:
    """The cells (N, 2) with the borders between neighbours moved to where the strip holds least ink."""
    columns = np.concatenate([[0.0], np.cumsum(ink.sum(axis=0) / line_height)])  # ink left of every column edge
    share = np.diff(columns)
    widths = cells[:, 1] - cells[:, 0]
    limits = cells.copy()
    limits[0, 0] -= 0.4 * widths[0]
    limits[-1, 1] += 0.4 * widths[-1]
    for i in range(len(cells) - 1):
        middle = (cells[i, 1] + cells[i + 1, 0]) / 2
        gap = max(0.0, cells[i + 1, 0] - cells[i, 1])
        reach = REACH * min(widths[i], widths[i + 1]) + gap / 2
        limits[i, 1] = limits[i + 1, 0] = _cut(share, middle, reach)
    return limits


def _cut(share: NDArray[np.float64], middle: float, reach: float) -> float:
    """The column edge near ``middle`` with least ink beside it."""
    places = np.arange(int(np.floor(middle - reach)), int(np.ceil(middle + reach)) + 1)
    places = places[(places >= 1) & (places < len(share))]
    if not len(places):
        return middle
    cost = (share[places - 1] + share[places]) / 2 + STRAIN * ((places - middle) / max(reach, 1.0)) ** 2
    return float(places[int(cost.argmin())])


def blob_owners(ink: Mask, owner: NDArray[np.int_], characters: int) -> NDArray[np.int_]:
    """For every pixel (H, W) of ink the character it belongs to, -1 for none.

    A blob that lies almost whole in one cell is not cut: the hook of an f may reach over its neighbour.
    """
    _, labels = cv2.connectedComponents(ink.astype(np.uint8), connectivity=8)
    columns = np.broadcast_to(owner, ink.shape)
    counts = np.zeros((int(labels.max()) + 1, characters + 1), np.int64)
    np.add.at(counts, (labels[ink], columns[ink] + 1), 1)
    best = counts.argmax(axis=1)
    whole = counts[np.arange(len(counts)), best] >= OWN * counts.sum(axis=1)
    kept = np.where(whole[:, None] & (np.arange(characters + 1) != best[:, None]), 0, counts)
    bare = (kept[:, 1:].sum(axis=0) == 0) & (counts[:, 1:].sum(axis=0) > 0)
    whole &= ~(counts[:, 1:][:, bare] > 0).any(axis=1)  # nobody loses all ink to a neighbour
    owners = np.where(whole[labels], best[labels] - 1, columns)
    kept = np.where(whole[:, None] & (np.arange(characters + 1) != best[:, None]), 0, counts)
    crumbs = kept < CRUMB * kept.max(axis=0)
    return np.where(ink & ~crumbs[labels, owners + 1], owners, -1)
