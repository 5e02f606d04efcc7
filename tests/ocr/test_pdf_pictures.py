"""Searchable PDF of pictures: they look as they are read, and their data stay what they were."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from PIL import Image as PillowImage
from PIL import ImageDraw

from ocr.data.pages import PageReader
from ocr.polygon import bounds
from tests.ocr.pdf_pages import UPRIGHT, blank, boxes_of, made, page_of, rendered, turned


def pictures(folder: Path) -> dict[str, Path]:
    """Files of every kind with a picture that is the same neither turned nor mirrored."""
    colour = PillowImage.new("RGB", (90, 60), "white")
    ImageDraw.Draw(colour).rectangle((5, 5, 30, 12), fill=(220, 20, 40))
    ImageDraw.Draw(colour).polygon([(50, 50), (85, 50), (85, 20)], fill=(20, 60, 200))
    grey, ink = colour.convert("L"), colour.convert("1", dither=PillowImage.Dither.NONE)
    clear = colour.convert("RGBA")
    clear.putalpha(PillowImage.linear_gradient("L").resize(clear.size))
    deep = PillowImage.fromarray(np.linspace(0, 65535, 90 * 60, dtype=np.uint16).reshape(60, 90))
    images = {
        "colour.jpg": colour,
        "grey.jpg": grey,
        "four.jpg": colour.convert("CMYK"),
        "colour.png": colour,
        "grey.png": grey,
        "deep.png": deep,
        "palette.png": colour.quantize(7),
        "ink.png": ink,
        "clear.png": clear,
        "colour.webp": colour,
        "colour.bmp": colour,
        "ink.tif": ink,
        "colour.tif": colour,
    }
    for name, image in images.items():
        image.save(folder / name, lossless=True)  # which concerns WebP alone
    for number in range(2, 9):
        exif = PillowImage.Exif()
        exif[0x0112] = number
        for ending in ("jpg", "png", "tif"):
            colour.save(folder / f"turned{number}.{ending}", exif=exif)
    return {path.name: path for path in sorted(folder.iterdir())}


def test_pictures_look_as_they_are_read(tmp_path: Path) -> None:
    paths = pictures(tmp_path)
    with PageReader() as reader:
        images = {name: dict(reader.pages(str(path)))[1] for name, path in paths.items()}
    for name, path in paths.items():
        image: Any = images[name]
        height, width = image.shape[:2]
        line = turned("word", (width / 2, height / 2), 0, height=8)
        data = made(path, page_of(line, size=(width, height)))
        document = pypdfium2.PdfDocument(data)
        size = document[0].get_size()
        document.close()
        if path.suffix == ".png":  # without a resolution
            assert max(size) == pytest.approx(297 / 25.4 * 72, abs=0.01)
        seen = rendered(data, scale=max(width, height) / max(size))
        assert seen.shape[:2] == (height, width), name
        allowed = 30 if name in ("four.jpg", "deep.png") else 3  # PDFium converts CMYK and 16 bits in its own way
        assert np.abs(seen - image).mean() <= allowed, name
        if name not in ("four.jpg", "deep.png"):
            assert np.abs(seen - image).max() <= 12, name
        ((_, box),) = boxes_of(data, page_of(line))
        assert np.abs(np.subtract(box, np.multiply(bounds(line.polygon), max(size) / max(width, height)))).max() < 1.2


def test_data_of_pictures_are_taken_over_and_files_stay_small(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    image = PillowImage.fromarray(noise)
    page = page_of(*(turned("twenty words of a page", (200, 12 * n), 0, height=8) for n in range(25)), size=(400, 300))
    for name, compression in {"x.jpg": None, "x.png": None, "ink.tif": "group4"}.items():
        path = tmp_path / name
        (image.convert("1") if compression else image).save(path, compression=compression)
        original = path.read_bytes()
        data = made(path, page)
        assert len(data) <= len(original) + 7000, name
        if name == "x.jpg":
            assert original in data
        if name == "x.png":
            assert re.sub(rb".*IDAT", b"", original, count=1, flags=re.DOTALL)[:5000] in data


def test_resolution_says_how_large_the_page_is(tmp_path: Path) -> None:
    for dots, size in {300: (297.6, 421), 72: (595.2, 841.9)}.items():
        document = pypdfium2.PdfDocument(made(blank(tmp_path / "x.jpg", dpi=(dots, dots)), UPRIGHT))
        assert document[0].get_size() == pytest.approx(size, abs=0.1)


def test_colour_profiles_stay(tmp_path: Path) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name in ("x.jpg", "x.png"):
        data = made(blank(tmp_path / name, icc_profile=profile), UPRIGHT)
        assert b"/ICCBased" in data, name


def test_pages_of_a_tiff_are_those_that_were_read(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    images = [PillowImage.new("L", (100, 50 + 50 * number), 250) for number in range(3)]
    images[0].save(path, save_all=True, append_images=images[1:], dpi=(72, 72))
    pages = [page_of(turned(f"page {n}", (50, 25), 0, 10), number=n, size=(100, 50 * n)) for n in (1, 3)]
    document = pypdfium2.PdfDocument(made(path, *pages))
    assert [document[n].get_size() for n in range(len(document))] == [(100, 50), (100, 150)]
    assert [document[n].get_textpage().get_text_bounded() for n in range(2)] == ["page 1", "page 3"]
