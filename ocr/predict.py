"""Reading: input files through a page reader and a model into documents; what ``ocr predict`` and ``ocr.read`` call.

A long PDF need not fit into memory: :func:`stream_documents` hands out one page at a time, :func:`read_documents` whole
documents.
"""

from __future__ import annotations

import functools
import itertools
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ocr.data.inputs import find_inputs, is_several
from ocr.data.page_options import PageOptions
from ocr.data.pages import PageReader
from ocr.errors import Failure, InputError, UsageError, is_out_of_memory
from ocr.time_limit import TimeLimitReached, time_limit

if TYPE_CHECKING:
    from ocr.document import Document, Page
    from ocr.models.interface import Image, Reader


@runtime_checkable
class AheadReader(Protocol):
    """What a reader may be besides: one that reads pages while others are still asked for."""

    ahead: int
    """Pages to begin before the first is waited for."""

    def begin(self, image: Image, seconds: float) -> Callable[[], Page]:
        """Have a page (H, W, 3) read within a time limit; the function that waits for it. What it raises is what
        :func:`read_page` would, or :class:`~ocr.errors.InputError` if the page took the reading process with it."""
        ...


PageWatcher = Callable[[str, "Page", "Image | None"], None]
"""Called with source, page and its picture (None if it could not be read) for every page."""


@dataclass
class DocumentStream:
    """A :class:`~ocr.document.Document` whose pages come one at a time and only once.

    ``page_failures`` grows while ``pages`` is taken; ``truncated`` tells that only a part of the file was there.
    """

    source: str
    pages: Iterator[Page] = field(default_factory=lambda: iter(()))
    error: Failure | None = None
    page_failures: list[tuple[int, Failure]] = field(default_factory=list)
    truncated: bool = False
    path: str | None = None
    """The file itself where that is not ``source``: a copy of standard input, gone when the pages have been taken."""


def stream_documents(
    inputs: Iterable[str],
    load_reader: Callable[[], Reader],
    options: PageOptions | None = None,
    watch: PageWatcher | None = None,
    finished: Callable[[str], bool] | None = None,
) -> Generator[DocumentStream, None, None]:
    """One stream for each file that ``inputs`` (files, folders, glob patterns, ``-``) stand for, in order.

    A file that cannot be read gives a stream with ``error`` and no pages, and the next one follows. The first page is
    being decoded while ``load_reader`` loads the model. Pages left in a stream are skipped when the next is asked for.
    Sources that ``finished`` says yes to are passed over.
    """
    with PageReader(options) as page_reader:
        upcoming = _requested_ahead(inputs, page_reader, finished)
        first = next(upcoming, None)
        if first is None:
            return
        reader = load_reader()
        begun = _begun(itertools.chain([first], upcoming), page_reader, reader)
        ahead = reader.ahead if isinstance(reader, AheadReader) else 0
        for _, parts in itertools.groupby(_ahead(begun, ahead), key=lambda part: id(part[0])):
            document, first_page = next(parts)
            if first_page is not None:
                pages = (page for _, page in itertools.chain([(document, first_page)], parts) if page is not None)
                document.pages = _finished_pages(document, pages, watch)
            yield document
            deque(document.pages, maxlen=0)


def read_documents(
    inputs: Iterable[str], reader: Reader, options: PageOptions | None = None, watch: PageWatcher | None = None
) -> Iterator[Document]:
    """Whole documents, one for each file; files and pages that could not be read carry their ``error``."""
    from ocr.document import Document

    for stream in stream_documents(inputs, lambda: reader, options, watch):
        yield Document(stream.source, tuple(stream.pages), stream.error)


def read(
    path: str | os.PathLike[str],
    model: str | None = None,
    options: PageOptions | None = None,
    *,
    pipeline: str | None = None,
    adapter: str | None = None,
    correct: bool = False,
) -> Document:
    """Read one image or PDF with a model (and an adapter), given as for :func:`ocr.pipeline.load`.

    ``correct`` weighs doubtful places with the shipped language model; lines then have ``corrections``.

    The model stays loaded for the next call. Raises :class:`~ocr.errors.InputError` if no page can be read,
    :class:`~ocr.errors.ModelError` if the model cannot be loaded; single bad pages carry their ``error``.
    """
    return read_file(path, load_once(model, pipeline, adapter, correct), options)


def read_file(path: str | os.PathLike[str], reader: Reader, options: PageOptions | None = None) -> Document:
    """The document of one image or PDF, or :class:`~ocr.errors.InputError` if no page of it can be read."""
    source = os.fspath(path)
    if is_several(source):
        raise UsageError(f"{source} is a folder or pattern, and this reads one file; use read_documents")
    (document,) = read_documents([source], reader, options)
    if document.error is not None:
        raise InputError(document.error.code, f"cannot read {source}: {document.error.message}")
    return document


