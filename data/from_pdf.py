"""Labelled pages out of born-digital PDFs: the picture from the renderer, characters and boxes from the text layer.

Each page is drawn at one of several resolutions, its layer is compared with its picture (:mod:`ocr.data.pdf_check`),
and pages that agree are spoilt as scans are. A page depends on the seed, the bytes of its file and its number alone.
Everything that touches a PDF runs in worker processes: PDFium knows no threads and may die of a damaged file.
"""

from __future__ import annotations

import difflib
import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray

from ocr.data.image_file import check_size
from ocr.data.inputs import find_inputs
from ocr.data.pdf_check import Picture, distrust_misfits, draw_twice, find_fault, find_hidden, unlabelled_regions
from ocr.data.pdf_file import POINTS_PER_INCH, open_pdf
from ocr.data.pdf_glyphs import Glyph, page_matrix, read_glyphs
from ocr.data.pdf_lines import build_lines
from ocr.data.process_map import ProcessMap
from ocr.data.samples import Sample
from ocr.data.synthetic.degrade import PROFILES, degrade_page
from ocr.document import Block, Page
from ocr.errors import Failure, InputError, OutputError, UsageError
from ocr.metrics.page import locate_words, words_of
from ocr.metrics.text import edit_distance, normalise

Image = NDArray[np.uint8]
PageReader = Callable[[Image], Page]
"""An OCR engine: an RGB image (H, W, 3) to what stands on it."""

JPEG_QUALITY = 92
GREY = 6
"""Pages whose colour channels differ by no more than this are spoilt as grey ones."""
DARK = 100
"""Pages whose middle grey lies below are screens, not print."""
LEAST_READABLE = 0.5
"""Pages of whose characters a smaller part stands on lines to train on are dropped."""
SIGNATURE = b"%PDF-"


@dataclass(frozen=True, slots=True)
class PdfSetOptions:
    """What to draw and where to; defaults live in ``ocr data from-pdf``. Raises UsageError for values out of range."""

    output: Path
    dpi: tuple[float, ...]
    """Resolutions; one is drawn for each page."""
    seed: int
    strength: str
    """Name of a degradation: :data:`~ocr.data.synthetic.degrade.PROFILES`."""
    pages_per_file: int
    """At most so many pages of a file, drawn from the seed; 0 is all."""
    load_reader: Callable[[], PageReader] | None
    """Gives the engine that pages are checked with; None for no such check. Must be picklable."""
    max_cer: float
    """Pages on which that engine differs from the text layer by more (character error rate) are dropped."""
    max_pixels: int = 40_000_000
    """Larger pages are dropped: A2 at 300 dpi fits."""
    seconds: int = 60
    """A page that takes more processor time is dropped."""

    def __post_init__(self) -> None:
        if self.strength not in PROFILES:
            near = difflib.get_close_matches(self.strength, PROFILES, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"unknown strength {self.strength!r}: it must be {', '.join(PROFILES)}{hint}")
        for dpi in self.dpi:
            if not 36 <= dpi <= 1200:
                raise UsageError(f"--dpi {dpi:g} is out of range; choose values from 36 to 1200")
        if not self.dpi:
            raise UsageError("--dpi is empty; give one or more resolutions, as 100,150,200")


@dataclass(slots=True)
class Tally:
    """What became of files and pages; grows while :func:`pdf_samples` is taken."""

    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, Failure]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PdfFile:
    """A PDF that can be opened: its bytes' hash and how many pages it has."""

    path: Path
    digest: str
    pages: int


@dataclass(frozen=True, slots=True)
class PageTask:
    file: PdfFile
    index: int
    options: PdfSetOptions


def pdf_samples(inputs: Iterable[str], options: PdfSetOptions, workers: int, tally: Tally) -> Iterator[Sample]:
    """The pages that are kept, in order, each written under ``output/images`` by the time it is yielded.

    ``inputs`` are files, folders and glob patterns. What could not be read and what was dropped is told in ``tally``;
    one bad file never stops the others. Raises :class:`~ocr.errors.OutputError`.
    """
    (options.output / "images").mkdir(parents=True, exist_ok=True)
    with ProcessMap(workers, options.seconds) as processes:
        files = list(_readable(processes.run(open_file, _paths(inputs, tally)), tally))
        tasks = [PageTask(file, index, options) for file in files for index in _chosen(file, options)]
        for _, result in processes.run(make_sample, tasks):
            if isinstance(result, Sample):
                tally.kept += 1
                yield result
            else:
                tally.dropped[result if isinstance(result, str) else "the page crashed or took too long"] += 1


def _paths(inputs: Iterable[str], tally: Tally) -> Iterator[Path]:
    """PDFs among the inputs; a file that is none is a failure if it was named, and passed over in a folder."""
    named = list(inputs)
    for entry in find_inputs(named):
        if not isinstance(entry, str):
            tally.failures.append(entry)
            continue
        path = Path(entry)
        if path.suffix.lower() == ".pdf" or _signed(path):
            yield path
        elif entry in named:
            found = path.exists()
            failure = Failure("unsupported", "it is no PDF") if found else Failure("not_found", "there is no such file")
            tally.failures.append((entry, failure))


def _signed(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(SIGNATURE)) == SIGNATURE
    except OSError:
        return False


