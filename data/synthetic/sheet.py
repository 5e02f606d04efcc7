"""The sheet that layouts print on: an image and, for every line set on it, the boxes of line, words and characters."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.data.synthetic.fonts import Face
from ocr.data.synthetic.lines import LineInk, LineStyle, render_line
from ocr.data.synthetic.textures import Image

Colour = tuple[int, int, int]
Align = Literal["left", "centre", "right"]
Boxes = NDArray[np.float32]

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
PLAIN = LineStyle()


@dataclass(frozen=True, slots=True)
class Pen:
    """How text is set: ``size`` in px an em, ``leading`` (line distance) in em, ``wear`` in [0, 1] of a typewriter."""

    face: Face
    size: int
    colour: Colour = BLACK
    style: LineStyle = PLAIN
    leading: float = 1.3
    wear: float = 0.0

    @property
    def step(self) -> float:
        """Distance of baselines in px."""
        return self.size * self.leading

    def width(self, text: str) -> float:
        """Advance width of the text in px, as :func:`~ocr.data.synthetic.lines.render_line` will set it."""
        advances = _advances(self.face, self.size)
        if self.style.pitch:
            cells = sum(1 + (advances[c] > 0.75 * self.size) for c in text)
            return cells * self.style.pitch * self.size * self.style.stretch
        width = sum(map(advances.__getitem__, text)) + self.style.tracking * self.size * len(text)
        return (width + text.count(" ") * self.style.word_space * self.size) * self.style.stretch


@dataclass(frozen=True, slots=True)
class SetLine:
    """A line on the sheet. Quadrilaterals ``(…, 4, 2)`` in px, clockwise from the top left of the text.

    ``word_spans`` (W, 2) are the first and one past the last index into ``text`` of every word; ``chars`` holds one
    quadrilateral for every character of ``text``, spaces included. ``heading`` is that of its block.
    """

    text: str
    block: int
    outline: Boxes  # (4, 2)
    words: Boxes  # (W, 4, 2)
    chars: Boxes  # (N, 4, 2)
    word_spans: tuple[tuple[int, int], ...]
    x_height: float
    heading: int = 0

    @property
    def right(self) -> float:
        return float(self.outline[:, 0].max())


@dataclass(slots=True)
class Sheet:
    """An image being printed: grey ``(H, W)`` if ``colour`` is false, else RGB ``(H, W, 3)``.

    ``printed`` tells dark ink on light paper from coloured pages and screens, which ink effects would wipe.
    """

    width: int
    height: int
    rng: np.random.Generator
    colour: bool = False
    printed: bool = True
    lines: list[SetLine] = field(default_factory=list)
    block: int = 0
    heading: int = 0
    image: Image = field(init=False)

    def __post_init__(self) -> None:
        shape = (self.height, self.width, 3) if self.colour else (self.height, self.width)
        self.image = np.full(shape, 255, np.uint8)

    def new_block(self, heading: int = 0) -> None:
        """The lines that follow belong together: a paragraph, a cell, a column; a ``heading`` of that level."""
        self.heading = heading
        if self.lines and self.lines[-1].block == self.block:
            self.block += 1

    def paint(self, colour: Colour) -> tuple[int, ...] | int:
        """A colour in the form in which OpenCV draws on this sheet."""
        return colour if self.colour else round(sum(colour) / 3)

    def write(
        self,
        pen: Pen,
        text: str,
        x: float,
        baseline: float,
        align: Align = "left",
        word_space: float = 0.0,
        struck: frozenset[int] = frozenset(),
        quarter_turns: int = 0,
    ) -> SetLine | None:
        """Set one line whose ink starts (ends, is centred) at ``x``; None, and nothing printed, if it leaves the sheet.

        ``word_space`` in em widens spaces (justification). Words whose index is in ``struck`` are x-ed out and not
        part of the label. ``quarter_turns`` turns the line anticlockwise about (x, baseline): text up a margin.
        """
        text = text.strip()
        if not text:
            return None
        style = replace(pen.style, word_space=pen.style.word_space + word_space) if word_space else pen.style
        ink = render_line(pen.face, text, pen.size, style, self.rng)
        mask = self._worn(ink, pen) if pen.wear else ink.mask
        if struck:
            mask = self._strike_out(mask, ink, pen, struck)
        boxes = _shift_for(ink, align)
        if not self._stamp(mask, pen.colour, x, baseline, boxes, ink, quarter_turns):
            return None
        line = _label(text, ink, pen, boxes, struck, self.block)
        if line is None:
            return None
        line = replace(_place(line, x, baseline, quarter_turns), heading=self.heading)
        self.lines.append(line)
        return line

    def _stamp(
        self, mask: Image, colour: Colour, x: float, baseline: float, origin: int, ink: LineInk, quarter_turns: int
    ) -> bool:
        """Print the mask so that its column ``origin`` and its baseline row come to (x, baseline)."""
        left, top = round(x) - origin, round(baseline) - ink.baseline
        if quarter_turns % 4 == 1:
            mask = np.ascontiguousarray(np.rot90(mask))
            left, top = round(x) - ink.baseline, round(baseline) + origin - mask.shape[0] + 1
        elif quarter_turns % 4 == 3:
            mask = np.ascontiguousarray(np.rot90(mask, 3))
            left, top = round(x) + ink.baseline - mask.shape[1] + 1, round(baseline) - origin
        height, width = mask.shape
        if left < 0 or top < 0 or left + width > self.width or top + height > self.height:
            return False
        region = self.image[top : top + height, left : left + width]
        blend(region, mask, colour)
        return True

    def _worn(self, ink: LineInk, pen: Pen) -> Image:
        """Every character struck with a strength of its own, its upper or lower part sometimes weaker."""
        strengths = 1 - pen.wear * self.rng.uniform(0, 0.8, len(ink.text)) ** 2
        gains = np.ones(ink.mask.shape[1], np.float32)
        for (left, _, right, _), strength in zip(ink.boxes.astype(int).tolist(), strengths, strict=True):
            gains[left:right] = strength
        upper, lower = self.rng.permutation([0.0, 1.0]).tolist()
        slopes = 1 - pen.wear * self.rng.uniform(0, 0.5) * np.linspace(upper, lower, len(ink.mask))
        field = np.round(255 * slopes[:, None] * gains[None, :]).astype(np.uint8)
        return cv2.multiply(ink.mask, field, scale=1 / 255)

    def _strike_out(self, mask: Image, ink: LineInk, pen: Pen, struck: frozenset[int]) -> Image:
        """x upon every letter of the words."""
        result = mask.copy()
        cross = pen.face.at(pen.size).glyph("x")
        for index, (start, stop) in enumerate(_spans(ink.text)):
            for left, _, right, _ in ink.boxes[start:stop].astype(int).tolist() if index in struck else ():
                y = ink.top + cross.top
                x = max(0, (left + right - cross.mask.shape[1]) // 2)
                window = result[y : y + cross.mask.shape[0], x : x + cross.mask.shape[1]]
                if window.shape == cross.mask.shape:
                    np.maximum(window, cross.mask, out=window)
        return result


class _Advances(dict[str, float]):
    """Advance widths of a face at one size, measured when first asked for."""

    def __init__(self, face: Face, size: int) -> None:
        super().__init__()
        self.face, self.size = face, size

    def __missing__(self, character: str) -> float:
        self[character] = advance = self.face.at(self.size).glyph(character).advance
        return advance


@lru_cache(maxsize=512)
def _advances(face: Face, size: int) -> _Advances:
    return _Advances(face, size)


def blend(region: Image, mask: Image, colour: Colour) -> None:
    """Lay ink of a colour on a region, grey or RGB, in place; dark grey ink takes the quick way (the darker stays)."""
    if region.ndim == 2:
        level = round(sum(colour) / 3)
        if level < 128:
            np.minimum(region, cv2.bitwise_not(mask) if level == 0 else cv2.LUT(mask, _ramp(level)), out=region)
            return
        region[:] = _mix(region, mask, level)
        return
    for channel in range(3):
        region[..., channel] = _mix(region[..., channel], mask, colour[channel])


def x_height(face: Face, size: int) -> float:
    """Height of small letters in px; of Hangul faces without Latin, half the syllable."""
    return _span_of(face, size, "x")[0] or _span_of(face, size, "한")[0] / 2 or size / 2


@lru_cache(maxsize=64)
def _ramp(level: int) -> Image:
    return np.round(255 - (255 - level) * np.arange(256) / 255).astype(np.uint8)


def _mix(region: Image, mask: Image, level: int) -> Image:
    weight = mask.astype(np.int16)
    value = region.astype(np.int16)
    value += ((level - value).astype(np.int32) * weight // 255).astype(np.int16)
    return value.astype(np.uint8)


def _shift_for(ink: LineInk, align: Align) -> int:
    """The mask's column that has to come to the given x."""
    left, right = float(ink.boxes[0, 0]), float(ink.boxes[-1, 2])
    return round({"left": left, "centre": (left + right) / 2, "right": right}[align])


