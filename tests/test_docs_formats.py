"""docs/formats.md can be walked: its commands and its Python write what the page says, and its table is the truth."""

from __future__ import annotations

import io
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2
import pytest
from PIL import Image as PillowImage

import ocr
from ocr.cli import main
from ocr.predict import load_once
from ocr.writers import FORMATS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def draw(path: Path, text: str) -> None:
    image = np.full((120, 440, 3), 255, np.uint8)
    cv2.putText(image, text, (20, 70), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (30, 30, 30), 2, cv2.LINE_AA)
    PillowImage.fromarray(image).save(path, dpi=(200, 200))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What a user of the page has: ``scan.png``, ``scans/`` and ``book.pdf`` of two pages."""
    monkeypatch.chdir(tmp_path)
    draw(tmp_path / "scan.png", "Bakery number 7")
    (tmp_path / "scans").mkdir()
    (tmp_path / "results").mkdir()
    book = pypdfium2.PdfDocument.new()
    for number in (1, 2):
        draw(tmp_path / "scans" / f"{number}.png", f"Bakery number {number}")
        ocr.write(ocr.Document(f"scans/{number}.png", (ocr.Page(1, 440, 120),)), tmp_path / "one.pdf")
        book.import_pages(pypdfium2.PdfDocument(tmp_path / "one.pdf"))
    book.save(tmp_path / "book.pdf")
    (tmp_path / "one.pdf").unlink()
    load_once.cache_clear()  # other tests take other readers
    yield tmp_path
    load_once.cache_clear()


def text_of(path: Path) -> list[str]:
    document = pypdfium2.PdfDocument(path)
    return [document[index].get_textpage().get_text_bounded() for index in range(len(document))]


def test_the_table_is_that_of_the_formats() -> None:
    rows = re.findall(r"^\| (`.*?) \| (`.*?) \|", PAGE, re.MULTILINE)[1:]
    shown = {pair for names, ends in rows for pair in zip(names.split(", "), ends.split(", "), strict=True)}
    assert shown == {(f"`{entry.name}`", f"`{entry.suffix}`") for entry in FORMATS}
    assert "(docs/formats.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_commands_write_what_the_page_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = blocks("bash")
    for line in block.splitlines():
        arguments, _, piped = line.partition(" > ")
        standard_output: Any = io.TextIOWrapper((folder / piped).open("wb")) if piped else sys.stdout
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", standard_output)
            assert main(shlex.split(arguments)[1:]) == 0, f"{line}\n{capsys.readouterr().err}"
    written = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    names = {f"results/{stem}.{ending}" for stem in ("1", "2", "book") for ending in ("alto.xml", "md", "pdf")}
    names |= {"results/book-0002.alto.xml", "results/scan.hocr", "results/scan.pdf", "scan.hocr", "searchable.pdf"}
    names |= {"second.page.xml", "piped.pdf"}
    assert written == names | {"scan.png", "scans/1.png", "scans/2.png", "book.pdf"}
    assert [text.strip() for text in text_of(folder / "searchable.pdf")] == ["Bakery number 1", "Bakery number 2"]
    assert [text.strip() for text in text_of(folder / "piped.pdf")] == ["Bakery number 7"]
    second = (folder / "second.page.xml").read_text("utf-8")
    assert "Bakery number 2" in second and "<Glyph" in second and "number 1" not in second


def test_the_python_of_the_page_runs(folder: Path) -> None:
    (block,) = blocks("python")
    exec(compile(block, "docs/formats.md", "exec"), {})
    assert text_of(folder / "scan.pdf") == ["Bakery number 7"]
    assert "ocrx_cinfo" in (folder / "scan.hocr").read_text("utf-8") and (folder / "scan.tsv").is_file()
