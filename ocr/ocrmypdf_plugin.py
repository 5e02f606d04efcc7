"""OCRmyPDF with our models: ``ocrmypdf --plugin ocr.ocrmypdf_plugin in.pdf out.pdf``.

OCRmyPDF draws the pages, turns and straightens them if asked to, and puts the text under them; we read. The text layer
is that of our own PDF writer, which puts each word over its polygon at any angle and keeps the spaces between Korean
words; ``--pdf-renderer fpdf2`` lets OCRmyPDF lay it out, from our hOCR, and loses them (17.13, as Poppler extracts it).

Its plugin interface (version 17): https://ocrmypdf.readthedocs.io/en/latest/plugins.html
"""

from __future__ import annotations

import os
import tempfile
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pikepdf
from ocrmypdf import hookimpl
from ocrmypdf.exceptions import BadArgsError
from ocrmypdf.pluginspec import OcrEngine, OrientationConfidence
from PIL import Image

import ocr
from ocr.data.image_file import to_rgb
from ocr.document import Document, Page
from ocr.errors import OcrError
from ocr.models.codec import Alphabet
from ocr.models.onnx_session import thread_count
from ocr.models.weights import ALPHABET
from ocr.page_direction import orientation, skew
from ocr.pipeline import find_base, find_model
from ocr.predict import load_once
from ocr.writers import WriterOptions, hocr, pdf

if TYPE_CHECKING:
    from ocrmypdf._options import OcrOptions
    from ocrmypdf.pdfinfo import PdfInfo

DEFAULT_DPI = 300.0
"""For a page image that does not tell its resolution; OCRmyPDF writes it into all of them."""

SURE = 15.0
"""What OCRmyPDF calls a very confident orientation; it turns pages from 2 on (``--rotate-pages-threshold``)."""

LETTERS = {
    "cat": "àçèéíïòóúü", "ces": "áčďéěíňóřšťúůýž", "cym": "âêîôûŵŷ", "dan": "æøå", "deu": "äöüß", "eng": "",
    "est": "äöõüšž", "eus": "ñ", "fin": "äöå", "fra": "àâæçéèêëîïôœùûüÿ", "gle": "áéíóú", "glg": "áéíñóú",
    "hrv": "čćđšž", "hun": "áéíóöőúüű", "ind": "", "isl": "áðéíóúýþæö", "ita": "àèéìòù", "kor": "가힣", "lat": "",
    "lav": "āčēģīķļņšūž", "lit": "ąčęėįšųūž", "mlt": "ċġħż", "msa": "", "nld": "éëïóö", "nor": "æøå",
    "pol": "ąćęłńóśźż", "por": "ãáàâçéêíõóôú", "ron": "ăâîșț", "slk": "áäčďéíĺľňóôŕšťúýž", "slv": "čšž",
    "spa": "áéíñóúü¿¡", "sqi": "çë", "swe": "äöå", "tur": "çğıİöşü", "vie": "ăâđêôơưạảấầẩẫậắằẳẵặ",
}  # fmt: skip
"""Languages by the names that Tesseract gives them, and the letters that each needs besides A to Z."""

_model_lock, _pdf_lock = threading.Lock(), threading.Lock()


class VitocrEngine(OcrEngine):
    """Reads page images with the model that the options name, which is loaded once in each process."""

    @staticmethod
    def version() -> str:
        return ocr.__version__

    @staticmethod
    def creator_tag(options: OcrOptions) -> str:
        return f"vitocr {ocr.__version__}"

    def __str__(self) -> str:
        return f"vitocr {ocr.__version__}"

    @staticmethod
    def languages(options: OcrOptions) -> set[str]:
        """Those whose letters the model knows. It reads all of them at once; ``-l`` changes nothing."""
        model, pipeline, adapter = model_options(options)
        folder = find_model(model, pipeline) if adapter is None else find_base(Path(adapter), model, pipeline)
        alphabet = Alphabet.load(folder / ALPHABET)
        return {name for name, letters in LETTERS.items() if not alphabet.unknown(letters)}

    @staticmethod
    def get_orientation(input_file: Path, options: OcrOptions) -> OrientationConfidence:
        angle, sure = orientation(read_page(input_file, options).lines)
        return OrientationConfidence(angle, SURE * sure)

    @staticmethod
    def get_deskew(input_file: Path, options: OcrOptions) -> float:
        return skew(read_page(input_file, options).lines)

    @staticmethod
    def generate_hocr(input_file: Path, output_hocr: Path, output_text: Path, options: OcrOptions) -> None:
        page = read_page(input_file, options)
        writing = WriterOptions(resolution=round(resolution_of(input_file)))
        pieces = hocr.write(Document(input_file.name, (page,)), writing)
        output_hocr.write_text("".join(pieces), encoding="utf-8")
        output_text.write_text(page.text, encoding="utf-8")

    @staticmethod
    def generate_pdf(input_file: Path, output_pdf: Path, output_text: Path, options: OcrOptions) -> None:
        page = read_page(input_file, options)
        write_text_layer(page, resolution_of(input_file), output_pdf)
        output_text.write_text(page.text, encoding="utf-8")


