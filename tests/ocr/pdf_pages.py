"""Pages with words in known places, the searchable PDFs made of them, and what PDFium finds in these."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
from PIL import Image as PillowImage
from PIL import ImageDraw

from ocr.document import Block, Document, Line, Page, Word
from ocr.polygon import as_polygon, from_box, slice_quad, transform
from ocr.writers import WRITERS, WriterOptions

TWO_PIXELS = 2 * 72 / 150
"""Points; the most by which text may lie beside its word."""

WIDTH, HEIGHT = 1240, 1754  # A4 at 150 dpi
SCALE = 72 / 150


def turned(text: str, centre: tuple[float, float], angle: float, height: float = 36.0) -> Line:
    """A line of words turned clockwise by an angle in degrees about its centre."""
    (x, y), length = centre, height * len(text) * 0.55
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    matrix = np.array([[cosine, -sine, x], [sine, cosine, y]])
    quad = transform(from_box(-length / 2, -height / 2, length / 2, height / 2), matrix)
    words, start = [], 0
    for word in text.split(" "):
        place = slice_quad(quad, start / len(text), (start + len(word)) / len(text))
        words.append(Word(word, as_polygon(place)))
        start += len(word) + 1
    return Line(text, as_polygon(quad), 1.0, tuple(words))


def page_of(*lines: Line, number: int = 1, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Page:
    return Page(number, *size, tuple(Block((line,)) for line in lines))


UPRIGHT = page_of(
    turned("Invoice No. 12/2026", (400, 120), 0),
    turned("합계 금액 3,000원 부가세 포함", (450, 220), 0),
    turned("Größe: 12 – “zwölf” œuvre", (500, 320), 1.2),
    turned("tiny print of nine pixels", (500, 420), 0, height=9),
)
SIDEWAYS = page_of(
    turned("Most lines stand level, without a tilt", (620, 300), 0),
    turned("down the right side", (1150, 900), 90),
    turned("위로 읽는 글", (80, 900), 270),
    turned("head over heels", (620, 1650), 180),
)


def blank(path: Path, size: tuple[int, int] = (WIDTH, HEIGHT), **settings: Any) -> Path:
    """A picture with some ink; A4 at 150 dpi unless told otherwise."""
    image = PillowImage.new("RGB", size, "white")
    ImageDraw.Draw(image).ellipse((size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 3), fill=(200, 30, 60))
    image.save(path, **({"dpi": (150, 150)} | settings))
    return path


def made(path: Path, *pages: Page, options: WriterOptions | None = None) -> bytes:
    """The searchable PDF of a file in which these pages were read."""
    pieces = WRITERS["pdf"].write(Document(str(path), pages), options or WriterOptions())
    return b"".join(piece for piece in pieces if isinstance(piece, bytes))


def letters(data: bytes, index: int = 0) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Letters of a page with left, top, right, bottom in points from its top left, as PDFium finds them."""
    document = pypdfium2.PdfDocument(data)
    page = document[index]
    text, height = page.get_textpage(), page.get_height()
    found = []
    for number in range(text.count_chars()):
        left, low, right, high = text.get_charbox(number, loose=True)
        found.append((text.get_text_range(number, 1), (left, height - high, right, height - low)))
    document.close()
    return found


def plain_text(data: bytes, index: int = 0) -> str:
    document = pypdfium2.PdfDocument(data)
    text: str = document[index].get_textpage().get_text_bounded()
    document.close()
    return text


def rendered(data: bytes, index: int = 0, scale: float = 1.0) -> Any:
    document = pypdfium2.PdfDocument(data)
    image = np.asarray(document[index].render(scale=scale).to_pil().convert("RGB")).astype(int)
    document.close()
    return image


def boxes_of(data: bytes, page: Page, index: int = 0) -> list[tuple[Word, tuple[float, float, float, float]]]:
    """Each word of the page with the box around the letters of its next like in the PDF, which has no other words."""
    words: list[tuple[str, list[Any]]] = []
    for letter, box in [(" ", None), *letters(data, index)]:
        if letter.isspace():
            words.append(("", []))
        else:
            words[-1] = (words[-1][0] + letter, [*words[-1][1], box])
    waiting = [(text, np.array(boxes)) for text, boxes in words if text]
    assert sorted(text for text, _ in waiting) == sorted(word.text for word in page.words)
    result = []
    for word in page.words:
        boxes = waiting.pop([text for text, _ in waiting].index(word.text))[1]
        result.append((word, (*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())))
    return result