def _readable(opened: Iterable[tuple[Path, PdfFile | Failure]], tally: Tally) -> Iterator[PdfFile]:
    """Files that could be opened; the second of two with the same bytes is dropped."""
    seen: set[str] = set()
    for path, result in opened:
        if isinstance(result, Failure):
            tally.failures.append((str(path), result))
        elif result.digest in seen:
            tally.dropped["the same file again"] += result.pages
        else:
            seen.add(result.digest)
            yield result


def open_file(path: Path) -> PdfFile | Failure:
    """Hash and number of pages of a PDF, or why it cannot be read."""
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        return PdfFile(path, digest, len(_document(path)))
    except InputError as error:
        return error.failure
    except OSError as error:
        return Failure("not_found", error.strerror or str(error))


@lru_cache(maxsize=1)
def _document(path: Path) -> pypdfium2.PdfDocument:
    """The file opened last stays open: its pages come one after the other."""
    return open_pdf(path.open("rb"), None)


def _chosen(file: PdfFile, options: PdfSetOptions) -> list[int]:
    """Indices of the pages to take, in order."""
    if not options.pages_per_file or file.pages <= options.pages_per_file:
        return list(range(file.pages))
    rng = np.random.default_rng([options.seed, int(file.digest, 16)])
    return sorted(rng.choice(file.pages, options.pages_per_file, replace=False).tolist())


def make_sample(task: PageTask) -> Sample | str:
    """One page drawn, checked, spoilt and written, or why it was dropped. Raises OutputError."""
    rng = np.random.default_rng([task.options.seed, int(task.file.digest, 16), task.index])
    dpi = float(rng.choice(task.options.dpi))
    try:
        drawn = draw_page(task, dpi)
    except InputError as error:
        return "too large" if error.code == "too_large" else "damaged"
    except (pypdfium2.PdfiumError, MemoryError):
        return "damaged"
    if isinstance(drawn, str):
        return drawn
    image, page, em = drawn
    if task.options.load_reader is not None:
        rate = disagreement(page, _reader(task.options.load_reader)(image))
        if rate > task.options.max_cer:
            return "the reader reads something else"
    strength = PROFILES[task.options.strength].draw(rng)
    image = degrade_page(_grey_if_grey(image), rng, strength, 0.45 * em, float(np.median(image)) > DARK)
    stem = re.sub(r"\W+", "_", task.file.path.stem)[:60]
    name = f"{stem}_{task.file.digest[:6]}_{task.index + 1:04d}.jpg"
    path = _write(task.options.output / "images" / name, image)
    return Sample(path, page=page, size=(page.width, page.height))


def draw_page(task: PageTask, dpi: float) -> tuple[Image, Page, float] | str:
    """The picture (H, W, 3) of a page, its labels and its usual em in pixels, or why it was dropped."""
    page = _document(task.file.path)[task.index]
    try:
        scale = dpi / POINTS_PER_INCH
        width, height = (math.ceil(side * scale) for side in page.get_size())
        if min(width, height) < 1:
            return "damaged"
        check_size(width, height, task.options.max_pixels)
        glyphs = [g for g in read_glyphs(page, page_matrix(page, width, height)) if _inside(g, width, height)]
        if not glyphs:
            return "no text layer"
        picture = draw_twice(page, scale)
    finally:
        page.close()
    return _label(glyphs, picture)


def _label(glyphs: Sequence[Glyph], picture: Picture) -> tuple[Image, Page, float] | str:
    height, width = picture.ink.shape
    hidden = find_hidden(glyphs, picture.ink)
    fault = find_fault(glyphs, hidden, picture)
    if fault is not None:
        return fault
    regions = unlabelled_regions(glyphs, picture)
    if regions is None:
        return "text in pictures"
    lines = build_lines(distrust_misfits(glyphs), hidden, width, height)
    if sum(len(line.text) for line in lines if not line.ignore) <= LEAST_READABLE * sum(
        len(line.text) for line in lines
    ):
        return "most of it too small or not certain"
    em = float(np.quantile([glyph.size for glyph in glyphs], 0.1))
    return picture.image, Page(1, width, height, (Block((*lines, *regions)),)), em


def _inside(glyph: Glyph, width: int, height: int) -> bool:
    x, y = glyph.quad().mean(axis=0)
    return bool(0 <= x < width and 0 <= y < height)


def disagreement(truth: Page, reading: Page) -> float:
    """Character error rate of a reading against the labels, on the words that stand on labelled lines."""
    located = locate_words(truth, words_of(reading))
    errors = characters = 0
    for line, found in located.on_lines:
        label = normalise(line.text)
        errors += edit_distance(label, normalise(" ".join(item.word.text for item in found)))
        characters += len(label)
    return errors / max(characters, 1)


@lru_cache(maxsize=1)
def _reader(load: Callable[[], PageReader]) -> PageReader:
    """Loaded once a process."""
    return load()


def _grey_if_grey(image: Image) -> Image:
    """(H, W) if the page has no colour, which is spoilt three times as fast."""
    spread = cv2.absdiff(image[..., 0], image[..., 1]), cv2.absdiff(image[..., 0], image[..., 2])
    return image if max(int(part.max()) for part in spread) > GREY else np.ascontiguousarray(image[..., 1])


def _write(path: Path, image: Image) -> Path:
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))
    assert done  # uint8 images always can be encoded
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error}); free space") from error
    return path
