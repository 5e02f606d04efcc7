"""The whole labelled set is checked before anything is trained on it.

Bad samples (image missing or damaged, of another size than labelled, no text at all) are left out by name, bad lines
(outside the page, without area) and lines without text become ignore regions; if more than ``max_bad_fraction`` is bad,
nothing is trained. Unknown symbols, duplicates and images in two splits are counted and shown.

Before training, a very large set is judged by samples drawn from it; what else is bad in it is left out when met.
"""

from __future__ import annotations

import hashlib
import math
import os
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.progress import track

from ocr.data.check_report import CheckReport, Problem, SplitReport
from ocr.data.label_options import MAX_BAD_FRACTION
from ocr.data.sample_mix import chosen
from ocr.data.samples import Sample, label_texts
from ocr.data.stored_samples import LARGE_COUNT
from ocr.document import Block, Line, Page
from ocr.errors import InputError
from ocr.polygon import area, bounds

OUTSIDE_TOLERANCE = 0.02
"""How far a polygon may stick out of the page, as a fraction of its longer side: rotated rectangles at its edge do."""
MIN_AREA = 4.0
"""Square pixels below which a polygon holds no text."""
BATCH = 512
DRAWN = 4000
"""Samples of a large set that are looked at before it is trained on: 1% of bad ones shows as 40 of them."""
DRAWN_SEED = 7

Normalise = Callable[[str], str]


def check_samples(
    train: Sequence[Sample],
    val: Sequence[Sample],
    alphabet: Collection[str] | None = None,
    max_bad_fraction: float = MAX_BAD_FRACTION,
    *,
    normalise: Normalise = str,
) -> CheckReport:
    """Checks both splits and raises InputError (exit code 3) if too much is bad; see :func:`inspect_samples`.

    ``val`` may be empty: rendered lines are validated on too.
    """
    splits = {"train": train} | ({"val": val} if val else {})
    report = inspect_samples(splits, alphabet, max_bad_fraction, normalise=normalise, drawn=DRAWN)
    report.require_usable()
    return report


def inspect_samples(
    splits: dict[str, Sequence[Sample]],
    alphabet: Collection[str] | None = None,
    max_bad_fraction: float = MAX_BAD_FRACTION,
    *,
    normalise: Normalise = str,
    drawn: int | None = None,
) -> CheckReport:
    """Decodes every image and looks at every label; shows progress on stderr and raises nothing.

    ``alphabet`` holds NFD symbols (None: unknown symbols are not looked for); ``normalise`` is what the model does to
    labels before it encodes them; ``drawn`` is how many samples of a very large split are looked at (None: all).
    """
    symbols = _Symbols(None if alphabet is None else frozenset(alphabet), normalise)
    reports, hashes = [], []
    for name, samples in splits.items():
        report, images = _inspect_split(name, samples, symbols, drawn if len(samples) >= LARGE_COUNT else None)
        _find_duplicates(report, images, samples)
        reports.append(report)
        hashes.append(images)
    return CheckReport(
        tuple(reports), tuple(_overlap(hashes, list(splits.values()))), max_bad_fraction, alphabet is not None
    )


@dataclass(frozen=True, slots=True)
class _Decoded:
    digest: bytes
    width: int
    height: int


Images = dict[bytes, list[int]]
"""The positions of the samples of each image content."""


@dataclass(frozen=True, slots=True)
class _Symbols:
    known: frozenset[str] | None
    normalise: Normalise


def _inspect_split(
    name: str, samples: Sequence[Sample], symbols: _Symbols, drawn: int | None
) -> tuple[SplitReport, Images]:
    report = SplitReport(name, samples=len(samples))
    images: Images = defaultdict(list)
    positions: Sequence[int] = range(len(samples))
    if drawn is not None:
        rng = np.random.default_rng(DRAWN_SEED)
        positions = sorted(rng.choice(len(samples), min(drawn, len(samples)), replace=False).tolist())
    report.looked_at = len(positions)
    bad = []
    looked_at = chosen(samples, positions) if drawn is not None else samples
    decoded = _with_progress(_decode_all(looked_at), name, len(positions))
    for position, sample, image in zip(positions, looked_at, decoded, strict=True):
        report.lines += sum(1 for _ in sample.page.lines) if sample.page else 0
        problem = image if isinstance(image, Problem) else _sample_problem(sample, image)
        if problem is not None:
            report.bad.append(problem)
            bad.append(position)
            continue
        kept = _without_bad_lines(sample, report)
        report.count(kept)
        _count_symbols(report, kept, symbols)
        if isinstance(image, _Decoded):
            images[image.digest].append(position)
    good = np.delete(np.arange(len(samples)), bad)
    report.kept = chosen(samples, good, without_bad_lines)  # type: ignore[arg-type]
    return report, images


