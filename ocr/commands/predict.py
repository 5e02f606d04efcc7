"""``ocr predict``: read images and PDFs."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocr.data.page_options import PageOptions
from ocr.errors import ExitCode, InputError, UsageError

if TYPE_CHECKING:
    from ocr.commands.progress import ReadingProgress
    from ocr.document import Page
    from ocr.models.interface import Image, Reader
    from ocr.predict import PageWatcher

DEFAULTS = PageOptions()
MOST_WORKERS = 4
OBJECTS_PER_COLLECTION = 50_000
"""Made between two searches for cycles of objects, of which reading makes few: 700, Python's own, cost 4 ms a page."""
MANY_PAGES = (".pdf", ".tif", ".tiff")
"""Suffixes of files that may have several pages."""


def predict(
    inputs: Annotated[list[str], typer.Argument(help="Files, folders, glob patterns, or - for standard input.")],
    model: Annotated[str | None, typer.Option(help="Name of a shipped model, or a folder with one.")] = None,
    pipeline: Annotated[str | None, typer.Option(help="Pipeline whose shipped model is taken.")] = None,
    adapter: Annotated[str | None, typer.Option(help="Folder of an adapter; the model is then its own.")] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, the default, or cuda (cuda:1 ...) for PyTorch on a GPU.")
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            help="txt, json, jsonl, md, tsv, hocr, alto, page or pdf; several with commas. "
            "By default as --output ends, or txt."
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(help="File, or folder for a file per input; else stdout. Several formats: folder or stem."),
    ] = None,
    overlay: Annotated[str | None, typer.Option(help="Folder for pictures of the pages with what was read.")] = None,
    chars: Annotated[
        bool, typer.Option("--chars", help="Write the characters of each word too (JSON, hOCR, ALTO, PAGE).")
    ] = False,
    correct: Annotated[
        bool, typer.Option("--correct", help="Weigh doubtful places with a language model; see --explain.")
    ] = False,
    corrector: Annotated[
        str | None, typer.Option(help="Language model for --correct: a folder, or a model of Hugging Face.")
    ] = None,
    corrector_weights: Annotated[
        str, typer.Option(help="How --corrector's weights are held: nf4 (4 bits), int8 or none (as saved).")
    ] = "nf4",
    lexicon: Annotated[str | None, typer.Option(help="Names and words that --correct should know: a lexicon.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="--correct, and say what was changed and why.")] = False,
    dpi: Annotated[float, typer.Option(help="Resolution at which PDF pages are drawn.")] = DEFAULTS.dpi,
    pages: Annotated[str | None, typer.Option(help="Pages of PDF and TIFF files, like 1,3-5,9-.")] = DEFAULTS.pages,
    password: Annotated[str | None, typer.Option(help="Password of encrypted PDFs.")] = DEFAULTS.password,
    max_pixels: Annotated[int, typer.Option(help="Refuse larger pages.")] = DEFAULTS.max_pixels,
    timeout: Annotated[float, typer.Option(help="Seconds for decoding a page.")] = DEFAULTS.timeout,
    allow_truncated: Annotated[
        bool, typer.Option("--allow-truncated", help="Read what there is of truncated images.")
    ] = DEFAULTS.allow_truncated,
    max_pages: Annotated[int, typer.Option(help="Read no more pages of a file.")] = DEFAULTS.max_pages,
    reading_timeout: Annotated[
        float, typer.Option(help="Seconds for reading a page after it was decoded.")
    ] = DEFAULTS.reading_timeout,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that read pages. By default one a core for several files or a PDF."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Leave what an earlier run finished in the --output folder or JSON lines.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show traces of internal errors.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only errors.")] = False,
) -> None:
    """Read text: results on standard output, messages on standard error.

    Example: ocr predict scans/ letter.pdf --format jsonl
    """
    from ocr.commands.progress import ReadingProgress

    gc.set_threshold(OBJECTS_PER_COLLECTION)
    options = PageOptions(dpi, pages, password, max_pixels, timeout, allow_truncated, max_pages, reading_timeout)
    progress = ReadingProgress(quiet=quiet)
    load_reader: Callable[[], Reader] = functools.partial(load_model, model, pipeline, adapter, device)
    if correct or corrector or lexicon or explain:
        from ocr.commands.correcting import load_correcting

        load_reader = functools.partial(load_correcting, load_reader, corrector, lexicon, corrector_weights)
    large = any((adapter, corrector, device not in (None, "cpu")))
    count = workers or default_workers(inputs, large)
    with contextlib.ExitStack() as stack:
        if count > 1:
            from ocr.data.inputs import is_several
            from ocr.reading_processes import ReadingProcesses

            at_once = len(inputs) >= count or is_several(inputs[0])
            load_reader = stack.enter_context(ReadingProcesses(load_reader, count, at_once, forked=not large)).load
        code = run(inputs, load_reader, format, output, overlay, chars, options, progress, explain, resume)
    raise typer.Exit(code)


