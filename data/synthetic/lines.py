"""One line of text as an ink mask with the exact box of every character."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.data.synthetic.fonts import Face, Glyph


@dataclass(frozen=True, slots=True)
class LineStyle:
    """How glyphs are set, lengths in em: ``tracking`` is added to every advance, ``word_space`` to each space.

    ``jitter`` shifts glyphs up and down (standard deviation; a worn typewriter), ``pitch`` above 0 gives every glyph
    the same advance (dot matrix). ``stretch`` widens the finished line, as the double-width type of tills does.
    """

    tracking: float = 0.0
    word_space: float = 0.0
    jitter: float = 0.0
    pitch: float = 0.0
    stretch: float = 1.0


@dataclass(frozen=True, slots=True)
class LineInk:
    """``mask`` (H, W) uint8, 255 = ink; ``boxes`` (N, 4) left, top, right, bottom of every character's ink in px.

    ``size`` is px an em. A space has the box of its advance between ascender and descender lines. ``baseline`` is a
    row of the mask; ``ascent`` and ``descent`` are the face's metrics in px around it, so ``mask`` may be higher than
    their sum.
    """

    text: str
    size: int
    mask: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    baseline: int
    ascent: int
    descent: int

    @property
    def top(self) -> int:
        return self.baseline - self.ascent

    @property
    def bottom(self) -> int:
        return self.baseline + self.descent


def render_line(face: Face, text: str, size: int, style: LineStyle, rng: np.random.Generator) -> LineInk:
    """Set ``text`` (NFC, no line break) in ``face`` at ``size`` px an em, with a margin of 2 px around all ink."""
    sized = face.at(size)
    glyphs = [sized.glyph(character) for character in text]
    pens = _pen_positions(text, glyphs, size, style)
    lefts = np.array([round(pen) + glyph.left for pen, glyph in zip(pens, glyphs, strict=False)])
    tops = np.array([glyph.top for glyph in glyphs])
    if style.jitter:
        tops = tops + np.rint(rng.normal(0, style.jitter * size, len(glyphs))).astype(int)
    widths = np.array([glyph.mask.shape[1] for glyph in glyphs])
    heights = np.array([glyph.mask.shape[0] for glyph in glyphs])
    margin = 2
    shift_x = margin - min(0, int(lefts.min(initial=0)))
    shift_y = margin - min(0, int(tops.min(initial=0)))
    right = max(int((lefts + widths).max(initial=0)), round(pens[-1]) if len(pens) else 0)
    height = shift_y + max(sized.ascent + sized.descent, int((tops + heights).max(initial=0))) + margin
    mask = np.zeros((height, shift_x + right + margin), np.uint8)
    _stamp(mask, glyphs, lefts + shift_x, tops + shift_y)
    boxes = np.stack([lefts, tops, lefts + widths, tops + heights], axis=1).astype(np.float32)
    for i, glyph in enumerate(glyphs):
        if not glyph.mask.size:
            boxes[i] = (pens[i], 0, pens[i + 1], sized.ascent + sized.descent)
    boxes += np.array([shift_x, shift_y, shift_x, shift_y], np.float32)
    if style.stretch != 1:
        wide = max(1, round(mask.shape[1] * style.stretch))
        boxes[:, ::2] *= wide / mask.shape[1]
        mask = cv2.resize(mask, (wide, height), interpolation=cv2.INTER_AREA if style.stretch < 1 else cv2.INTER_LINEAR)
    return LineInk(text, size, mask, boxes, shift_y + sized.ascent, sized.ascent, sized.descent)


def _pen_positions(text: str, glyphs: list[Glyph], size: int, style: LineStyle) -> NDArray[np.float64]:
    """Pen position before each glyph and after the last one, in px: shape (N + 1,)."""
    if style.pitch:
        # a wide (Hangul) glyph takes two cells, as in terminals and receipts
        cells = np.array([1 + (glyph.advance > 0.75 * size) for glyph in glyphs], np.float64)
        return np.concatenate([[0.0], np.cumsum(cells * style.pitch * size)])
    advances = np.array([glyph.advance for glyph in glyphs], np.float64) + style.tracking * size
    advances += np.array([character == " " for character in text]) * (style.word_space * size)
    return np.concatenate([[0.0], np.cumsum(np.maximum(advances, 0.0))])


def _stamp(mask: NDArray[np.uint8], glyphs: list[Glyph], lefts: NDArray[np.int_], tops: NDArray[np.int_]) -> None:
    for glyph, x, y in zip(glyphs, lefts.tolist(), tops.tolist(), strict=True):
        ink = glyph.mask
        if ink.size:
            window = mask[y : y + ink.shape[0], x : x + ink.shape[1]]
            np.maximum(window, ink, out=window)
