"""Whether the text layer of a PDF page is what its picture shows: a page whose layer lies must teach nobody.

The page is drawn twice, once with all text invisible; where the two pictures differ there is visible text. Glyphs
without such ink are hidden (the layer of a scan, text under a picture, white on white). Ink of text outside all glyphs,
and shapes like letters in what is left without the text (screenshots, outlined text), are ink without a label.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from ocr.data.pdf_glyphs import Glyph
from ocr.data.pdf_lines import is_hangul
from ocr.document import Line
from ocr.polygon import as_polygon, bounds, from_box

Image = NDArray[np.uint8]
Mask = NDArray[np.uint8]

CONTRAST = 40
"""A pixel is ink of text if drawing the text changes it by so many grey levels; fainter text cannot be read."""

LEAST_INK = 0.04
"""Part of a glyph's box that must be ink: even a hairline has more."""

MOST_HIDDEN = 0.3
MOST_UNKNOWN = 0.3
MOST_UNLABELLED_INK = 0.08
MOST_UNLABELLED_SHAPES = 0.25
MOST_MISFITS = 0.35
MOST_MOJIBAKE = 0.01
"""Parts of a page's glyphs (of its text's ink) above which the page is dropped."""

FEWEST_LETTERS = 15
"""A font with fewer small letters on a page is not judged by their heights."""

FORM_DEPTH = 4
"""Drawings within drawings are followed so deep, as PDFium's text layer does not go much further."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A page drawn with its text and without (H, W, 3), and the pixels that the text changes (H, W), 1 = ink."""

    image: Image
    plain: Image
    ink: Mask


def draw_twice(page: pypdfium2.PdfPage, scale: float) -> Picture:
    """Draw the page at ``scale`` pixels a point; its text is invisible from then on."""
    image = _draw(page, scale)
    for item in page.get_objects(max_depth=FORM_DEPTH):
        if item.type == pdfium_c.FPDF_PAGEOBJ_TEXT:
            pdfium_c.FPDFTextObj_SetTextRenderMode(item.raw, pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE)
    plain = _draw(page, scale)
    ink = (cv2.absdiff(image, plain).max(axis=2) >= CONTRAST).astype(np.uint8)
    return Picture(image, plain, ink)


def _draw(page: pypdfium2.PdfPage, scale: float) -> Image:
    bitmap = page.render(scale=scale, rev_byteorder=True)
    image = np.asarray(bitmap.to_pil().convert("RGB"), np.uint8)
    bitmap.close()
    return image


def find_hidden(glyphs: Sequence[Glyph], ink: Mask) -> frozenset[int]:
    """The ``order`` of all glyphs whose boxes hold no ink of text."""
    height, width = ink.shape
    sums = cv2.integral(ink)
    hidden = set()
    for glyph in glyphs:
        left, top, right, bottom = _pixels(glyph.quad(), width, height)
        if right <= left or bottom <= top:
            hidden.add(glyph.order)
            continue
        count = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        if count < max(1.0, LEAST_INK * (right - left) * (bottom - top)):
            hidden.add(glyph.order)
    return frozenset(hidden)


def find_fault(glyphs: Sequence[Glyph], hidden: frozenset[int], picture: Picture) -> str | None:
    """Why the page must be dropped, in a few words; None if its text layer and its picture agree."""
    count = len(glyphs)
    if not count:
        return "no text layer"
    if len(hidden) > MOST_HIDDEN * count:
        return "hidden text or the text layer of a scan"
    if sum(not glyph.known for glyph in glyphs) > MOST_UNKNOWN * count:
        return "characters that the PDF does not name"
    if mojibake("".join(glyph.text for glyph in glyphs)) > MOST_MOJIBAKE * count:
        return "wrongly encoded text"
    wrong = misfits(glyphs)
    if sum(glyph.font in wrong for glyph in glyphs) > MOST_MISFITS * count:
        return "letters that do not have the shape of their characters"
    total = int(picture.ink.sum())
    if int(_unlabelled_ink(glyphs, picture).sum()) > MOST_UNLABELLED_INK * total:
        return "visible text that is not in the text layer"
    return None


def mojibake(text: str) -> int:
    """How many characters look like UTF-8 read as another encoding, or cannot be printed."""
    control = sum(unicodedata.category(character) == "Cc" for character in text)
    pairs = sum(a in "ÃÂÅÄ" and "\u0080" <= b <= "\u00bf" for a, b in itertools.pairwise(text))
    return control + 2 * pairs


def misfits(glyphs: Sequence[Glyph]) -> frozenset[str]:
    """Fonts whose letters have other heights than their characters: wrong encodings, small capitals.

    b, d, h, k, l must be higher than a, c, e, ... of the font, and g, p, q, y lower; Hangul must be about as wide as
    high.
    """
    fonts: dict[str, list[Glyph]] = defaultdict(list)
    for glyph in glyphs:
        fonts[glyph.font].append(glyph)
    return frozenset(font for font, members in fonts.items() if _misfit(members))