def run(
    inputs: list[str],
    load_reader: Callable[[], Reader],
    format_names: str | None,
    output: str | None,
    overlay: str | None,
    chars: bool,
    options: PageOptions,
    progress: ReadingProgress,
    explain: bool = False,
    resume: bool = False,
) -> ExitCode:
    """Read, write and report; the exit code says whether every file gave its result."""
    from ocr.data.inputs import is_several
    from ocr.predict import stream_documents
    from ocr.writers import WriterOptions, find_formats, format_of
    from ocr.writers.several import open_outputs

    several = len(inputs) > 1 or is_several(inputs[0])
    writing = WriterOptions(chars, several, options)
    formats = find_formats(format_names or format_of(output))
    finished = None
    if resume:
        from ocr.writers.resume import find_finished

        if overlay is not None:
            raise UsageError("--resume does not know which pictures are whole; leave out --overlay")
        finished = find_finished(output, inputs, formats, options, progress.finished_before)
    watch = watcher(overlay, progress)
    if explain:
        from ocr.commands.correcting import explaining

        watch = explaining(watch, progress)
    result = open_outputs(output, inputs, formats, writing, append=resume)
    documents = stream_documents(inputs, load_reader, options, watch, finished)
    try:
        for document in documents:
            if document.error is not None:
                progress.failure(document.source, document.error)
            failed = document.error is not None
            try:
                result.write(document)
            except InputError as error:  # no PDF can be made of the file, which has its other results
                progress.failure(document.source, error.failure)
                failed = True
            if document.page_failures:
                progress.page_failures(document.source, document.page_failures)
            if document.truncated:
                progress.warning(document.source, "truncated; only a part of it was there to read")
            progress.document(failed=failed or bool(document.page_failures))
    finally:
        progress.close()
        documents.close()
        result.close()
    if several:
        progress.total()
    return exit_code(progress)


def exit_code(progress: ReadingProgress) -> ExitCode:
    """Missing files alone are a wrong command line; anything else that could not be read is a bad input."""
    if (
        progress.read + progress.before == 0
        and progress.failed
        and all(f.code == "not_found" for f in progress.failures)
    ):
        return ExitCode.USAGE
    return ExitCode.INPUT if progress.failed or progress.failed_before else ExitCode.OK


def default_workers(inputs: list[str], large: bool) -> int:
    """One a core, four at most, where there may be many pages to read and no ``large`` model (of PyTorch, a language
    model) that each process would have to hold."""
    from ocr.data.inputs import STANDARD_INPUT, is_several

    many = len(inputs) > 1 or is_several(inputs[0]) or inputs[0].lower().endswith(MANY_PAGES)
    if not many or large or STANDARD_INPUT in inputs:
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    all_single = not any(is_several(path) or path.lower().endswith(MANY_PAGES) for path in inputs)
    return min(cores, MOST_WORKERS, len(inputs) if all_single else MOST_WORKERS)


def load_model(model: str | None, pipeline: str | None, adapter: str | None, device: str | None) -> Reader:
    """The reader, imported when it is needed; a function that other processes can call too."""
    from ocr.pipeline import load

    return load(model, pipeline, adapter, device)


def watcher(overlay: str | None, progress: ReadingProgress) -> PageWatcher:
    """Counts each page and, with ``--overlay``, draws it."""
    if overlay is None:
        return lambda source, page, image: progress.page(source)
    from ocr.writers.overlay import OverlayFolder

    folder = OverlayFolder(Path(overlay))

    def draw(source: str, page: Page, image: Image | None) -> None:
        if image is not None:
            folder.write(source, page, image)
        progress.page(source)

    return draw
