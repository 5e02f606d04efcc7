"""Pictures for ``--overlay``: the page with boxes around lines and words, and beside it the text where it was read.

Each line of text is drawn into its polygon, at any angle. Where no installed font has its letters (Hangul above all),
lines are numbered instead, and a text file beside the picture lists the numbers with their text.
"""

from __future__ import annotations

import functools
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from ocr.document import Line, Page
from ocr.polygon import side_lengths, text_corners
from ocr.writers.output import encode, make_folder, refuse_input, unique_name, write_error

if TYPE_CHECKING:
    from ocr.models.interface import Image

SUFFIX = ".overlay.jpg"  # not plain .jpg: the folder may hold the page itself under that name
LINE_COLOUR = (220, 50, 32)
WORD_COLOUR = (0, 90, 200)
INK = (20, 20, 20)
JPEG_QUALITY = 90
LETTER_HEIGHT = 48  # pixels at which text is drawn before it is fitted into its polygon
MARGIN = 6  # pixels around that text

FONT_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.fonts",
    "~/.local/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "C:/Windows/Fonts",
)
FONT_NAMES = (  # with Hangul and Latin letters first, in order of preference
    "NotoSansCJK-Regular",
    "NotoSansKR",
    "NotoSansKR-Regular",
    "NanumGothic",
    "NanumBarunGothic",
    "NanumSquareR",
    "NanumMyeongjo",
    "malgun",
    "AppleSDGothicNeo",
    "AppleGothic",
    "UnDotum",
    "baekmuk",
    "gulim",
    "DejaVuSans",
    "Arial Unicode",
    "Arial",
    "LiberationSans-Regular",
)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class OverlayFolder:
    """Writes one JPEG picture a page, named after the source, with the page number where there are several."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: set[str] = set()
        self._source = ""
        self._stem = ""
        make_folder(folder)

    def write(self, source: str, page: Page, image: Image) -> None:
        """Raises :class:`~ocr.errors.OutputError` if the picture cannot be written."""
        if page.number == 1 or source != self._source:
            name = unique_name(source, SUFFIX, self._names)
            self._source, self._stem = source, name.removesuffix(SUFFIX)
        stem = self._stem if page.number == 1 else f"{self._stem}-{page.number:04d}"
        picture, legend = draw_overlay(page, image)
        path = self.folder / f"{stem}{SUFFIX}"
        refuse_input(path, source)
        _, encoded = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        try:
            write_whole(path, encoded.tobytes())
            if legend:
                write_whole(path.with_suffix(".txt"), encode("\n".join(legend) + "\n"))
        except OSError as error:
            raise write_error(str(path), error) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, or leave none behind."""
    try:
        path.write_bytes(data)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def draw_overlay(page: Page, image: Image) -> tuple[Image, list[str]]:
    """Page and text side by side, ``(H, 2 W, 3)``, and the numbered texts that no font could draw."""
    boxed = draw_boxes(page, image)
    text = np.full_like(image, 255)
    legend = []
    for number, line in enumerate(page.lines, 1):
        label = unicodedata.normalize("NFC", line.text)  # fonts place composed accents better
        font = find_font(label)
        if font is None:
            legend.append(f"{number}\t{line.text}")
            font, label = find_font(str(number)), str(number)
        draw_text(text, line, label, font or ImageFont.load_default())
    outline(text, (line.polygon for line in page.lines), (225, 225, 225), 1)
    return np.concatenate([boxed, text], axis=1), legend


def draw_boxes(page: Page, image: Image) -> Image:
    """A copy of the page with blue boxes around words and red ones around lines."""
    boxed = np.ascontiguousarray(image).copy()
    thickness = max(1, round(max(image.shape[:2]) / 2000))
    outline(boxed, (word.polygon for word in page.words), WORD_COLOUR, thickness)
    outline(boxed, (line.polygon for line in page.lines), LINE_COLOUR, thickness)
    return boxed


def outline(picture: Image, polygons: Iterable[object], colour: tuple[int, int, int], thickness: int) -> None:
    points = [np.asarray(polygon, dtype=np.float64).round().astype(np.int32) for polygon in polygons]
    cv2.polylines(picture, points, True, colour, thickness, cv2.LINE_AA)


