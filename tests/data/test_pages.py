"""Every kind of input, drawn here: what is read, what is refused and with which code, and that the rest goes on."""

from __future__ import annotations

import io
import os
import signal
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium_c
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from ocr.data import decode_worker, image_file, page_options, pages, pdf_file
from ocr.data.page_options import PageOptions
from ocr.data.pages import PageReader
from ocr.errors import Failure, InputError, UsageError

WIDTH, HEIGHT = 60, 40
MIDDLE = (HEIGHT // 2, 10)  # row and column in the dark left half
RIGHT = (HEIGHT // 2, WIDTH - 10)  # in the white right half


@pytest.fixture(scope="module")
def reader() -> Iterator[PageReader]:
    with PageReader() as opened:
        yield opened


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


# Formats and colour modes


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "bmp"])
def test_each_format_is_read_by_its_content(reader: PageReader, tmp_path: Path, suffix: str) -> None:
    half_dark().save(tmp_path / f"page.{suffix}", quality=95)
    (tmp_path / f"page.{suffix}").rename(tmp_path / "wrong.pdf")
    page = only_page(reader, tmp_path / "wrong.pdf")
    assert page.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(page[MIDDLE].astype(int) - (200, 30, 30)).max() < 25
    assert page[RIGHT].min() > 240


@pytest.mark.parametrize(
    ("mode", "dark", "suffix"),
    [
        ("L", 40, "png"),
        ("1", 0, "tif"),
        ("1", 0, "png"),
        ("P", 0, "png"),
        ("P", 0, "bmp"),
        ("RGBA", (20, 20, 20, 255), "png"),
        ("CMYK", (0, 255, 255, 60), "jpg"),
        ("CMYK", (0, 255, 255, 60), "tif"),
    ],
)
def test_colour_modes_keep_dark_and_light(
    reader: PageReader, tmp_path: Path, mode: str, dark: object, suffix: str
) -> None:
    half_dark(mode, dark).save(tmp_path / f"page.{suffix}")
    page = only_page(reader, tmp_path / f"page.{suffix}")
    assert page[MIDDLE].mean() < 110
    assert page[RIGHT].min() > 240


@pytest.mark.parametrize(("dtype", "top"), [(np.uint16, 65535), (np.uint16, 4095), (np.int32, 65535), (np.float32, 1)])
def test_deep_grey_levels_are_scaled_not_clipped(reader: PageReader, tmp_path: Path, dtype: type, top: int) -> None:
    levels: np.ndarray = np.full((HEIGHT, WIDTH), top, dtype)
    levels[:, : WIDTH // 2] = top / 4
    Image.fromarray(levels).save(tmp_path / "deep.tif")
    page = only_page(reader, tmp_path / "deep.tif")
    assert abs(int(page[MIDDLE][0]) - 64) <= 1
    assert page[RIGHT].min() >= 254


def test_float_levels_that_are_not_numbers_do_not_spoil_the_page() -> None:
    levels = np.array([[0.0, np.nan], [1.0, np.inf]], np.float32)
    assert np.asarray(image_file.scale_grey(Image.fromarray(levels))).tolist() == [[0, 0], [255, 0]]


def test_transparency_is_laid_over_white(reader: PageReader, tmp_path: Path) -> None:
    image = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, WIDTH // 2, HEIGHT))
    image.save(tmp_path / "page.png")
    page = only_page(reader, tmp_path / "page.png")
    assert page[MIDDLE].max() == 0
    assert page[RIGHT].min() == 255


def test_premultiplied_alpha_is_laid_over_white() -> None:
    half = Image.new("La", (2, 2), (0, 128))  # type: ignore[arg-type]
    assert np.asarray(image_file.to_rgb(half))[0, 0].tolist() == pytest.approx([127] * 3, abs=1)


def test_a_palette_colour_may_be_transparent(reader: PageReader, tmp_path: Path) -> None:
    half_dark("P", 0).save(tmp_path / "page.png", transparency=0)
    assert only_page(reader, tmp_path / "page.png").min() == 255


def test_a_damaged_colour_profile_is_ignored() -> None:
    image = half_dark("CMYK", (0, 255, 255, 60))
    image.info["icc_profile"] = b"no profile"
    assert np.asarray(image_file.to_rgb(image))[RIGHT].min() == 255


def test_a_profile_of_another_colour_space_is_ignored() -> None:
    image = half_dark("CMYK", (0, 255, 255, 60))
    image.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert image_file.to_rgb(image).mode == "RGB"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "tif", "webp"])
