"""What cannot be read, drawn here: what is refused and with which code, and that the rest goes on."""

from __future__ import annotations

import io
import os
import signal
import zlib
from pathlib import Path

import numpy as np
import pypdfium2.raw as pdfium_c
import pytest
from PIL import Image

from ocr.data import decode_worker, image_file, pages
from ocr.data.page_options import PageOptions
from ocr.data.pages import PageReader
from ocr.errors import Failure, InputError
from tests.data.page_files import HEIGHT, WIDTH, empty_pdf, error_code, half_dark, only_page

# What cannot be read


def test_files_that_are_no_pages(reader: PageReader, tmp_path: Path) -> None:
    image = io.BytesIO()
    half_dark().save(image, "PNG")
    contents = {
        "empty": b"",
        "unsupported": b"just text\n",
        "damaged": b"%PDF-1.4 and nothing else",
        "truncated": image.getvalue()[:-40],
    }
    for code, content in contents.items():
        (tmp_path / f"{code}.png").write_bytes(content)
        assert error_code(reader, tmp_path / f"{code}.png") == code
    assert error_code(reader, tmp_path / "missing.png") == "not_found"
    assert error_code(reader, "name\0with nul") == "not_found"


@pytest.mark.parametrize(
    "start", [b"<svg xmlns=", b"%!PS-Adobe-3.0 EPSF", b"PK\x03\x04....", b"GIF89a....", b"II*", b"B"]
)
def test_formats_outside_the_promise_are_named_unsupported(reader: PageReader, tmp_path: Path, start: bytes) -> None:
    (tmp_path / "page.png").write_bytes(start + b" " * 100)
    assert error_code(reader, tmp_path / "page.png") == "unsupported"


def test_magic_bytes_alone_are_refused(reader: PageReader, tmp_path: Path) -> None:
    for number, start in enumerate(
        [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"BM", b"RIFF\0\0\0\0WEBP", b"%PDF-"]
    ):
        (tmp_path / str(number)).write_bytes(start)
        assert error_code(reader, tmp_path / str(number)) in ("damaged", "truncated")


def test_only_regular_files_are_opened(reader: PageReader, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.png")  # opening it would wait for ever
    assert error_code(reader, tmp_path / "fifo.png") == "unsupported"
    assert error_code(reader, tmp_path) == "unsupported"
    assert error_code(reader, "/dev/zero") == "unsupported"


def test_truncated_jpeg_is_refused_or_read_in_part(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.jpg")
    data = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2])
    with PageReader() as reader:
        assert error_code(reader, tmp_path / "cut.jpg") == "truncated"
    with PageReader(PageOptions(allow_truncated=True)) as reader:
        assert only_page(reader, tmp_path / "cut.jpg").shape == (200, 200, 3)
        assert only_page(reader, tmp_path / "whole.jpg").shape == (200, 200, 3)
        assert reader.truncated == [str(tmp_path / "cut.jpg")]


def test_too_many_pixels_are_refused_by_the_header(tmp_path: Path) -> None:
    header = b"\0\0\x75\x30\0\0\x75\x30\x01\0\0\0\0"  # 30,000 x 30,000, 1 bit
    chunk = (13).to_bytes(4, "big") + b"IHDR" + header + zlib.crc32(b"IHDR" + header).to_bytes(4, "big")
    data = b"\0\0\0\x04IDAT\x78\x9c\x63\0" + zlib.crc32(b"IDAT\x78\x9c\x63\0").to_bytes(4, "big")
    (tmp_path / "giant.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + data)
    (tmp_path / "giant.pdf").write_bytes(empty_pdf((200_000, 200_000)))
    half_dark().save(tmp_path / "page.png")
    with PageReader() as reader:
        assert error_code(reader, tmp_path / "giant.png") == "too_large"
        assert error_code(reader, tmp_path / "giant.pdf") == "too_large"
        assert only_page(reader, tmp_path / "page.png").shape == (HEIGHT, WIDTH, 3)
    with PageReader(PageOptions(max_pixels=100)) as reader:
        assert error_code(reader, tmp_path / "page.png") == "too_large"


def test_a_jpeg_with_hundreds_of_scans_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO(b"\xff\xd8\xff" + b"\xff\xda" * 600)
    with pytest.raises(InputError, match="600 scans"):
        image_file.check_scans(file)


ENCRYPTED_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj\n"
    b"4 0 obj<</Filter/Standard/V 1/R 2/P -4/O<" + b"61" * 32 + b">/U<" + b"62" * 32 + b">>>endobj\n"
    b"trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]/Size 5>>\n%%EOF"
)


def test_an_encrypted_pdf_names_the_option_for_its_password(tmp_path: Path) -> None:
    (tmp_path / "locked.pdf").write_bytes(ENCRYPTED_PDF)
    for password, words in ((None, "needs a password.*--password"), ("wrong", "this password does not open it")):
        with PageReader(PageOptions(password=password)) as reader, pytest.raises(InputError, match=words) as caught:
            list(reader.pages(str(tmp_path / "locked.pdf")))
        assert caught.value.code == "encrypted"


