"""The OCRmyPDF plugin: its hooks with a reader of our own, and (slow) the real program with the shipped model."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pypdfium2
import pytest
from PIL import Image as PillowImage

from ocr.document import Block, Line, Page, Word
from ocr.models.interface import Image
from ocr.models.weights import ALPHABET
from ocr.pipeline import SHIPPED
from ocr.polygon import as_polygon, bounds, from_box, transform

pytest.importorskip("ocrmypdf", reason="OCRmyPDF is not installed")
pikepdf = pytest.importorskip("pikepdf")

from ocr import ocrmypdf_plugin as plugin  # noqa: E402

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "formats.md"
SIZE = (1240, 1754)  # A4 at 150 dpi
OPTIONS: Any = SimpleNamespace(pdf_renderer="auto", ocr_engine="auto")


def words_at(angle: float) -> Line:
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    matrix = np.array([[cosine, -sine, 600], [sine, cosine, 800]])
    boxes = {"합계": (0, 100), "금액": (120, 220), "3,000원": (240, 400)}
    quads = {text: as_polygon(transform(from_box(left, 0, right, 40), matrix)) for text, (left, right) in boxes.items()}
    whole = as_polygon(transform(from_box(0, 0, 400, 40), matrix))
    return Line(" ".join(quads), whole, 0.9, tuple(Word(text, quad, 0.9) for text, quad in quads.items()))


class Reader:
    """Finds one line, turned by the shade of the page in degrees."""

    def predict(self, images: Sequence[Image]) -> list[Page]:
        pages = []
        for image in images:
            height, width = image.shape[:2]
            blocks = (Block((words_at(float(image[0, 0, 0])),)),) if image[0, 0, 0] < 255 else ()
            pages.append(Page(1, width, height, blocks))
        return pages


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str | None, ...]]:
    """The models that were asked for; each is :class:`Reader`."""
    asked: list[tuple[str | None, ...]] = []

    def load(*model: str | None) -> Reader:
        asked.append(model)
        return Reader()

    monkeypatch.setattr(plugin, "load_once", load)
    return asked


def page_image(folder: Path, shade: int, mode: str = "RGB") -> Path:
    path = folder / f"page-{shade}-{mode}.png"
    PillowImage.new("RGB", SIZE, (shade, shade, shade)).convert(mode).save(path, dpi=(150, 150))
    return path


def test_the_engine_answers_for_itself() -> None:
    engine = plugin.get_ocr_engine(OPTIONS)
    assert engine is not None and str(engine) == engine.creator_tag(OPTIONS) == f"vitocr {engine.version()}"
    assert plugin.get_ocr_engine(None) is not None
    assert plugin.get_ocr_engine(SimpleNamespace(ocr_engine="none")) is None  # type: ignore[arg-type]
    assert plugin.get_ocr_engine(SimpleNamespace(ocr_engine="tesseract")) is None  # type: ignore[arg-type]


def test_every_language_that_it_names_can_be_written() -> None:
    assert plugin.VitocrEngine.languages(OPTIONS) == set(plugin.LETTERS)


def test_a_model_without_hangul_does_not_promise_korean(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED / "two-stage-small", tmp_path / "latin")
    symbols = (tmp_path / "latin" / ALPHABET).read_text(encoding="utf-8").split("\n")
    latin = [symbol for symbol in symbols if not "\u1100" <= symbol <= "\u11ff"]
    (tmp_path / "latin" / ALPHABET).write_text("\n".join(latin), encoding="utf-8")
    languages = plugin.VitocrEngine.languages(SimpleNamespace(vitocr_model=str(tmp_path / "latin")))  # type: ignore[arg-type]
    assert languages == set(plugin.LETTERS) - {"kor"}


def test_options_choose_the_model(loaded: list[tuple[str | None, ...]], tmp_path: Path) -> None:
    parser = ArgumentParser()
    plugin.add_options(parser)
    arguments = ["--vitocr-model", "mine", "--vitocr-pipeline", "end2end", "--vitocr-adapter", "small"]
    plugin.read_page(page_image(tmp_path, 0), parser.parse_args(arguments))  # type: ignore[arg-type]
    plugin.read_page(page_image(tmp_path, 0), parser.parse_args([]))  # type: ignore[arg-type]
    assert loaded == [("mine", "end2end", "small"), (None, None, None)]


def test_a_model_that_is_not_there_is_a_wrong_option() -> None:
    from ocrmypdf.exceptions import BadArgsError

    wrong: Any = SimpleNamespace(pdf_renderer="auto", ocr_engine="auto", vitocr_model="two-stage-smal")
    with pytest.raises(BadArgsError, match="two-stage-small"):
        plugin.check_options(wrong)


def test_the_text_layer_is_ours_unless_another_is_asked_for() -> None:
    asked = [("auto", "auto"), ("fpdf2", "auto"), ("auto", "none")]
    options: list[Any] = [SimpleNamespace(pdf_renderer=renderer, ocr_engine=engine) for renderer, engine in asked]
    for option in options:
        plugin.check_options(option)
    assert [option.pdf_renderer for option in options] == ["sandwich", "fpdf2", "auto"]


@pytest.mark.parametrize(
    ("pages", "jobs", "threads"), [(1, 4, "4"), (2, 4, "2"), (9, 4, "1"), (9, None, "1"), (9, 1, "4")]
)
def test_pages_that_are_read_at_once_share_the_cores(
    pages: int, jobs: int | None, threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(4), raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    monkeypatch.delenv("OMP_NUM_THREADS")
    options: Any = SimpleNamespace(ocr_engine="auto", jobs=jobs)
    plugin.validate(range(pages), options)  # type: ignore[arg-type]
    assert os.environ["OMP_NUM_THREADS"] == threads
    plugin.validate(range(1), options)  # type: ignore[arg-type]
    assert os.environ["OMP_NUM_THREADS"] == threads, "what is set already stays"


@pytest.mark.parametrize("angle", [0, 90, 180])
def test_orientation_and_skew_are_those_of_the_lines(loaded: Any, tmp_path: Path, angle: int) -> None:
    turned = plugin.VitocrEngine.get_orientation(page_image(tmp_path, angle), OPTIONS)
    assert turned == (angle, plugin.SURE)
    assert plugin.VitocrEngine.get_deskew(page_image(tmp_path, angle), OPTIONS) == pytest.approx(0, abs=0.01)
    assert plugin.VitocrEngine.get_deskew(page_image(tmp_path, 3), OPTIONS) == pytest.approx(3, abs=0.01)


@pytest.mark.parametrize("mode", ["RGB", "L", "1"])
def test_hocr_is_what_ocrmypdf_parses(loaded: Any, tmp_path: Path, mode: str) -> None:
    from ocrmypdf.hocrtransform import HocrParser

    hocr, text = tmp_path / "page.hocr", tmp_path / "page.txt"
    plugin.VitocrEngine.generate_hocr(page_image(tmp_path, 0, mode), hocr, text, OPTIONS)
    page = HocrParser(hocr).parse()
    assert page.dpi == pytest.approx(150, abs=0.1) and page.bbox is not None and page.bbox.right == SIZE[0]
    assert [word.text for word in page.words] == ["합계", "금액", "3,000원"]
    assert text.read_text(encoding="utf-8") == "합계 금액 3,000원"


@pytest.mark.parametrize("angle", [0, 30, 90])
def test_the_text_layer_lies_over_the_words(loaded: Any, tmp_path: Path, angle: int) -> None:
    layer, text = tmp_path / "layer.pdf", tmp_path / "layer.txt"
    plugin.VitocrEngine.generate_pdf(page_image(tmp_path, angle), layer, text, OPTIONS)
    with pypdfium2.PdfDocument(layer) as document:
        page = document[0]
        assert page.get_size() == pytest.approx((SIZE[0] * 0.48, SIZE[1] * 0.48), abs=0.5)
        boxes = [item.get_bounds() for item in page.get_objects()]
    wanted = [bounds(word.polygon) for word in words_at(angle).words]
    for (left, bottom, right, top), word in zip(boxes, wanted, strict=True):
        found = (left / 0.48, SIZE[1] - top / 0.48, right / 0.48, SIZE[1] - bottom / 0.48)
        # PDFium counts the space behind a word, which lies further along
        assert (
            (found[:2] == pytest.approx(word[:2], abs=2)) if angle == 0 else found[0] == pytest.approx(word[0], abs=25)
        )


def test_the_font_of_the_text_layer_is_one_that_ocrmypdf_takes_over(loaded: Any, tmp_path: Path) -> None:
    layer = tmp_path / "layer.pdf"
    plugin.VitocrEngine.generate_pdf(page_image(tmp_path, 0), layer, tmp_path / "layer.txt", OPTIONS)
    with pikepdf.open(layer) as document:
        (page,) = document.pages
        assert list(page.Resources.keys()) == ["/Font"] and list(page.Resources.Font.keys()) == ["/F1"]
        content = page.Contents.read_bytes()
    assert b"/F1 " in content and b" gs" not in content and content.count(b"3 Tr") == 3


def test_a_blank_page_gives_an_empty_layer(loaded: Any, tmp_path: Path) -> None:
    layer, text = tmp_path / "layer.pdf", tmp_path / "layer.txt"
    plugin.VitocrEngine.generate_pdf(page_image(tmp_path, 255), layer, text, OPTIONS)
    with pikepdf.open(layer) as document:
        assert document.pages[0].Contents.read_bytes() == b""
    assert text.read_text() == ""
    assert plugin.VitocrEngine.get_orientation(page_image(tmp_path, 255), OPTIONS) == (0, 0)


def ocrmypdf(*arguments: str | Path, cwd: Path) -> str:
    command = [sys.executable, "-m", "ocrmypdf", "--plugin", "ocr.ocrmypdf_plugin", "-j", "2", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture
def scans(tmp_path: Path) -> Iterator[Path]:
    """``scans.pdf``: a letter, and a Korean form turned by a quarter clockwise and by two degrees."""
    if shutil.which("gs") is None or shutil.which("tesseract") is None:
        pytest.skip("OCRmyPDF needs the programs gs and tesseract")
    letter = PillowImage.open(ROOT / "examples" / "letter.jpg").convert("RGB")
    form = (
        PillowImage.open(ROOT / "examples" / "form_ko.png").convert("RGB").rotate(-92, expand=True, fillcolor="white")
    )
    letter.save(tmp_path / "scans.pdf", save_all=True, append_images=[form], resolution=150)
    yield tmp_path


def text_of(path: Path) -> list[str]:
    with pypdfium2.PdfDocument(path) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["internal", "ghostscript"])
def test_the_real_program_makes_pdf_a(scans: Path, backend: str) -> None:
    messages = ocrmypdf(
        *("--rotate-pages", "--deskew", "--output-type", "pdfa-2", "--pdfa-backend", backend),
        *("-l", "kor+eng", "--sidecar", "text.txt", "scans.pdf", "out.pdf"),
        cwd=scans,
    )
    assert "will rotate" in messages and "PDF/A-2b" in messages
    first, second = text_of(scans / "out.pdf")
    assert "UNIVERSITY OF CALIFORNIA" in first and "Stanford University" in first
    assert "관대한 어린 손님은 이런 말을 남기고" in second  # with its spaces
    assert "관대한 어린 손님은" in (scans / "text.txt").read_text(encoding="utf-8")
    with pikepdf.open(scans / "out.pdf") as document:
        assert document.open_metadata().pdfa_status == "2B"
        assert "vitocr" in str(document.docinfo["/Creator"])
        assert document.pages[1].get("/Rotate", 0) == 0, "a straightened page is drawn anew"
    from pikepdf import pdfa

    assert not pdfa.validate_written(scans / "out.pdf", pdfa.Flavour.PDFA_2B).findings


@pytest.mark.slow
def test_the_real_program_lays_out_our_hocr(scans: Path) -> None:
    ocrmypdf("--pdf-renderer", "fpdf2", "--output-type", "pdf", "--pages", "1", "scans.pdf", "out.pdf", cwd=scans)
    assert "UNIVERSITY OF CALIFORNIA" in text_of(scans / "out.pdf")[0]


@pytest.mark.slow
def test_the_commands_of_the_guide_run(scans: Path) -> None:
    (block,) = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (scans / "scans.pdf").rename(scans / "in.pdf")
    for line in block.splitlines():
        arguments = line.removeprefix("ocrmypdf --plugin ocr.ocrmypdf_plugin ").split()
        ocrmypdf(*arguments, cwd=scans)
        assert "Berkeley, March 20" in text_of(scans / arguments[-1])[0], line  # end2end may take 1 for l
        (scans / arguments[-1]).unlink()


@pytest.mark.slow
def test_worker_processes_load_the_model_for_themselves(scans: Path) -> None:
    ocrmypdf("--no-use-threads", "--output-type", "pdf", "scans.pdf", "out.pdf", cwd=scans)
    assert "UNIVERSITY OF CALIFORNIA" in text_of(scans / "out.pdf")[0]
