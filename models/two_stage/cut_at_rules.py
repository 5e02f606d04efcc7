"""Lines that the detector joined across a drawn rule, cut there: cells may stand closer beside one than words do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ocr.models.drawn_rules import SLANT, Rules, find_rules
from ocr.models.two_stage.rectify import GreyImage
from ocr.polygon import FloatArray, all_side_lengths, slice_quad

EMPTY = 0.1
"""Pieces with ink in fewer columns than so much of a line's height are no text."""

Span = tuple[float, float]
"""A part of a line, as fractions of its way."""


def cut_at_rules(grey: GreyImage, quads: Sequence[FloatArray]) -> list[list[FloatArray]]:
    """The pieces (4, 2) of each line (4, 2) of a page (H, W): itself, or what lies between the rules across it and has
    ink."""
    if not len(quads):
        return []
    boxes = np.stack(quads)
    along, heights = boxes[:, 1] - boxes[:, 0], all_side_lengths(boxes)[1]
    level = np.abs(along[:, 1]) <= SLANT * along[:, 0]
    upright = np.abs(along[:, 0]) <= SLANT * np.abs(along[:, 1])
    pieces = [[quad] for quad in quads]
    for chosen, page, placed in ((level, grey, boxes), (upright, grey.T, boxes[..., ::-1])):
        rules = find_rules(np.ascontiguousarray(page), float(np.median(heights))) if chosen.any() else None
        if rules is not None:
            for i in np.flatnonzero(chosen).tolist():
                spans = free_spans(rules, placed[i])
                if spans != [(0.0, 1.0)]:
                    pieces[i] = [slice_quad(quads[i], *span) for span in spans]
    return pieces


def free_spans(rules: Rules, quad: FloatArray) -> list[Span]:
    """The parts of a level line (4, 2) between the rules across it and with ink."""
    corners = np.clip(quad.round().astype(int), 0, rules.ink.shape[::-1])
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    if left == right or top == bottom:
        return [(0.0, 1.0)]
    cuts = rules.across((left, top, right, bottom), float(bottom - top))
    if not cuts:
        return [(0.0, 1.0)]
    inked = rules.ink[top:bottom].sum(axis=0) > 1
    edges = [left, *(edge for cut in cuts for edge in cut), right]
    parts = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if inked[a:b].sum() > EMPTY * (bottom - top)]
    start, way = quad[0, 0], quad[1, 0] - quad[0, 0]
    spans = [((a - start) / way, (b - start) / way) for a, b in parts]
    return spans if way > 0 else [(b, a) for a, b in reversed(spans)]
