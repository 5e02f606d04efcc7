"""Tab-separated values with the columns of Tesseract: a row for each page, block, paragraph, line and word.

``level`` is 1 to 5 in that order; boxes are upright, in whole pixels; ``conf`` is 0 to 100 for words, -1 for the rest.
A block has one paragraph.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ocr.writers.markup import good_pages, whole_box, words_of
from ocr.writers.options import WriterOptions

if TYPE_CHECKING:
    from ocr.document import Document, Page
    from ocr.polygon import Polygon
    from ocr.predict import DocumentStream

COLUMNS = (
    *("level", "page_num", "block_num", "par_num", "line_num", "word_num"),
    *("left", "top", "width", "height", "conf", "text"),
)


def write(document: Document | DocumentStream, options: WriterOptions) -> Iterator[str]:
    """A line with the names of the columns, then the rows of the pages that could be read."""
    yield "\t".join(COLUMNS) + "\n"
    for page in good_pages(document):
        yield "".join("\t".join(map(str, row)) + "\n" for row in rows(page))


def rows(page: Page) -> Iterator[list[object]]:
    """The rows of a page as values in the order of the columns."""
    yield [1, page.number, 0, 0, 0, 0, 0, 0, page.width, page.height, -1, ""]
    for b, block in enumerate((block for block in page.blocks if block.lines), 1):
        box = sides(block.polygon, page)
        yield [2, page.number, b, 0, 0, 0, *box, -1, ""]
        yield [3, page.number, b, 1, 0, 0, *box, -1, ""]
        for n, line in enumerate(block.lines, 1):
            yield [4, page.number, b, 1, n, 0, *sides(line.polygon, page), -1, ""]
            for w, word in enumerate(words_of(line), 1):
                text = " ".join(word.text.split())  # a tab or a line break would end the cell
                confidence = f"{100 * word.confidence:.2f}"
                yield [5, page.number, b, 1, n, w, *sides(word.polygon, page), confidence, text]


def sides(polygon: Polygon, page: Page) -> tuple[int, int, int, int]:
    """Left, top, width and height."""
    left, top, right, bottom = whole_box(polygon, page)
    return left, top, right - left, bottom - top