def _label(text: str, ink: LineInk, pen: Pen, origin: int, struck: frozenset[int], block: int) -> SetLine | None:
    """Boxes relative to (origin, baseline), without the words that were struck out."""
    spans = [span for index, span in enumerate(_spans(text)) if index not in struck]
    if not spans:
        return None
    ascender, descender = _extent(pen.face, pen.size, text)
    boxes = ink.boxes - np.array([origin, ink.baseline, origin, ink.baseline], np.float32)
    kept = [i for number, (start, stop) in enumerate(spans) for i in range(start - (number > 0), stop)]
    words = np.array([(boxes[a:b, 0].min(), -ascender, boxes[a:b, 2].max(), descender) for a, b in spans], np.float32)
    outline = np.array([[words[:, 0].min(), -ascender, words[:, 2].max(), descender]], np.float32)
    kept_text = " ".join(text[a:b] for a, b in spans)
    return SetLine(
        kept_text, block, _quads(outline)[0], _quads(words), _quads(boxes[kept]), tuple(_spans(kept_text)),
        x_height(pen.face, pen.size),
    )  # fmt: skip


def _place(line: SetLine, x: float, baseline: float, quarter_turns: int) -> SetLine:
    """From coordinates about the baseline's start to those of the sheet."""
    turn = {0: ((1, 0), (0, 1)), 1: ((0, -1), (1, 0)), 3: ((0, 1), (-1, 0))}[quarter_turns % 4]
    matrix = np.array(turn, np.float32)
    # a turned pixel grid starts at the other side of its first column: half-open boxes move by one
    offset = np.array([round(x) + (quarter_turns % 4 == 3), round(baseline) + (quarter_turns % 4 == 1)], np.float32)
    moved = [quads @ matrix + offset for quads in (line.outline, line.words, line.chars)]
    return replace(line, outline=moved[0], words=moved[1], chars=moved[2])