def draw_text(picture: Image, line: Line, text: str, font: Font) -> None:
    """Fit the text into the line's polygon (its four outer corners), in place."""
    quad = text_corners(line.polygon)
    width, height = side_lengths(quad)
    if not text.strip() or width < 2 or height < 2:
        return
    stamp = render(text, font)  # (h, w), white on black
    stamp_height, stamp_width = stamp.shape
    used = min(1.0, stamp_width / stamp_height * height / width)  # never stretched, only squeezed
    a, b, c, d = quad
    target = np.stack([a, a + (b - a) * used, d + (c - d) * used, d]).astype(np.float32)
    left, top = np.maximum(np.floor(target.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(target.max(axis=0)).astype(int) + 1, (picture.shape[1], picture.shape[0]))
    if right <= left or bottom <= top:
        return
    origin = np.array([[0, 0], [stamp_width, 0], [stamp_width, stamp_height], [0, stamp_height]], np.float32)
    matrix = cv2.getPerspectiveTransform(origin, target - np.array([left, top], np.float32))
    # Shrinking by a warp alone would drop thin strokes, so the stamp is blurred to the size it will have.
    blur = max(stamp_height / height - 1, 0) / 2
    if blur > 0:
        stamp = cv2.GaussianBlur(stamp, (0, 0), max(blur, 0.1)).astype(np.uint8)
    mask = cv2.warpPerspective(stamp, matrix, (int(right - left), int(bottom - top)), flags=cv2.INTER_LINEAR)
    area = picture[top:bottom, left:right]
    opacity = mask[:, :, None].astype(np.float32) / 255
    area[:] = (area * (1 - opacity) + np.array(INK, np.float32) * opacity + 0.5).astype(np.uint8)


def render(text: str, font: Font) -> NDArray[np.uint8]:
    """The text in white on black, ``(h, w)``, with a small margin."""
    left, top, right, bottom = font.getbbox(text)
    ascent, descent = font.getmetrics() if isinstance(font, ImageFont.FreeTypeFont) else (bottom, 0)
    top, bottom = min(top, 0), max(bottom, ascent + descent)
    size = (int(right - left) + 2 * MARGIN, int(bottom - top) + 2)
    stamp = PillowImage.new("L", (max(size[0], 1), max(size[1], 1)))
    ImageDraw.Draw(stamp).text((MARGIN - left, 1 - top), text, fill=255, font=font)
    return np.asarray(stamp)


def find_font(text: str) -> Font | None:
    """The first installed font that has every letter of the text, if there is one."""
    letters = "".join(sorted({letter for letter in text if letter.isprintable() and not letter.isspace()}))
    return next((font for font in installed_fonts() if has_letters(font, letters)), None)


@functools.cache
def installed_fonts() -> tuple[Font, ...]:
    """The fonts of :data:`FONT_NAMES` that are on this computer, and Pillow's own (Latin only) after them."""
    found = {path.stem.lower(): path for path in font_files()}
    fonts: list[Font] = []
    for name in FONT_NAMES:
        path = found.get(name.lower())
        if path is not None:
            try:
                fonts.append(ImageFont.truetype(str(path), LETTER_HEIGHT))
            except OSError:
                continue
    return (*fonts, ImageFont.load_default(LETTER_HEIGHT))


def font_files() -> Iterator[Path]:
    """TrueType and OpenType files in the folders where systems keep them."""
    for folder in FONT_FOLDERS:
        for parent, _, names in os.walk(Path(folder).expanduser()):
            yield from (Path(parent, name) for name in names if name.lower().endswith((".ttf", ".otf", ".ttc")))


def has_letters(font: Font, letters: str) -> bool:
    """Whether the font draws each letter as something else than its sign for missing letters."""
    if not isinstance(font, ImageFont.FreeTypeFont):
        return letters.isascii()
    return all(has_letter(font, letter) for letter in letters)


@functools.lru_cache(maxsize=20_000)
def has_letter(font: ImageFont.FreeTypeFont, letter: str) -> bool:
    return bytes(font.getmask(letter)) not in (missing_glyph(font), b"")


@functools.lru_cache(maxsize=100)
def missing_glyph(font: ImageFont.FreeTypeFont) -> bytes:
    return bytes(font.getmask(chr(sys.maxunicode)))  # a code point that will never be assigned
