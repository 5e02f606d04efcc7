"""Small page images and PDFs that the tests of reading pages draw."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from ocr.data.pages import PageReader
from ocr.errors import InputError

WIDTH, HEIGHT = 60, 40
MIDDLE = (HEIGHT // 2, 10)  # row and column in the dark left half
RIGHT = (HEIGHT // 2, WIDTH - 10)  # in the white right half


def half_dark(mode: str = "RGB", dark: object = (200, 30, 30)) -> Image.Image:
    """White, with the left half in the given colour."""
    white = {"RGB": (255, 255, 255), "L": 255, "CMYK": (0, 0, 0, 0), "1": 255, "P": 1, "RGBA": (255, 255, 255, 255)}
    image = Image.new(mode, (WIDTH, HEIGHT), white[mode])  # type: ignore[arg-type]
    if mode == "P":
        image.putpalette([200, 30, 30, 255, 255, 255])
    image.paste(dark, (0, 0, WIDTH // 2, HEIGHT))  # type: ignore[arg-type]
    return image


def only_page(reader: PageReader, path: Path) -> np.ndarray:
    ((number, page),) = reader.pages(str(path))
    assert number == 1
    assert isinstance(page, np.ndarray)
    assert page.dtype == np.uint8
    return page


def error_code(reader: PageReader, path: Path | str) -> str:
    with pytest.raises(InputError) as caught:
        list(reader.pages(str(path)))
    return caught.value.code


def empty_pdf(*sizes: tuple[float, float]) -> bytes:
    document = pypdfium2.PdfDocument.new()
    for width, height in sizes:
        document.new_page(width, height)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()