def _quads(boxes: Boxes) -> Boxes:
    """Boxes ``(N, 4)`` left, top, right, bottom as corners ``(N, 4, 2)``."""
    left, top, right, bottom = boxes.T
    return np.stack([left, top, right, top, right, bottom, left, bottom], axis=1).reshape(-1, 4, 2)


def _spans(text: str) -> list[tuple[int, int]]:
    """Start and end of every word of a text with single spaces."""
    spans, start = [], 0
    for word in text.split(" "):
        if word:
            spans.append((start, start + len(word)))
        start += len(word) + 1
    return spans


def _extent(face: Face, size: int, text: str) -> tuple[float, float]:
    """Ascender and descender in px, as an annotator would draw the line: of the scripts that occur in the text."""
    korean = any("ᄀ" <= c <= "ᇿ" or "ㄱ" <= c <= "ㆎ" or "가" <= c <= "힣" for c in text)
    latin = any(c < "ɐ" and not c.isspace() for c in text)
    heights = [_span_of(face, size, "bdfhkl1")] if latin or not korean else []
    depths = [_span_of(face, size, "gpqy")] if latin or not korean else []
    if korean:
        heights.append(_span_of(face, size, "한를빛"))
        depths.append(_span_of(face, size, "한를빛"))
    return max(h for h, _ in heights) or 0.75 * size, max(d for _, d in depths) or 0.2 * size


@lru_cache(maxsize=20000)
def _span_of(face: Face, size: int, characters: str) -> tuple[float, float]:
    """Greatest height above and depth below the baseline of those characters that the face draws; 0 if none."""
    sized = face.at(size)
    glyphs = [sized.glyph(c) for c in characters if face.draws(c)]
    if not glyphs:
        return 0.0, 0.0
    top = min(glyph.top for glyph in glyphs)
    bottom = max(glyph.top + glyph.mask.shape[0] for glyph in glyphs)
    return float(sized.ascent - top), float(max(0, bottom - sized.ascent))