def read_page(path: Path, options: OcrOptions) -> Page:
    """The page image as it is read."""
    with _model_lock:  # OCRmyPDF works in threads by default
        reader = load_once(*model_options(options))
    with Image.open(path) as image:
        pixels = np.asarray(to_rgb(image))  # (H, W, 3)
    return reader.predict([pixels])[0]


def model_options(options: OcrOptions) -> tuple[str | None, str | None, str | None]:
    """Model, pipeline and adapter as on our own command line; None where they are not given."""
    model, pipeline, adapter = (getattr(options, f"vitocr_{name}", None) for name in ("model", "pipeline", "adapter"))
    return model, pipeline, adapter


def resolution_of(path: Path) -> float:
    """Dots per inch that the page image was drawn at."""
    with Image.open(path) as image:
        dpi = image.info.get("dpi", (DEFAULT_DPI, DEFAULT_DPI))
    return float(dpi[0]) or DEFAULT_DPI


def write_text_layer(page: Page, dpi: float, target: Path) -> None:
    """A PDF of one page with nothing but the invisible words of this one, to be laid under the page of the user."""
    with tempfile.TemporaryDirectory(prefix="ocr-") as folder:
        blank = Path(folder, "blank.pdf")
        with pikepdf.new() as empty:
            empty.add_blank_page(page_size=(page.width / dpi * 72, page.height / dpi * 72))
            empty.save(blank)
        with _pdf_lock:  # one process writes one PDF at a time
            data = b"".join(pdf.write(Document(str(blank), (page,)), WriterOptions()))
        written = Path(folder, "written.pdf")
        written.write_bytes(data)
        with pikepdf.open(written) as layer:
            rename_font(layer)
            layer.save(target)


def rename_font(layer: pikepdf.Pdf) -> None:
    """Call the font ``/F1`` and leave out graphics states: OCRmyPDF takes over a font of that name and nothing else."""
    page = layer.pages[0]
    page.contents_coalesce()
    fonts = page.obj.get("/Resources", pikepdf.Dictionary()).get("/Font")
    if fonts is None:  # a blank page
        page.Contents = layer.make_stream(b"")
        return
    kept: list[Any] = []
    for instruction in pikepdf.parse_content_stream(page):
        operands, name = list(instruction.operands), str(instruction.operator)
        if name == "Tf":
            operands[0] = pikepdf.Name.F1
        if name != "gs":
            kept.append((operands, instruction.operator))
    page.Contents = layer.make_stream(pikepdf.unparse_content_stream(kept))
    (font,) = fonts.values()
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))


@hookimpl
def add_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("vitocr", "Which model reads the pages")
    group.add_argument("--vitocr-model", metavar="MODEL", help="name of a shipped model, or a folder with one")
    group.add_argument("--vitocr-pipeline", metavar="NAME", help="pipeline whose shipped model is taken")
    group.add_argument("--vitocr-adapter", metavar="FOLDER", help="folder of an adapter; the model is then its own")


@hookimpl
def check_options(options: OcrOptions) -> None:
    """Before anything is read: is there such a model? And our text layer unless the user wants OCRmyPDF's."""
    if get_ocr_engine(options) is None:
        return
    try:
        VitocrEngine.languages(options)
    except OcrError as error:
        raise BadArgsError(str(error)) from error
    if options.pdf_renderer == "auto":
        options.pdf_renderer = "sandwich"


@hookimpl
def validate(pdfinfo: PdfInfo, options: OcrOptions) -> None:
    """OCRmyPDF reads several pages at once: each gets its part of the cores, or they would wait for one another.

    A number of threads set by the user (``OMP_NUM_THREADS``) stays.
    """
    if get_ocr_engine(options) is not None:
        at_once = max(1, min(options.jobs or thread_count(), len(pdfinfo)))
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, thread_count() // at_once)))


@hookimpl
def get_ocr_engine(options: OcrOptions | None) -> OcrEngine | None:
    """Ours, unless another one is asked for by ``--ocr-engine``."""
    return VitocrEngine() if getattr(options, "ocr_engine", "auto") == "auto" else None
