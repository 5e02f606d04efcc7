"""One rendered page with its labels: layout, geometry, degradation.

The same generator state, fonts and texts give the same bytes. Everything happens in one process; ``ocr data synth`` and
training run several.
"""

from __future__ import annotations

import difflib
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby, islice

import numpy as np

from ocr.data.synthetic import geometry
from ocr.data.synthetic.degrade import Degradation, degrade_page
from ocr.data.synthetic.fonts import FontLibrary
from ocr.data.synthetic.geometry import Warp
from ocr.data.synthetic.layouts.catalogue import LAYOUTS
from ocr.data.synthetic.material import Material
from ocr.data.synthetic.sheet import SetLine, Sheet
from ocr.data.synthetic.text import TextSampler
from ocr.data.synthetic.textures import Image
from ocr.document import Block, Char, Line, Page, Word
from ocr.errors import UsageError
from ocr.polygon import Polygon

LONGEST_SEGMENT = 4.0  # a bent line's polygon gets a corner every so many line heights


@dataclass(frozen=True, slots=True)
class PageOptions:
    """What pages to draw."""

    layout: str = "any"
    """A name of :data:`~ocr.data.synthetic.layouts.catalogue.LAYOUTS`, or ``any`` by their shares."""
    language: str | None = None
    """Folder name of a corpus; None draws one for every page."""
    degradation: Degradation = field(default_factory=Degradation)
    rotation: float = 0.0
    """Every page is turned by at most so many degrees either way (180: any angle), besides a scan's skew."""
    warp: float = 0.3
    """How often a degraded page is bent or seen in perspective, at strength 1."""
    size: tuple[int, int] | None = None
    """Width and height of the sheet in px; None draws a size that suits the layout."""
    characters: bool = True
    """Whether words hold their characters (a detector has no use for them)."""