@functools.lru_cache(maxsize=1)
def load_once(model: str | None, pipeline: str | None, adapter: str | None, correct: bool = False) -> Reader:
    """The reader of this model and adapter, corrected or not, kept for the next call."""
    from ocr.pipeline import load

    reader = load(model, pipeline, adapter)
    if not correct:
        return reader
    from ocr.correct.load import load_corrector
    from ocr.correct.reader import CorrectingReader

    return CorrectingReader(reader, load_corrector())


def _requested_ahead(
    inputs: Iterable[str], page_reader: PageReader, finished: Callable[[str], bool] | None
) -> Iterator[tuple[str, Failure | None]]:
    """Sources in order, each after the one behind it was requested, so that decoding and reading overlap."""
    waiting: deque[tuple[str, Failure | None]] = deque()
    for entry in find_inputs(inputs):
        source, failure = (entry, None) if isinstance(entry, str) else entry
        if finished is not None and finished(source):
            continue
        if failure is None:
            try:
                page_reader.request(source)
            except InputError as error:
                failure = error.failure
        waiting.append((source, failure))
        if len(waiting) > 1:
            yield waiting.popleft()
    yield from waiting


@dataclass(frozen=True, slots=True)
class _BegunPage:
    """A page that is being read or will be; ``finish`` waits for it, or reads it then."""

    image: Image | Failure
    number: int
    finish: Callable[[], Page]


_Part = tuple[DocumentStream, _BegunPage | None]
"""A page of a document; None alone for a file that has none."""


def _begun(
    sources: Iterable[tuple[str, Failure | None]], page_reader: PageReader, reader: Reader
) -> Generator[_Part, None, None]:
    """All pages of all files in order, each begun when it is taken."""
    for source, failure in sources:
        if failure is not None:
            yield DocumentStream(source, error=failure), None
            continue
        images = page_reader.pages(source)
        try:
            first = next(images)
        except InputError as error:
            yield DocumentStream(source, error=error.failure), None
            continue
        document = DocumentStream(source, truncated=page_reader.truncated[-1:] == [source], path=page_reader.path)
        for number, image in itertools.chain([first], images):
            finish = _begin_page(number, image, reader, page_reader.options.reading_timeout)
            yield document, _BegunPage(image, number, finish)


def _ahead(parts: Iterator[_Part], count: int) -> Iterator[_Part]:
    """The same, with so many taken before the first of them is handed on."""
    waiting: deque[_Part] = deque()
    for part in parts:
        waiting.append(part)
        if len(waiting) > count:
            yield waiting.popleft()
    yield from waiting


def _finished_pages(document: DocumentStream, pages: Iterable[_BegunPage], watch: PageWatcher | None) -> Iterator[Page]:
    for begun in pages:
        page = begun.finish()
        if page.error is not None:
            document.page_failures.append((begun.number, page.error))
        if watch is not None:
            watch(document.source, page, None if isinstance(begun.image, Failure) else begun.image)
        yield page


def _begin_page(number: int, image: Image | Failure, reader: Reader, seconds: float) -> Callable[[], Page]:
    """Have a page read from now on if the reader can, else when it is asked for."""
    from ocr.document import Page

    if isinstance(image, Failure):
        return lambda: Page(number, 0, 0, error=image)
    if isinstance(reader, AheadReader):
        return functools.partial(_guarded_page, number, image, reader.begin(image, seconds), seconds)
    return functools.partial(_guarded_page, number, image, lambda: read_page(reader, image, seconds), seconds)


def read_page(reader: Reader, image: Image, seconds: float) -> Page:
    """One page within a time limit. Raises :class:`~ocr.time_limit.TimeLimitReached`."""
    with time_limit(seconds):
        return reader.predict([image])[0]


def _guarded_page(number: int, image: Image, read: Callable[[], Page], seconds: float) -> Page:
    """The page, or one that says why it could not be read."""
    from ocr.document import Page

    height, width = image.shape[:2]
    try:
        return replace(read(), number=number)
    except InputError as error:
        return Page(number, width, height, error=error.failure)
    except TimeLimitReached:
        message = f"reading it took more than {seconds:g} s; raise the limit by --reading-timeout"
        return Page(number, width, height, error=Failure("timeout", message))
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    message = f"there is not enough memory to read its {width} x {height} pixels; shrink it or lower --dpi"
    return Page(number, width, height, error=Failure("out_of_memory", message))
