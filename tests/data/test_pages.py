"""Every kind of input, drawn here: formats, colours, orientation, several pages, options."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from ocr.data import image_file, page_options, pdf_file
from ocr.data.page_options import PageOptions
from ocr.data.pages import PageReader
from ocr.errors import Failure, UsageError
from tests.data.page_files import HEIGHT, MIDDLE, RIGHT, WIDTH, empty_pdf, error_code, half_dark, only_page

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