def _with_progress(decoded: Iterable[_Decoded | Problem], name: str, total: int) -> Iterable[_Decoded | Problem]:
    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(f"checking {name}: {total} images", highlight=False)
        return decoded
    return track(decoded, f"Checking {name}", total, console=console, transient=True)


def _decode_all(samples: Sequence[Sample]) -> Iterator[_Decoded | Problem]:
    """In order; threads suffice because Pillow releases the interpreter lock while it decodes."""
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        for start in range(0, len(samples), BATCH):
            yield from pool.map(_decode, samples[start : start + BATCH])


def _decode(sample: Sample) -> _Decoded | Problem:
    try:
        height, width = sample.load().shape[:2]
        return _Decoded(hashlib.sha256(sample.image_bytes()).digest(), width, height)
    except InputError as error:
        return Problem(sample.source, f"{error.code} image", str(error))
    except OSError as error:
        return Problem(sample.source, "damaged image", f"{sample.image}: {error.strerror}")


def _sample_problem(sample: Sample, image: _Decoded) -> Problem | None:
    labelled = (sample.page.width, sample.page.height) if sample.page else sample.size
    if labelled is not None and labelled != (image.width, image.height):
        detail = f"{sample.image.name} is {image.width} x {image.height}, labelled as {labelled[0]} x {labelled[1]}"
        return Problem(sample.source, "wrong size", detail)
    if sample.page is None and not (sample.text or "").strip():
        return Problem(sample.source, "no text", f"the label of {sample.image.name} is empty")
    return None


def without_bad_lines(sample: Sample) -> Sample:
    """The sample with its bad and its empty lines as ignore regions."""
    return _without_bad_lines(sample, SplitReport(""))


def _without_bad_lines(sample: Sample, report: SplitReport) -> Sample:
    """The sample with its bad and its empty lines as ignore regions, both noted in the report."""
    if sample.page is None:
        return sample
    lines: list[Line] = []
    for line in sample.page.lines:
        fault = None if line.ignore else _line_fault(line, sample.page)
        where = f"{sample.source} ({sample.image.name})"
        if fault is not None:
            report.bad_lines.append(Problem(where, *fault))
        elif not line.ignore and not line.text.strip():
            report.empty_lines.append(f"{where} at {_place(line)}")
        if _is_finite(line):
            lines.append(line if fault is None and line.text.strip() else replace(line, ignore=True))
    return replace(sample, page=replace(sample.page, blocks=(Block(tuple(lines)),) if lines else ()))


def _line_fault(line: Line, page: Page) -> tuple[str, str] | None:
    """Rule and detail of what is wrong with the polygon."""
    named = f"{line.text[:30]!r}"
    if len(line.polygon) < 4 or not _is_finite(line):
        return "bad polygon", f"{named} has {len(line.polygon)} points, of 4 or more finite ones"
    if area(line.polygon) < MIN_AREA:
        return "no area", f"{named} at {_place(line)}"
    left, top, right, bottom = bounds(line.polygon)
    over = max(-left, -top, right - page.width, bottom - page.height)
    if over > OUTSIDE_TOLERANCE * max(page.width, page.height):
        return "outside the page", f"{named} at {_place(line)} of {page.width} x {page.height}"
    return None


def _is_finite(line: Line) -> bool:
    return bool(line.polygon) and all(math.isfinite(value) for point in line.polygon for value in point)


def _place(line: Line) -> str:
    left, top, right, bottom = bounds(line.polygon)
    return f"x {left:.0f}-{right:.0f}, y {top:.0f}-{bottom:.0f}"


def _count_symbols(report: SplitReport, sample: Sample, symbols: _Symbols) -> None:
    for text in label_texts(sample):
        written = unicodedata.normalize("NFD", symbols.normalise(text))
        report.characters.update(written)
        for symbol in written:
            if symbols.known is not None and symbol not in symbols.known:
                report.unknown[symbol] += 1
                report.unknown_example.setdefault(symbol, f"{sample.source} in {text[:40]!r}")


def _find_duplicates(report: SplitReport, images: Images, samples: Sequence[Sample]) -> None:
    for positions in images.values():
        if len(positions) > 1:
            group = [without_bad_lines(samples[position]) for position in positions]
            same = len({tuple(label_texts(sample)) for sample in group}) == 1
            (report.duplicates if same else report.contradictions).append([sample.source for sample in group])


def _overlap(hashes: list[Images], splits: list[Sequence[Sample]]) -> Iterator[tuple[str, str]]:
    for index, images in enumerate(hashes):
        for other, others in enumerate(hashes[index + 1 :], start=index + 1):
            for digest in images.keys() & others.keys():
                yield splits[index][images[digest][0]].source, splits[other][others[digest][0]].source