def distrust_misfits(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """The glyphs, those of misfit fonts no longer ``known``, so that nothing is learnt from them."""
    wrong = misfits(glyphs)
    return [replace(glyph, known=False) if glyph.font in wrong else glyph for glyph in glyphs]


def _misfit(glyphs: Sequence[Glyph]) -> bool:
    hangul = [glyph.width / glyph.size for glyph in glyphs if is_hangul(glyph.text)]
    if len(hangul) >= FEWEST_LETTERS and not 0.55 <= float(np.median(hangul)) <= 1.4:
        return True
    small = [_heights(glyph) for glyph in glyphs if glyph.text in "acemnorsuvwxz"]
    if len(small) < FEWEST_LETTERS:
        return False
    height, depth = np.median(np.array(small), axis=0).tolist()
    rules = [abs(above - height) < 0.2 * height for above, _ in small]
    rules += [_heights(glyph)[0] > 1.15 * height for glyph in glyphs if glyph.text in "bdfhkl"]
    rules += [_heights(glyph)[1] > depth + 0.15 * height for glyph in glyphs if glyph.text in "gpqy"]
    return float(np.mean(rules)) < 0.75


def _heights(glyph: Glyph) -> tuple[float, float]:
    """Reach above and below the baseline in em."""
    return (glyph.baseline - glyph.top) / glyph.size, (glyph.bottom - glyph.baseline) / glyph.size


def unlabelled_regions(glyphs: Sequence[Glyph], picture: Picture) -> list[Line] | None:
    """Ignore regions over what looks like text without a label; None if there is so much that the page is useless."""
    em = float(np.median([glyph.size for glyph in glyphs]))
    shapes = letter_shapes(picture.plain, em)
    left_over = _unlabelled_ink(glyphs, picture)
    regions, members = _clusters(shapes, em, fewest=4)
    if members > max(40.0, MOST_UNLABELLED_SHAPES * len(glyphs)):
        return None
    loose, _ = _clusters([bounds_of for bounds_of in _components(left_over) if bounds_of[3] > 0.25 * em], em, fewest=1)
    return [Line("", as_polygon(from_box(*region)), 1.0, (), True) for region in [*regions, *loose]]


def letter_shapes(plain: Image, em: float) -> list[tuple[int, int, int, int]]:
    """Boxes (left, top, width, height) of marks on a page without its text that might be letters for their size."""
    grey = cv2.cvtColor(plain, cv2.COLOR_RGB2GRAY)
    paper = cv2.medianBlur(cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), 15)
    paper = cv2.resize(paper, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_LINEAR)
    marks = (cv2.absdiff(grey, paper) > CONTRAST).astype(np.uint8)
    return [box for box in _components(marks) if 0.3 * em <= box[3] <= 1.6 * em and 0.08 * em <= box[2] <= 1.6 * em]


def _components(mask: Mask) -> list[tuple[int, int, int, int]]:
    """Boxes (left, top, width, height) of connected marks whose ink neither fills them nor is a mere outline."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(np.asarray(mask, np.uint8), connectivity=8)
    boxes = stats[1:count]
    fill = boxes[:, 4] / (boxes[:, 2] * boxes[:, 3])
    return [(int(x), int(y), int(w), int(h)) for x, y, w, h in boxes[(fill > 0.12) & (fill < 0.92), :4]]


def _clusters(
    boxes: Sequence[tuple[int, int, int, int]], em: float, fewest: int
) -> tuple[list[tuple[float, float, float, float]], int]:
    """Upright boxes around groups of neighbours, and how many members they have together; small groups are dropped."""
    if not boxes:
        return [], 0
    array = np.array(boxes)
    right, bottom = (array[:, 0] + array[:, 2]).max(), (array[:, 1] + array[:, 3]).max()
    canvas = np.zeros((int(bottom + 2 * em) + 2, int(right + 2 * em) + 2), np.uint8)
    reach, slack = max(1, round(0.5 * em)), max(1, round(0.1 * em))
    for x, y, width, height in boxes:
        cv2.rectangle(canvas, (x, max(0, y - slack)), (x + width + reach, y + height + slack), 1, -1)
    _, labels = cv2.connectedComponents(canvas)
    groups: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
    for box in boxes:
        groups[int(labels[box[1] + box[3] // 2, box[0] + box[2] // 2])].append(box)
    kept = [group for group in groups.values() if len(group) >= fewest]
    regions = []
    for group in kept:
        members = np.array(group, np.float64)
        low, high = members[:, :2].min(axis=0), (members[:, :2] + members[:, 2:]).max(axis=0)
        regions.append((float(low[0]), float(low[1]), float(high[0]), float(high[1])))
    return regions, sum(map(len, kept))


def _unlabelled_ink(glyphs: Sequence[Glyph], picture: Picture) -> Mask:
    """Ink of text (H, W) that lies in no glyph's box, nor within a tenth of an em of one."""
    ink = picture.ink.copy()
    height, width = ink.shape
    for glyph in glyphs:
        margin = 1.5 + 0.1 * glyph.size
        if glyph.angle % 90:
            cv2.fillConvexPoly(ink, np.round(_grown(glyph.quad(), margin)).astype(np.int32), 0)
            continue
        left, top, right, bottom = _pixels(glyph.quad(), width, height, margin)
        ink[top:bottom, left:right] = 0
    return ink


def _grown(quad: NDArray[np.float64], margin: float) -> NDArray[np.float64]:
    away = quad - quad.mean(axis=0)
    return quad + margin * np.sign(away)


def _pixels(quad: NDArray[np.float64], width: int, height: int, margin: float = 0.0) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the whole pixels that a box touches, inside the image."""
    left, top, right, bottom = bounds(quad)
    return (
        max(0, int(np.floor(left - margin))),
        max(0, int(np.floor(top - margin))),
        min(width, int(np.ceil(right + margin))),
        min(height, int(np.ceil(bottom + margin))),
    )
