"""Line boxes cut into pieces where something upright divides them, on level pages and pages that lie on their side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from ocr.models.drawn_rules import SLANT
from ocr.models.two_stage.rectify import GreyImage
from ocr.polygon import FloatArray, all_side_lengths, slice_quad

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""

Parts = list[tuple[int, int]]
"""The columns, from and to, of each piece of a box that holds text."""

Divide = Callable[[Box], Parts | None]
"""The pieces of a level line's box; None: it is left as it is."""

Find = Callable[[GreyImage, float], Divide | None]
"""Looks for what divides the lines of a page (H, W), which are so many pixels high; None: there is nothing."""

LINE_HEIGHT = 20.0
"""Line height in pixels down to which pages of larger print are shrunk for it, by a whole number."""

EMPTY = 0.1
"""Pieces with ink in fewer columns than so much of a line's height are no text."""


def cut_lines(grey: GreyImage, quads: Sequence[FloatArray], find: Find) -> list[FloatArray]:
    """The lines (4, 2) of a page (H, W), or their pieces, in the same order."""
    if not len(quads):
        return []
    boxes = np.stack(quads)
    along, height = boxes[:, 1] - boxes[:, 0], float(np.median(all_side_lengths(boxes)[1]))
    level = np.abs(along[:, 1]) <= SLANT * along[:, 0]
    upright = np.abs(along[:, 0]) <= SLANT * np.abs(along[:, 1])
    pieces = [[quad] for quad in quads]
    scale = 1 / max(1, int(height / LINE_HEIGHT))
    shrunk, boxes = shrink(grey, scale), boxes * scale
    for chosen, page, placed in ((level, shrunk, boxes), (upright, shrunk.T, boxes[..., ::-1])):
        divide = find(np.ascontiguousarray(page), height * scale) if chosen.any() else None
        if divide is None:
            continue
        for i in np.flatnonzero(chosen).tolist():
            left, top, right, bottom = box = box_of(placed[i], page.shape)
            if left < right and top < bottom and (parts := divide(box)) is not None:
                pieces[i] = [slice_quad(quads[i], *span) for span in spans_of(parts, placed[i])]
    return [piece for line in pieces for piece in line]


def shrink(grey: GreyImage, scale: float) -> GreyImage:
    """The page (H, W) at a scale of at most 1."""
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    return grey if scale == 1 else np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def box_of(quad: FloatArray, shape: tuple[int, ...]) -> Box:
    """The upright box around a line (4, 2), inside a page (H, W)."""
    corners = np.clip(quad.round().astype(int), 0, shape[::-1])
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return left, top, right, bottom


def spans_of(parts: Parts, quad: FloatArray) -> list[tuple[float, float]]:
    """Columns as fractions of a line's way, in its reading direction."""
    start, way = quad[0, 0], quad[1, 0] - quad[0, 0]
    spans = [((a - start) / way, (b - start) / way) for a, b in parts]
    return spans if way > 0 else [(b, a) for a, b in reversed(spans)]


def inked_parts(ink: GreyImage, box: Box, cuts: Sequence[tuple[int, int]]) -> Parts:
    """What cuts (columns of the page, from and to) leave of a box, without the pieces that have no ink (H, W)."""
    left, top, right, bottom = box
    inked = ink[top:bottom].sum(axis=0) > 1
    edges = [left, *(edge for cut in cuts for edge in cut), right]
    parts = zip(edges[::2], edges[1::2], strict=True)
    return [(a, b) for a, b in parts if inked[a:b].sum() > EMPTY * (bottom - top)]
