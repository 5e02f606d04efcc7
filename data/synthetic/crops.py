"""Line crops as a recognizer meets them: rendered text, cut out as loosely and as crookedly as a detector cuts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.data.synthetic.degrade import degrade_line
from ocr.data.synthetic.fonts import Face, FontLibrary
from ocr.data.synthetic.lines import LineInk, LineStyle, render_line
from ocr.data.synthetic.records import printed_record
from ocr.data.synthetic.text import TextSampler


@dataclass(frozen=True, slots=True)
class CropStyle:
    """What rendered crops look like; lengths in shares of the line height."""

    strength: float = 0.5
    """Mean strength of the degradation, 0 (clean) to 1; each crop draws its own, a fifth of them none."""
    spread: float = 0.25
    """Standard deviation of the strength; 0 gives every crop the same."""
    characters: tuple[int, int] = (1, 48)
    """Shortest and longest text in Latin characters; Hangul counts double. Log-uniform between."""
    neighbours: float = 0.2
    """Share of crops that show the edge of the line above or below."""
    inverse: float = 0.06
    rotation: float = 1.2
    """Standard deviation in degrees."""


def render_crop(
    rng: np.random.Generator, fonts: FontLibrary, texts: TextSampler, height: int, max_width: int, style: CropStyle
) -> tuple[NDArray[np.uint8], str]:
    """A grey crop (height, W) with W up to ``max_width`` and its text (NFC)."""
    while True:
        face, text = _choose(rng, fonts, texts, style)
        ink = render_line(face, text, int(rng.choice((22, 28, 28, 36))), _line_style(rng), rng)
        mask = _place(rng, ink, _reference(face, ink), height, style)
        if 8 <= mask.shape[1] <= max_width:
            break
    image = _tone(rng, mask, style)
    return degrade_line(image, rng, _strength(rng, style)), text


def _choose(rng: np.random.Generator, fonts: FontLibrary, texts: TextSampler, style: CropStyle) -> tuple[Face, str]:
    low, high = style.characters
    while True:
        language = texts.language(rng)
        if texts.mix.record and rng.random() < texts.mix.record:
            text = printed_record(texts, rng, language == "ko")
        else:
            length = round(float(np.exp(rng.uniform(np.log(low), np.log(high + 1)))))
            text = texts.line(rng, max(1, length // 2) if language == "ko" else length, language)
        face = fonts.choose(rng, text, 6)
        if face is not None:
            return face, text


def _line_style(rng: np.random.Generator) -> LineStyle:
    draw = rng.random()
    if draw < 0.05:
        return LineStyle(tracking=float(rng.uniform(0.08, 0.5)))
    if draw < 0.10:
        return LineStyle(jitter=float(rng.uniform(0.01, 0.05)), tracking=float(rng.normal(0, 0.02)))
    if draw < 0.14:
        return LineStyle(pitch=float(rng.uniform(0.5, 0.7)))
    if draw < 0.22:
        return LineStyle(stretch=float(np.exp(rng.uniform(-0.35, 0.7))))
    if draw < 0.32:  # letters that touch, as where a till or an office program rounds its advances down
        return LineStyle(tracking=float(rng.uniform(-0.09, -0.03)))
    return LineStyle(
        tracking=float(np.clip(rng.normal(0, 0.02), -0.04, 0.06)), word_space=float(rng.uniform(-0.06, 0.15))
    )


@cache
def _letter_extent(face: Face, korean: bool) -> tuple[float, float]:
    """Top and bottom of tall letters around the baseline in em (both positive)."""
    sized = face.at(48)
    glyphs = [sized.glyph(c) for c in ("한글훑" if korean else "bdhpqg") if face.draws(c)]
    if not glyphs:
        return sized.ascent / 48, sized.descent / 48
    top = min(glyph.top for glyph in glyphs)
    bottom = max(glyph.top + glyph.mask.shape[0] for glyph in glyphs)
    return (sized.ascent - top) / 48, max(bottom - sized.ascent, 0) / 48


def _reference(face: Face, ink: LineInk) -> tuple[float, float]:
    """Rows of the mask between which this face's letters stand: what an annotator's box spans."""
    korean = any("가" <= c <= "힣" for c in ink.text)
    above, below = _letter_extent(face, korean)
    return ink.baseline - above * ink.size, ink.baseline + below * ink.size


def _place(
    rng: np.random.Generator, ink: LineInk, reference: tuple[float, float], height: int, style: CropStyle
) -> NDArray[np.uint8]:
    """The mask through one affine map into a crop (height, W): scale, margins, slant, tilt and width change at once."""
    top, bottom = reference
    rows = ink.boxes[[c != " " for c in ink.text]]  # left, top, right, bottom of what leaves ink
    draw = rng.random()
    if len(rows) and draw < 0.9:
        # boxes hold all ink: accents on capitals and low finals stand out of the usual extent, short text may fill less
        tight = draw < 0.12
        top = float(rows[:, 1].min()) if tight else min(top, float(rows[:, 1].min()))
        bottom = float(rows[:, 3].max()) if tight else max(bottom, float(rows[:, 3].max()))
        bottom = max(bottom, top + 0.35 * (ink.ascent + ink.descent))
    body = max(bottom - top, 4.0)
    top -= body * rng.uniform(-0.04, 0.28)
    bottom += body * rng.uniform(-0.04, 0.28)
    scale = height / (bottom - top)
    stretch = scale * float(np.exp(rng.normal(0, 0.10)))
    left, right = (float(rng.uniform(-0.03, 0.7)) * body for _ in range(2))
    width = max(8, round((ink.mask.shape[1] - 4 + left + right) * stretch))
    slant = float(rng.normal(0, 0.06)) if rng.random() < 0.5 else 0.0
    tilt = np.tan(np.deg2rad(rng.normal(0, style.rotation))) if rng.random() < 0.5 else 0.0
    tilt = float(np.clip(tilt, -0.35 * height / width, 0.35 * height / width))
    middle = (top + bottom) / 2
    matrix = np.array([
        [stretch, slant * scale, (left - 2) * stretch - slant * scale * middle],
        [tilt * stretch, scale, -top * scale + tilt * ((left - 2) * stretch - width / 2)],
    ])  # fmt: skip
    source = _with_neighbours(rng, ink) if rng.random() < style.neighbours else ink.mask
    if source is not ink.mask:
        matrix[:, 2] -= matrix[:, 1] * ((source.shape[0] - ink.mask.shape[0]) / 2)
    return cv2.warpAffine(source, matrix, (width, height), flags=cv2.INTER_AREA if scale < 0.7 else cv2.INTER_LINEAR)


def _with_neighbours(rng: np.random.Generator, ink: LineInk) -> NDArray[np.uint8]:
    """The mask between shifted copies of itself, at the line spacing of a dense page."""
    pitch = round((ink.ascent + ink.descent) * rng.uniform(0.95, 1.25))
    rows, columns = ink.mask.shape
    canvas = np.zeros((rows + 2 * pitch, columns), np.uint8)
    canvas[pitch : pitch + rows] = ink.mask
    for start in (0, 2 * pitch):
        window = canvas[start : start + rows]
        np.maximum(window, np.roll(ink.mask, int(rng.integers(columns)), axis=1), out=window)
    return canvas


def _tone(rng: np.random.Generator, mask: NDArray[np.uint8], style: CropStyle) -> NDArray[np.uint8]:
    """Ink and paper as grey levels, ink darker unless the crop is inverse."""
    paper = rng.uniform(200, 255) if rng.random() < 0.8 else rng.uniform(110, 220)
    ink = rng.uniform(0, 70) if rng.random() < 0.7 else rng.uniform(0, paper - 60)
    if rng.random() < style.inverse:
        paper, ink = ink, paper
    table = np.linspace(paper, ink, 256).astype(np.uint8)
    return cv2.LUT(mask, table)


def _strength(rng: np.random.Generator, style: CropStyle) -> float:
    """Around the mean, and none for a share of the crops."""
    if style.spread == 0:
        return style.strength
    return 0.0 if rng.random() < 0.2 else float(np.clip(rng.normal(style.strength, style.spread), 0.0, 1.0))
