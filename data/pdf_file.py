"""PDF files to RGB pages, rendered by PDFium (pypdfium2).

PDFium must never be used by more than one thread, and a damaged file may stop the process: it runs only inside the
decode worker (:mod:`ocr.data.decode_worker`), which has one thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

import pypdfium2
import pypdfium2.raw as pdfium_c
from PIL import Image

from ocr.data.image_file import check_size, shorten
from ocr.errors import Failure, InputError

POINTS_PER_INCH = 72
PAGES_OPEN = 100
"""Then the document is opened anew: PDFium keeps what it has parsed of every page."""


def open_pdf(file: BinaryIO, password: str | None) -> pypdfium2.PdfDocument:
    """Open a document with at least one page; raises :class:`InputError` (``encrypted`` or ``damaged``)."""
    try:
        document = pypdfium2.PdfDocument(file, password=password)
    except Exception as error:
        raise _open_error(error, password) from error
    if len(document) < 1:
        raise InputError("damaged", "the PDF has no pages that can be found")
    with contextlib.suppress(Exception):  # filled-in form fields are drawn where the form can be read
        document.init_forms()
    return document


def _open_error(error: Exception, password: str | None) -> InputError:
    code = pdfium_c.FPDF_GetLastError()
    if code == pdfium_c.FPDF_ERR_PASSWORD:
        if password is None:
            return InputError("encrypted", "the PDF is encrypted and needs a password; give it with --password")
        return InputError("encrypted", "the PDF is encrypted and this password does not open it; check --password")
    if code == pdfium_c.FPDF_ERR_SECURITY:
        return InputError("encrypted", "the PDF is encrypted in a way that PDFium does not know; save it unprotected")
    if isinstance(error, MemoryError):
        return InputError("out_of_memory", "there is not enough memory to open the PDF")
    return InputError("damaged", "the PDF is damaged and could not be repaired")


def render_pages(
    document: pypdfium2.PdfDocument,
    numbers: Iterable[int],
    dpi: float,
    max_pixels: int,
    reopen: Callable[[], pypdfium2.PdfDocument],
) -> Iterator[tuple[int, Image.Image | Failure]]:
    """Each page (``numbers`` count from 1) with its number, as an RGB image at ``dpi`` or why it has none.

    ``reopen`` opens the same document again.
    """
    for count, number in enumerate(numbers, 1):
        page: Image.Image | Failure
        try:
            page = render_page(document, number - 1, dpi, max_pixels)
        except InputError as error:
            page = error.failure
        except MemoryError:
            page = Failure("out_of_memory", "there is not enough memory to render the page; try a lower --dpi")
        except Exception as error:
            reason = shorten(" ".join(str(error).split()))
            detail = f" ({reason})" if reason and "Success" not in reason else ""
            page = Failure("damaged", f"the page is damaged{detail}")
        yield number, page
        if count % PAGES_OPEN == 0:
            document.close()
            document = reopen()


def render_page(document: pypdfium2.PdfDocument, index: int, dpi: float, max_pixels: int) -> Image.Image:
    """One page with its annotations and form fields; its size is checked before anything is drawn."""
    page = document[index]
    try:
        width, height = page.get_size()  # points, after the page's own rotation
        scale = dpi / POINTS_PER_INCH
        if not (width > 0 and height > 0):  # also refuses NaN
            raise InputError("damaged", f"the page measures {width:g} x {height:g} points")
        check_size(int(width * scale) + 1, int(height * scale) + 1, max_pixels)
        bitmap = page.render(scale=scale, rev_byteorder=True)
        image = bitmap.to_pil().convert("RGB")  # grey scans may be rendered as grey
        bitmap.close()
        return image
    finally:
        page.close()
