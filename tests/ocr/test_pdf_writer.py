"""Searchable PDF: where its text lies, what can be taken out of it, and faults that cost one file."""

from __future__ import annotations

import base64
import io
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ocr.data.page_options import PageOptions
from ocr.document import Document, Line, Page, Word
from ocr.errors import InputError, UsageError
from ocr.polygon import bounds, from_box, slice_quad
from ocr.predict import DocumentStream
from ocr.writers import WRITERS, WriterOptions, pdf, pdf_font
from ocr.writers.several import write
from tests.ocr.pdf_pages import (
    SCALE,
    SIDEWAYS,
    TWO_PIXELS,
    UPRIGHT,
    blank,
    boxes_of,
    letters,
    made,
    page_of,
    plain_text,
    turned,
)


def test_the_font_is_what_its_users_think() -> None:
    fonts = pytest.importorskip("fontTools.ttLib", reason="training extra not installed")
    font = fonts.TTFont(io.BytesIO(zlib.decompress(base64.b64decode(pdf_font.FONT))))
    assert font["head"].unitsPerEm == 1000 and font["hhea"].ascent == 1000
    assert [font["hmtx"][name][0] for name in font.getGlyphOrder()] == [500, 500, 1000]
    glyph = font["glyf"][font.getGlyphOrder()[2]]
    assert (glyph.xMin, glyph.yMin, glyph.xMax, glyph.yMax) == (0, 0, 1000, 1000)
    assert pdf_font.advance(pdf_font.codes("a합")) == 1.5 and pdf_font.codes("𝄞") == [0xD834, 0xDD1E]


@pytest.mark.parametrize("page", [UPRIGHT, SIDEWAYS], ids=["upright", "sideways"])
def test_words_lie_where_they_were_read(page: Page, tmp_path: Path) -> None:
    data = made(blank(tmp_path / "x.png"), page)
    for word, box in boxes_of(data, page):
        assert np.abs(np.subtract(box, np.multiply(bounds(word.polygon), SCALE))).max() <= TWO_PIXELS, word.text


@pytest.mark.parametrize("angle", range(0, 360, 24))
def test_letters_follow_lines_at_any_angle(angle: int, tmp_path: Path) -> None:
    line = turned("AAAA 가나다 BB", (620, 800), angle, height=40)
    data = made(blank(tmp_path / "x.png"), page_of(line))
    assert re.sub(r"\s+", " ", plain_text(data)).strip() == line.text
    found = [(letter, box) for letter, box in letters(data) if not letter.isspace()]
    place = 0
    for word in line.words:
        for n, letter in enumerate(word.text):
            quad = np.array(slice_quad(word.polygon, n / len(word.text), (n + 1) / len(word.text))) * SCALE
            (seen, box), place = found[place], place + 1
            centre = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
            assert seen == letter and np.abs(centre - quad.mean(axis=0)).max() <= TWO_PIXELS


def poppler(tmp_path: Path, data: bytes, *options: str) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed: apt-get install poppler-utils")
    (tmp_path / "x.pdf").write_bytes(data)
    command = ["pdftotext", *options, str(tmp_path / "x.pdf"), "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8")


@pytest.mark.parametrize("page", [UPRIGHT, SIDEWAYS], ids=["upright", "sideways"])
def test_poppler_finds_the_same_words_in_the_same_places(page: Page, tmp_path: Path) -> None:
    html = poppler(tmp_path, made(blank(tmp_path / "x.png"), page), "-bbox")
    found = {}
    for *box, text in re.findall(r'<word xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)</word>', html):
        found[text] = [float(value) for value in box]
    assert set(found) == {word.text for word in page.words}
    for word in page.words:
        expected = np.multiply(bounds(word.polygon), SCALE)
        assert np.abs(np.subtract(found[word.text], expected)).max() <= TWO_PIXELS, word.text


def test_poppler_reads_lines_as_they_stand(tmp_path: Path) -> None:
    text = poppler(tmp_path, made(blank(tmp_path / "x.png"), UPRIGHT))
    assert [line for line in text.splitlines() if line.strip("\f")] == [line.text for line in UPRIGHT.lines]


# Faults


def test_a_file_of_which_no_pdf_can_be_made_costs_only_itself(tmp_path: Path) -> None:
    broken, good = tmp_path / "broken.pdf", blank(tmp_path / "good.png")
    broken.write_bytes(b"%PDF-1.4\nnothing")
    with pytest.raises(InputError, match="damaged") as caught:
        made(broken, UPRIGHT)
    assert caught.value.code == "damaged"
    with pytest.raises(InputError, match=r"cannot make a PDF of .*none\.png: there is no such file"):
        write(Document(str(tmp_path / "none.png"), (UPRIGHT,)), tmp_path / "none.pdf")
    assert not (tmp_path / "none.pdf").exists()
    assert "Invoice" in plain_text(made(good, UPRIGHT))


def test_a_crash_of_the_process_costs_only_one_file(tmp_path: Path) -> None:
    path = blank(tmp_path / "x.png")

    def killing() -> Iterator[Page]:
        pdf.running_worker().process.kill()
        yield UPRIGHT

    with pytest.raises(InputError, match="exit status -9") as caught:
        list(WRITERS["pdf"].write(DocumentStream(str(path), killing()), WriterOptions()))
    assert caught.value.code == "worker_crash"
    assert "Invoice" in plain_text(made(path, UPRIGHT))


def test_a_document_that_was_given_up_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    path = blank(tmp_path / "x.png")
    pieces = WRITERS["pdf"].write(Document(str(path), (UPRIGHT, UPRIGHT)), WriterOptions())
    next(pieces)
    pieces.close()  # type: ignore[union-attr]
    assert plain_text(made(path, SIDEWAYS)).count("down the right side") == 1


def test_the_limit_on_pixels_holds_here_too(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="more than the limit of 1,000") as caught:
        made(blank(tmp_path / "x.png"), UPRIGHT, options=WriterOptions(opening=PageOptions(max_pixels=1000)))
    assert caught.value.code == "too_large"


def test_standard_input_needs_its_copy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="standard input"):
        list(WRITERS["pdf"].write(Document("-", (UPRIGHT,)), WriterOptions()))
    stream = DocumentStream("-", iter([UPRIGHT]), path=str(blank(tmp_path / "c.png")))
    assert b"".join(WRITERS["pdf"].write(stream, WriterOptions())).startswith(b"%PDF")  # type: ignore[arg-type]


def test_words_without_letters_or_extent_are_left_out(tmp_path: Path) -> None:
    flat, empty = Word("flat", from_box(5, 5, 50, 5)), Word("", from_box(5, 5, 50, 50))
    line = Line("x", from_box(5, 5, 50, 50), 1.0, (flat, empty, Word("x", from_box(100, 100, 130, 140))))
    assert plain_text(made(blank(tmp_path / "x.png"), page_of(line))) == "x"


def test_names_are_those_of_the_folder_of_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        blank(tmp_path / name / f"{name}.png")
        monkeypatch.chdir(tmp_path / name)  # the process that writes was started in another one
        assert made(Path(f"{name}.png"), SIDEWAYS).startswith(b"%PDF")
