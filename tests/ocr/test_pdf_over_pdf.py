"""Searchable PDF of PDFs: their pages stay what they were and get text in the right places."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from PIL import Image as PillowImage

from ocr.data.page_options import PageOptions
from ocr.data.pages import PageReader
from ocr.document import Page
from ocr.errors import InputError
from ocr.polygon import bounds
from ocr.writers import WriterOptions
from tests.ocr.pdf_pages import made, page_of, plain_text, rendered, turned


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """Three pages as scanners make them: a scale that is never taken back, the middle page turned and cropped."""
    pikepdf = pytest.importorskip("pikepdf", reason="pikepdf is not installed")
    file = io.BytesIO()
    PillowImage.effect_noise((620, 877), 60).convert("RGB").save(file, "JPEG")
    document = pikepdf.new()
    for number in range(3):
        picture = pikepdf.Stream(document, file.getvalue())
        entries = {"/Type": "/XObject", "/Subtype": "/Image", "/ColorSpace": "/DeviceRGB", "/Filter": "/DCTDecode"}
        for key, value in entries.items():
            picture[key] = pikepdf.Name(value)
        picture.Width, picture.Height, picture.BitsPerComponent = 620, 877, 8
        page = document.add_blank_page(page_size=(595, 842))
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im=picture))
        page.Contents = pikepdf.Stream(document, b"0.5 0 0 0.5 20 30 cm 1100 0 0 1600 0 0 cm /Im Do")
        if number == 1:
            page.Rotate, page.CropBox = 90, [40, 50, 540, 800]
    with document.open_outline() as outline:
        outline.root.append(pikepdf.OutlineItem("Chapter", 1))
    document.docinfo["/Title"] = "A scan"
    path = tmp_path / "scan.pdf"
    document.save(path, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return path


def read_size(path: Path, number: int) -> tuple[int, int]:
    """Pixels of a page as ``ocr predict --dpi 150`` reads it."""
    with PageReader(PageOptions(dpi=150, pages=str(number))) as reader:
        ((_, image),) = reader.pages(str(path))
    return image.shape[1], image.shape[0]  # type: ignore[union-attr]


def test_pages_of_a_pdf_stay_and_get_text_in_the_right_places(scan: Path) -> None:
    pikepdf = pytest.importorskip("pikepdf")
    pages = []
    for number in (1, 2):
        lines = (turned("한글 words", (400, 300), 0), turned("lower right corner", (950, 700), 90))
        pages.append(page_of(*lines, number=number, size=read_size(scan, number)))
    original = scan.read_bytes()
    data = made(scan, *pages)
    assert len(data) < len(original) + 6000
    document = pypdfium2.PdfDocument(data)
    for index, page in enumerate(pages):
        pdf_page, text = document[index], document[index].get_textpage()
        assert [w for w in re.split(r"\s+", text.get_text_bounded()) if w] == [w.text for w in page.words]
        for word in page.words:  # PDFium's own way from pixels to the page, the other way round
            left, top, right, bottom = bounds(word.polygon)
            corners = [device_to_page(pdf_page, page, x, y) for x, y in ((left, top), (right, bottom))]
            (x0, x1), (y0, y1) = (sorted(values) for values in zip(*corners, strict=True))
            assert text.get_text_bounded(x0 - 1, y0 - 1, x1 + 1, y1 + 1).strip() == word.text
    assert document[2].get_textpage().count_chars() == 0
    for index in range(3):
        assert np.array_equal(rendered(data, index), rendered(original, index)), "the text can be seen"
    with pikepdf.open(io.BytesIO(data)) as new, pikepdf.open(scan) as old:
        assert new.check_pdf_syntax() == [] and str(new.docinfo["/Title"]) == "A scan"
        with new.open_outline() as outline:
            assert [item.title for item in outline.root] == ["Chapter"]
        for page, before in zip(new.pages, old.pages, strict=True):
            images = page.Resources.XObject.Im, before.Resources.XObject.Im
            assert images[0].read_raw_bytes() == images[1].read_raw_bytes()


def device_to_page(pdf_page: Any, page: Page, x: float, y: float) -> tuple[float, float]:
    from ocr.writers.pdf_text import page_space

    return page_space(pdf_page, (page.width, page.height)).point((x, y))


def test_text_of_a_page_is_not_said_twice(scan: Path) -> None:
    size = read_size(scan, 1)
    page = page_of(turned("once", (400, 300), 0), size=size)
    first = made(scan, page)
    again = scan.with_name("again.pdf")
    again.write_bytes(first)
    second = made(again, page_of(turned("once", (402, 301), 0), turned("more", (400, 700), 0), size=size))
    assert plain_text(second).split() == ["once", "more"]


def test_an_encrypted_pdf_needs_its_password_and_stays_encrypted(scan: Path) -> None:
    pikepdf = pytest.importorskip("pikepdf")
    locked = scan.with_name("locked.pdf")
    with pikepdf.open(scan) as document:
        document.save(locked, encryption=pikepdf.Encryption(owner="o", user="secret"))
    page = page_of(turned("hidden", (400, 300), 0), size=(1240, 1754))
    with pytest.raises(InputError, match="needs a password"):
        made(locked, page)
    data = made(locked, page, options=WriterOptions(opening=PageOptions(password="secret")))
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(io.BytesIO(data))
    document = pypdfium2.PdfDocument(data, password="secret")
    assert document[0].get_textpage().get_text_bounded() == "hidden"
