"""Draws the labels of a sample over its image, to look at them: outlines left, the text in its place right.

Lines are green with their number in reading order, words blue, characters orange, ignore regions hatched in red.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console
from rich.progress import track

from ocr.data.samples import Sample
from ocr.document import Line, Page
from ocr.errors import InputError, OutputError
from ocr.polygon import Polygon, as_polygon, bounds, side_lengths

LINE, WORD, CHAR, IGNORE, TEXT = (0, 140, 60), (40, 90, 230), (240, 130, 0), (215, 30, 30), (20, 20, 20)
MAX_SIDE = 2000
"""Larger pages are drawn reduced to this side, in pixels."""
CROP_SCALE_HEIGHT = 64
"""Crops are enlarged to at least this height, in pixels."""
LATIN_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "arial.ttf", "Arial.ttf", "Helvetica.ttc")
KOREAN_FONTS = (
    "NanumGothic.ttf", "NotoSansCJK-Regular.ttc", "NotoSansKR-Regular.otf", "NotoSansKR-Regular.ttf",
    "NotoSansCJKkr-Regular.otf", "malgun.ttf", "AppleSDGothicNeo.ttc", "UnDotum.ttf",
)  # fmt: skip
"""Looked for in this order; the two lists are apart because most Korean fonts lack Czech or Polish letters."""
FONT_FOLDERS = {
    "win32": ("C:/Windows/Fonts", "~/AppData/Local/Microsoft/Windows/Fonts"),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
}
OTHER_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw_sample(sample: Sample) -> NDArray[np.uint8]:
    """The labelled image (H, W, 3), RGB. Raises InputError if the image cannot be decoded."""
    image = Image.fromarray(sample.load())
    if sample.page is None:
        return np.asarray(_draw_crop(image, sample.text or ""))
    page = sample.page
    scale = min(1.0, MAX_SIDE / max(page.width, page.height, 1))
    return np.asarray(_draw_page(image.resize((round(image.width * scale), round(image.height * scale))), page, scale))


def _draw_page(image: Image.Image, page: Page, scale: float) -> Image.Image:
    canvas = Image.new("RGB", (image.width * 2, image.height), "white")
    canvas.paste(image)
    draw = ImageDraw.Draw(canvas)
    for number, line in enumerate(page.lines, start=1):
        for word in line.words:
            for char in word.chars:
                draw.polygon(_scaled(char.polygon, scale), outline=CHAR)
            draw.polygon(_scaled(word.polygon, scale), outline=WORD)
        outline = _scaled(line.polygon, scale)
        if line.ignore:
            _hatch(canvas, outline)
        draw.polygon(outline, outline=IGNORE if line.ignore else LINE, width=2)
        draw.text(outline[0], str(number), fill=LINE, font=font(11), anchor="rb", stroke_width=2, stroke_fill="white")
        _write_line(canvas, line, outline, image.width)
    draw.line([(image.width, 0), (image.width, image.height)], fill=LINE)
    return canvas


def _write_line(canvas: Image.Image, line: Line, outline: Polygon, offset: int) -> None:
    """The text in the box of its line on the right half, as large as it fits, turned like the line."""
    width, height = side_lengths(outline) if len(outline) == 4 else _box_size(outline)
    text = line.text or ("ignored" if line.ignore else "NO TEXT")
    if width < 1 or height < 1:
        return
    size = _fitting_size(text, width, height)
    shown = font(size, text)
    _, _, right, bottom = shown.getbbox(text)
    label = Image.new("RGBA", (max(1, round(right)), max(1, round(bottom))))
    ImageDraw.Draw(label).text((0, 0), text, fill=(*(IGNORE if line.ignore else TEXT), 255), font=shown)
    (ax, ay), (bx, by) = outline[:2]
    angle = float(np.degrees(np.arctan2(by - ay, bx - ax)))
    turned = label.rotate(-angle, expand=True, resample=Image.Resampling.BICUBIC) if abs(angle) > 2 else label
    box = bounds(outline)
    x, y = (box[0] + box[2] - turned.width) / 2, (box[1] + box[3] - turned.height) / 2
    if abs(angle) <= 2:
        x = box[0]
    canvas.paste(turned, (offset + round(x), round(y)), turned)


def _fitting_size(text: str, width: float, height: float) -> int:
    size = max(6, min(200, round(height * 0.75)))
    drawn = max(1.0, font(size, text).getlength(text))
    return max(6, min(size, int(size * width / drawn)))


def _box_size(outline: Polygon) -> tuple[float, float]:
    left, top, right, bottom = bounds(outline)
    return right - left, bottom - top


def _hatch(canvas: Image.Image, outline: Polygon, step: int = 10) -> None:
    left, top, right, bottom = (round(value) for value in bounds(outline))
    width, height = max(1, right - left), max(1, bottom - top)
    inside = Image.new("L", (width, height))
    ImageDraw.Draw(inside).polygon([(x - left, y - top) for x, y in outline], fill=255)
    lines = Image.new("L", (width, height))
    draw = ImageDraw.Draw(lines)
    for x in range(-height, width, step):
        draw.line([(x, height), (x + height, 0)], fill=255)
    mask = Image.fromarray(np.minimum(np.asarray(inside), np.asarray(lines)))
    canvas.paste(IGNORE, (left, top), mask)


def _draw_crop(image: Image.Image, text: str) -> Image.Image:
    """The image, enlarged if it is small, above its text."""
    scale = max(1.0, CROP_SCALE_HEIGHT / image.height) if "\n" not in text else min(1.0, MAX_SIDE / max(image.size))
    image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    shown = font(22, text)
    _, _, right, bottom = ImageDraw.Draw(image).multiline_textbbox((8, 8), text, font=shown)
    beside = "\n" in text
    width = image.width + right + 8 if beside else max(image.width, right + 8)
    height = max(image.height, bottom + 8) if beside else image.height + bottom + 8
    canvas = Image.new("RGB", (round(width), round(height)), "white")
    canvas.paste(image)
    corner = (image.width + 8, 8) if beside else (8, image.height + 8)
    ImageDraw.Draw(canvas).multiline_text(corner, text, fill=TEXT, font=shown)
    return canvas


def _scaled(polygon: Polygon, scale: float) -> Polygon:
    return as_polygon(np.asarray(polygon) * scale)


def font(size: int, text: str = "") -> Font:
    """A font of this pixel size for the text: one with Hangul if the text goes beyond Latin, else a Latin one."""
    beyond_latin = any(symbol >= "\u2c00" or "\u1100" <= symbol <= "\u11ff" for symbol in text)
    return _font(size, KOREAN_FONTS + LATIN_FONTS if beyond_latin else LATIN_FONTS + KOREAN_FONTS)


@lru_cache(maxsize=512)
def _font(size: int, names: tuple[str, ...]) -> Font:
    path = find_font(names)
    return ImageFont.truetype(str(path), size) if path else ImageFont.load_default(size)


def find_font(names: Sequence[str]) -> Path | None:
    """The first of these fonts that is installed; None if there is none (Pillow's own has no Hangul)."""
    installed = installed_fonts()
    return next((installed[name] for name in names if name in installed), None)


@lru_cache(maxsize=1)
def installed_fonts() -> dict[str, Path]:
    """Font files by name, from the usual font folders of this system."""
    folders = [Path(folder).expanduser() for folder in FONT_FOLDERS.get(sys.platform, OTHER_FONT_FOLDERS)]
    return {file.name: file for folder in folders if folder.is_dir() for file in folder.rglob("*.[to]t[fc]")}


def write_drawings(samples: Sequence[Sample], folder: Path, limit: int) -> int:
    """Writes at most ``limit`` drawings, spread evenly over the samples, and returns how many.

    Shows progress on stderr; a sample whose image cannot be decoded is named there and left out. Raises OutputError.
    """
    console = Console(stderr=True)
    step = max(1.0, len(samples) / limit)
    chosen = [samples[int(index * step)] for index in range(min(limit, len(samples)))]
    written = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, sample in enumerate(_with_progress(chosen, console), start=1):
            try:
                drawing = Image.fromarray(draw_sample(sample))
            except InputError as error:
                console.print(f"{sample.source}: {error}", markup=False, highlight=False)
                continue
            drawing.save(folder / f"{number:04d}_{sample.image.stem}.png")
            written += 1
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be written ({error.strerror}); free space or choose another folder"
        ) from error
    return written


def _with_progress(samples: Sequence[Sample], console: Console) -> Iterable[Sample]:
    return track(samples, "Drawing", console=console, transient=True) if console.is_terminal else samples
