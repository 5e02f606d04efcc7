"""Searchable PDF: where its text lies, what can be taken out of it, and that pictures and pages stay what they were."""

from __future__ import annotations

import base64
import io
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from PIL import Image as PillowImage
from PIL import ImageDraw

from ocr.data.page_options import PageOptions
from ocr.data.pages import PageReader
from ocr.document import Block, Document, Line, Page, Word
from ocr.errors import InputError, UsageError
from ocr.polygon import as_polygon, bounds, from_box, slice_quad, transform
from ocr.predict import DocumentStream
from ocr.writers import WRITERS, WriterOptions, pdf, pdf_font
from ocr.writers.several import write

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


# Pictures


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


# PDFs


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