def test_pages_come_as_a_viewer_displays_them(
    reader: PageReader, tmp_path: Path, orientation: int, suffix: str
) -> None:
    upright = half_dark()
    undo = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}  # what the camera stored
    method = undo.get(orientation) or image_file.TRANSPOSES.get(orientation)
    stored = upright if method is None else upright.transpose(method)
    exif = Image.Exif()
    exif[image_file.ORIENTATION_TAG] = orientation
    stored.save(tmp_path / f"page.{suffix}", exif=exif, quality=95)
    page = only_page(reader, tmp_path / f"page.{suffix}")
    assert page.shape == (HEIGHT, WIDTH, 3)
    assert page[MIDDLE].mean() < 110
    assert page[RIGHT].min() > 230


# Several pages


def test_all_pages_of_a_tiff_and_the_first_frame_of_an_animation(reader: PageReader, tmp_path: Path) -> None:
    frames = [Image.new("L", (10 + n, 10), 40 * n) for n in range(4)]
    frames[0].save(tmp_path / "pages.tif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "moving.png", save_all=True, append_images=frames[1:])
    sizes = [page.shape[1] for _, page in reader.pages(str(tmp_path / "pages.tif")) if isinstance(page, np.ndarray)]
    assert sizes == [10, 11, 12, 13]
    assert len(list(reader.pages(str(tmp_path / "moving.png")))) == 1


def test_thumbnails_inside_a_tiff_are_no_pages(reader: PageReader, tmp_path: Path) -> None:
    with TiffImagePlugin.AppendingTiffWriter(str(tmp_path / "pages.tif"), True) as writer:
        for size, kind in ((50, 0), (5, 1), (50, 0)):
            Image.new("L", (size, size)).save(writer, "TIFF", tiffinfo={image_file.SUBFILE_TYPE_TAG: kind})
            writer.newFrame()
    assert [number for number, _ in reader.pages(str(tmp_path / "pages.tif"))] == [1, 2]


def test_a_bad_later_page_keeps_the_others(reader: PageReader, tmp_path: Path) -> None:
    frames = [Image.new("L", (64, 64), 40 * n) for n in range(2)]
    frames[0].save(tmp_path / "pages.tif", save_all=True, append_images=frames[1:])
    data = (tmp_path / "pages.tif").read_bytes()
    (tmp_path / "cut.tif").write_bytes(data[:-2000])
    entries = list(reader.pages(str(tmp_path / "cut.tif")))
    assert isinstance(entries[0][1], np.ndarray)
    assert isinstance(entries[-1][1], Failure)


def test_no_more_than_so_many_pages_are_read(tmp_path: Path) -> None:
    (tmp_path / "six.pdf").write_bytes(empty_pdf(*[(50, 50)] * 6))
    with PageReader(PageOptions(max_pages=4)) as reader:
        entries = list(reader.pages(str(tmp_path / "six.pdf")))
        assert [number for number, _ in entries] == [1, 2, 3, 4, 5]
        failure = entries[-1][1]
        assert isinstance(failure, Failure) and failure.code == "too_large" and "--max-pages" in failure.message
    with PageReader(PageOptions(max_pages=4, pages="3-")) as reader:
        assert all(isinstance(page, np.ndarray) for _, page in reader.pages(str(tmp_path / "six.pdf")))


def test_a_tiff_whose_pages_go_round_in_a_circle_ends(reader: PageReader, tmp_path: Path) -> None:
    frames = [Image.new("L", (10 + n, 10)) for n in range(2)]
    frames[0].save(tmp_path / "pages.tif", save_all=True, append_images=frames[1:])
    data = bytearray((tmp_path / "pages.tif").read_bytes())
    first = int.from_bytes(data[4:8], "little")
    second = directory_end(data, first)
    last = directory_end(data, int.from_bytes(data[second : second + 4], "little"))
    data[last : last + 4] = first.to_bytes(4, "little")
    (tmp_path / "circle.tif").write_bytes(data)
    entries = list(reader.pages(str(tmp_path / "circle.tif")))
    assert [number for number, page in entries if isinstance(page, np.ndarray)] == [1, 2]


def directory_end(data: bytes | bytearray, start: int) -> int:
    """Where a TIFF directory says where the next one is."""
    return start + 2 + 12 * int.from_bytes(data[start : start + 2], "little")


def test_of_an_mpo_the_first_picture_is_read(reader: PageReader, tmp_path: Path) -> None:
    half_dark().save(tmp_path / "camera.mpo", save_all=True, append_images=[Image.new("RGB", (5, 5))])
    assert only_page(reader, tmp_path / "camera.mpo").shape == (HEIGHT, WIDTH, 3)


def test_pdf_pages_at_the_chosen_resolution(tmp_path: Path) -> None:
    (tmp_path / "two.pdf").write_bytes(empty_pdf((144, 72), (72, 216)))
    with PageReader(PageOptions(dpi=100)) as reader:
        shapes = [page.shape for _, page in reader.pages(str(tmp_path / "two.pdf")) if isinstance(page, np.ndarray)]
    assert shapes == [(100, 200, 3), (300, 100, 3)]


def test_a_long_pdf_is_opened_anew_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_file, "PAGES_OPEN", 2)
    (tmp_path / "five.pdf").write_bytes(empty_pdf(*[(50 + 10 * number, 50) for number in range(5)]))
    opened: list[pypdfium2.PdfDocument] = []
    with (tmp_path / "five.pdf").open("rb") as file:

        def reopen() -> pypdfium2.PdfDocument:
            opened.append(pdf_file.open_pdf(file, None))
            return opened[-1]

        pages = pdf_file.render_pages(reopen(), range(1, 6), 72, 10_000, reopen)
        widths = [page.width for _, page in pages if isinstance(page, Image.Image)]
    assert widths == [50, 60, 70, 80, 90] and len(opened) == 3


def test_chosen_pages_only(tmp_path: Path) -> None:
    (tmp_path / "six.pdf").write_bytes(empty_pdf(*[(50, 50)] * 6))
    with PageReader(PageOptions(pages="2,4-5,9-")) as reader:
        assert [number for number, _ in reader.pages(str(tmp_path / "six.pdf"))] == [2, 4, 5]
    with PageReader(PageOptions(pages="7-")) as reader:
        assert error_code(reader, tmp_path / "six.pdf") == "not_found"


@pytest.mark.parametrize("text", ["", "0", "x", "3-2", "1,,2", "-3", "1-2-3"])
def test_a_wrong_page_range_is_a_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError, match="--pages"):
        PageOptions(pages=text)


@pytest.mark.parametrize("change", [{"dpi": 1.0}, {"dpi": float("nan")}, {"max_pixels": 0}, {"timeout": 0.0}])
def test_options_out_of_range_are_a_wrong_usage(change: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="out of range"):
        PageOptions(**change)  # type: ignore[arg-type]


def test_next_chosen_page() -> None:
    chosen = page_options.parse_page_range("7-8,2")
    assert [page_options.next_chosen(n, chosen) for n in (0, 2, 7, 8)] == [2, 7, 8, None]


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