def render_page(
    rng: np.random.Generator, fonts: FontLibrary, texts: TextSampler, options: PageOptions | None = None
) -> tuple[Image, Page]:
    """A page image (H, W, 3) uint8 RGB, and its lines, words and characters as polygons in pixels of that image.

    Raises :class:`~ocr.errors.UsageError` for an unknown layout or language.
    """
    options = options or PageOptions()
    layout = LAYOUTS[_layout_name(rng, options.layout)]
    strength = options.degradation.draw(rng)
    sheet = layout.sheet(rng, options.size)
    layout.draw(sheet, _material(rng, fonts, texts, options.language))
    warp = _warp(rng, sheet, options, strength)
    image = sheet.image if warp.identity else warp.image(sheet.image, _surroundings(sheet, warp))
    heights = sorted(line.x_height for line in sheet.lines) or [11.0]
    image = degrade_page(image, rng, strength, heights[len(heights) // 10], sheet.printed)
    height, width = image.shape[:2]
    return image, Page(1, width, height, blocks_of(sheet.lines, warp, options.characters))


def _layout_name(rng: np.random.Generator, name: str) -> str:
    if name == "any":
        shares = np.array([layout.share for layout in LAYOUTS.values()])
        return list(LAYOUTS)[int(rng.choice(len(shares), p=shares / shares.sum()))]
    if name not in LAYOUTS:
        near = difflib.get_close_matches(name, LAYOUTS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"unknown layout {name!r}: it must be any, {', '.join(LAYOUTS)}{hint}")
    return name


def _material(rng: np.random.Generator, fonts: FontLibrary, texts: TextSampler, language: str | None) -> Material:
    language = language or texts.language(rng)
    if language not in texts.corpora:
        raise UsageError(f"no text of language {language!r}: the corpora hold {', '.join(sorted(texts.corpora))}")
    foreign = 0.25 if rng.uniform() < 0.3 else 0.03
    return Material(rng, fonts, texts, language, foreign if len(texts.corpora) > 1 else 0.0)


def _warp(rng: np.random.Generator, sheet: Sheet, options: PageOptions, strength: float) -> Warp:
    """Rotation if asked for, a little skew with the strength, now and then bends or perspective."""
    width, height = sheet.width, sheet.height
    angle = rng.uniform(-1, 1) * options.rotation
    if strength and rng.uniform() < 0.7:
        angle += float(np.clip(rng.normal(0, 1.1 * strength), -3, 3))
    warp = geometry.rotation(width, height, float(angle)) if angle else geometry.identity(width, height)
    if strength == 0 or rng.uniform() >= options.warp * min(1.0, 1.5 * strength):
        return warp
    if rng.uniform() < 0.45:
        photo = geometry.draw_perspective(rng, *warp.size, strength)
        warp = geometry.then(warp, photo)
    if rng.uniform() < 0.7:
        bends = geometry.draw_bends(rng, *warp.size, strength)
        warp = Warp(warp.matrix, warp.size, bends)
    return warp


def _surroundings(sheet: Sheet, warp: Warp) -> int | tuple[int, ...]:
    """What lies around the sheet: a scanner's white lid, or, around photos, any shade."""
    tilted = abs(warp.matrix[2, 0]) + abs(warp.matrix[2, 1]) > 1e-9
    if not sheet.colour:
        return int(sheet.rng.integers(0, 235)) if tilted else int(sheet.rng.choice((255, 255, 255, 20)))
    if not tilted and sheet.rng.uniform() < 0.6:
        return 255, 255, 255
    return tuple(int(v) for v in sheet.rng.integers(0, 256, 3))


def blocks_of(lines: Sequence[SetLine], warp: Warp, characters: bool) -> tuple[Block, ...]:
    """The blocks of lines set on a sheet, seen through a warp.

    All points go through it at once, which is what makes thousands affordable.
    """
    if not lines:
        return ()
    outlines = [_divided(line.outline) if warp.bends else line.outline for line in lines]
    arrays = [*outlines, *(line.words for line in lines), *((line.chars for line in lines) if characters else ())]
    with _collection_paused():
        points = _points(warp, np.concatenate([array.reshape(-1, 2) for array in arrays]))
        polygons = [_take(points, len(outline)) for outline in outlines]
        words = [[_take(points, 4) for _ in line.word_spans] for line in lines]
        chars = [[_take(points, 4) for _ in line.text] if characters else [] for line in lines]
        trees = [_line(*parts) for parts in zip(lines, polygons, words, chars, strict=True)]
    grouped = groupby(zip(lines, trees, strict=True), key=lambda pair: (pair[0].block, pair[0].heading))
    return tuple(Block(tuple(tree for _, tree in group), heading) for (_, heading), group in grouped)


@contextmanager
def _collection_paused() -> Iterator[None]:
    """No cycle collection inside: thousands of new tuples, none of them in a cycle, would have it search the whole heap
    again and again, which took longer than drawing the page."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _line(line: SetLine, outline: Polygon, word_polygons: list[Polygon], chars: list[Polygon]) -> Line:
    words = []
    for (start, stop), polygon in zip(line.word_spans, word_polygons, strict=True):
        letters = tuple(map(Char, line.text[start:stop], chars[start:stop])) if chars else ()
        words.append(Word(line.text[start:stop], polygon, 1.0, letters))
    return Line(line.text, outline, 1.0, tuple(words))


def _divided(outline: np.ndarray) -> np.ndarray:
    """A long quadrilateral ``(4, 2)`` with corners added along the text: ``(2 n + 2, 2)``, still clockwise."""
    a, b, c, d = outline
    height = max(1.0, float(np.hypot(*(d - a))))
    count = int(np.clip(np.hypot(*(b - a)) / height / LONGEST_SEGMENT, 1, 8))
    share = np.linspace(0, 1, count + 1)[:, None]
    return np.concatenate([a + (b - a) * share, c + (d - c) * share])


def _points(warp: Warp, points: np.ndarray) -> Iterator[tuple[float, float]]:
    """Points ``(N, 2)`` of the sheet on the image: kept inside it, rounded to hundredths."""
    moved = warp.points(points) if not warp.identity else points.astype(np.float64)
    return map(tuple, np.clip(moved, 0, warp.size).round(2).tolist())


def _take(points: Iterator[tuple[float, float]], count: int) -> Polygon:
    return tuple(islice(points, count))