def test_every_exception_of_a_decoder_has_a_code() -> None:
    for error in (OSError("x"), ValueError("x"), TypeError("x"), SyntaxError("x"), KeyError("x"), RuntimeError()):
        assert image_file.describe(error)[0] == "damaged"
    assert image_file.describe(MemoryError())[0] == "out_of_memory"
    assert image_file.describe(OSError("image file is truncated (3 bytes)"))[0] == "truncated"


# The worker


def test_a_crash_and_a_hang_cost_only_their_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: PageReader
) -> None:
    half_dark().save(tmp_path / "page.png")
    for code, action in (
        ("worker_crash", f"import os; os.kill(os.getpid(), {int(signal.SIGSEGV)})"),
        ("timeout", "time.sleep(60)"),
    ):
        broken = f"""
import json, sys, time; sys.path[:] = json.loads(sys.argv[1])
from ocr.data import decode_worker
identify = decode_worker.identify
def bad(file):
    if "bad" in file.name: {action}
    return identify(file)
decode_worker.identify = bad
decode_worker.main()"""
        monkeypatch.setattr(pages, "START_WORKER", broken)
        (tmp_path / "bad.png").write_bytes(b"any")
        with PageReader(PageOptions(timeout=2)) as patched:
            patched.request(str(tmp_path / "bad.png"))
            patched.request(str(tmp_path / "page.png"))
            assert error_code(patched, tmp_path / "bad.png") == code
            assert only_page(patched, tmp_path / "page.png").shape == (HEIGHT, WIDTH, 3)


def test_a_page_that_crashes_keeps_the_pages_around_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "five.pdf").write_bytes(empty_pdf(*[(50, 50)] * 5))
    broken = """
import json, os, sys; sys.path[:] = json.loads(sys.argv[1])
from ocr.data import decode_worker, pdf_file
render_page = pdf_file.render_page
def bad(document, index, dpi, max_pixels):
    if index == 2: os._exit(1)
    return render_page(document, index, dpi, max_pixels)
pdf_file.render_page = bad
decode_worker.main()"""
    monkeypatch.setattr(pages, "START_WORKER", broken)
    with PageReader() as reader:
        entries = list(reader.pages(str(tmp_path / "five.pdf")))
    assert [number for number, _ in entries] == [1, 2, 3, 4, 5]
    assert [number for number, page in entries if isinstance(page, Failure)] == [3]


def test_a_page_too_large_for_the_memory_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: PageReader
) -> None:
    (tmp_path / "three.pdf").write_bytes(empty_pdf((72, 72), (72, 144), (72, 72)))
    empty = np.empty

    def little_memory(shape: tuple[int, ...], dtype: type) -> np.ndarray:
        if shape[0] == 400:
            raise MemoryError
        return empty(shape, dtype)

    monkeypatch.setattr(np, "empty", little_memory)
    entries = list(reader.pages(str(tmp_path / "three.pdf")))
    codes = [page.code if isinstance(page, Failure) else "" for _, page in entries]
    assert codes == ["", "out_of_memory", ""]


def test_a_file_left_in_the_middle_does_not_disturb_the_next(reader: PageReader, tmp_path: Path) -> None:
    (tmp_path / "five.pdf").write_bytes(empty_pdf(*[(50, 50)] * 5))
    half_dark().save(tmp_path / "page.png")
    reader.request(str(tmp_path / "five.pdf"))
    reader.request(str(tmp_path / "page.png"))
    stream = reader.pages(str(tmp_path / "five.pdf"))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert only_page(reader, tmp_path / "page.png").shape == (HEIGHT, WIDTH, 3)


def test_standard_input_is_stored_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    image = io.BytesIO()
    half_dark().save(image, "PNG")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(image.getvalue())))
    with PageReader() as reader:
        reader.request("-")
        assert len(list(tmp_path.iterdir())) == 1
        ((_, page),) = reader.pages("-")
        assert isinstance(page, np.ndarray)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(pages, "MAX_STANDARD_INPUT", 1000)
    with pytest.raises(InputError, match="1,000 bytes"):
        pages.store_standard_input(io.BytesIO(bytes(1001)))
    assert list(tmp_path.iterdir()) == []


def test_closing_ends_the_worker(tmp_path: Path) -> None:
    reader = PageReader()
    process = reader._process
    reader.close()
    assert process.poll() is not None


def test_the_worker_knows_the_end_of_its_input_and_stays_light() -> None:
    assert decode_worker.sniff(b"RIFF....WEBPVP8 ") == "WEBP"
    assert decode_worker.sniff(b"\n\n%PDF-1.7") == "PDF"
    assert decode_worker.sniff(b"GIF89a") is None
    assert pdfium_c.FPDF_ERR_PASSWORD == 4  # the constant pypdfium2 must keep
