"""Evaluation: read labelled sets with one or several engines and score them all in the same way (``ocr eval``).

1. :func:`load_sets`: labelled samples by folder, grouped by what their labels allow to measure.
2. :func:`read_set`: an engine reads a set, in a process of its own so that its peak memory is its own.
3. :func:`ocr.scoring.score`: the readings against the labels.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from ocr import peers
from ocr import pipeline as own_models
from ocr.correct.load import load_corrector
from ocr.correct.prior import unguided
from ocr.correct.reader import CorrectingReader
from ocr.data.samples import Sample, list_splits, load_samples
from ocr.document import Block, Line, Page
from ocr.errors import OcrError, UsageError
from ocr.interruptible import WAKE_UP
from ocr.metrics.text import has_hangul, is_upper_case_only
from ocr.models.interface import Image, LineReader
from ocr.models.registry import PIPELINES
from ocr.models.schema import suggest
from ocr.peers import MissingPeerError
from ocr.scoring import Kind, LineResult, Scores, score

LINES_AT_ONCE = 64
"""Line crops handed to an engine in one call, so that it may batch them."""
HANGUL_SHARE = 0.1
"""A set counts as Korean if at least this share of its samples has Hangul in the label."""


LANGUAGE_CODES = {
    "czech": "cs", "danish": "da", "dutch": "nl", "english": "en", "french": "fr", "german": "de", "hungarian": "hu",
    "italian": "it", "korean": "ko", "polish": "pl", "portuguese": "pt", "slovak": "sk", "spanish": "es",
    "swedish": "sv",
}  # fmt: skip
"""ISO 639-1 codes of languages that some labels give by their English names."""


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Samples of one kind. ``languages`` are ISO 639-1 codes, most frequent first."""

    name: str
    kind: Kind
    samples: tuple[Sample, ...]
    languages: tuple[str, ...]
    fold_case: bool


@dataclass(frozen=True, slots=True)
class Engine:
    """A reader that can be made in another process: ``load`` takes the languages of the set and must be picklable."""

    name: str
    load: Callable[[Sequence[str]], LineReader]


@dataclass(frozen=True, slots=True)
class Reading:
    """What an engine made of a set.

    Attributes:
        pages: one for each sample; a line crop gives a page of one line.
        seconds_per_sample: mean wall time of one page or line, decoding of the file and loading of models not counted.
        cpu_seconds_per_sample: processor time of the same, over all threads and child processes.
        peak_memory: bytes of the largest process, None if not measured.
    """

    pages: tuple[Page, ...]
    seconds_per_sample: float
    cpu_seconds_per_sample: float
    peak_memory: int | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One engine on one set: a row of the table, and the lines behind it."""

    labelled: LabelledSet
    engine: str
    scores: Scores
    reading: Reading
    lines: tuple[LineResult, ...]
    confusions: Counter[tuple[str, str]]

    def to_dict(self) -> dict[str, Any]:
        """The row as a JSON object; memory in megabytes (10^6 bytes)."""
        head = {"set": self.labelled.name, "kind": self.labelled.kind.value, "engine": self.engine}
        reading = self.reading
        rest = {
            "seconds_per_sample": reading.seconds_per_sample,
            "cpu_seconds_per_sample": reading.cpu_seconds_per_sample,
            "peak_memory_mb": None if reading.peak_memory is None else round(reading.peak_memory / 1e6),
        }
        given = {"languages": list(self.labelled.languages), "case_folded": self.labelled.fold_case}
        return head | given | asdict(self.scores) | rest


def load_sets(paths: Sequence[Path], *, split: str, limit: int | None = None) -> list[LabelledSet]:
    """The labelled sets at these paths (folders or label files), first ``limit`` samples of each kind.

    ``split`` of a folder also takes in its parts whose name ends in it: ``val`` reads ``val.jsonl`` and
    ``pages_val.jsonl``. Raises UsageError if there is nothing to score.
    """
    sets = []
    for path in paths:
        splits = list_splits(path)
        parts: list[str | None] = [name for name in splits if name == split or name.endswith(f"_{split}")]
        loaded = [load_samples(path, split=part) for part in parts or [split if splits else None]]
        samples = [sample for part in loaded for sample in part]
        name = path.stem if path.is_file() else path.resolve().name
        for kind in Kind:
            chosen = [sample for sample in samples if kind_of(sample) is kind]
            if chosen:
                labels = [sample.full_text for sample in chosen]
                kept = tuple(chosen[:limit])
                sets.append(LabelledSet(name, kind, kept, languages_of(chosen), is_upper_case_only(labels)))
    if not sets:
        raise UsageError("no labelled samples to score; give the folder of a labelled set")
    return sets


def kind_of(sample: Sample) -> Kind:
    """How a sample is scored."""
    if sample.page is not None:
        return Kind.PAGES
    return Kind.LINES if sample.is_crop else Kind.TEXTS


def languages_of(samples: Sequence[Sample]) -> tuple[str, ...]:
    """The languages that labels name, most frequent first; where none does, Korean if there is Hangul, else English.

    Korean print mixes in Latin words, so Korean brings English with it: engines that must be told need both.
    """
    codes = (sample.lang.lower() for sample in samples if sample.lang)
    named = Counter(LANGUAGE_CODES.get(code, code) for code in codes)
    korean = sum(has_hangul(sample.full_text) for sample in samples) >= HANGUL_SHARE * len(samples)
    languages = [language for language, _ in named.most_common()] or (["ko"] if korean else ["en"])
    return tuple(dict.fromkeys([*languages, "en"] if "ko" in languages else languages))


def with_languages(sets: Sequence[LabelledSet], languages: Sequence[str]) -> list[LabelledSet]:
    """The sets as if all were in these languages (ISO 639-1 codes)."""
    return [replace(labelled, languages=tuple(languages)) for labelled in sets]


def engines(
    model: str | None,
    against: Sequence[str],
    *,
    pipeline: str | None = None,
    adapter: Path | None = None,
    peers_only: bool = False,
) -> list[Engine]:
    """Our reader and what it is compared with, ready to be loaded, each once.

    ``model``, ``pipeline`` and ``adapter`` choose ours as :func:`ocr.pipeline.load` does. ``against`` names peers, our
    pipelines (their shipped models) and models by name or folder; a peer that is not installed is left out with a line
    on stderr. Raises UsageError for unknown names and if no engine is left, ModelError for a model that is not there.
    """
    chosen = [] if peers_only else [own_engine(model, pipeline, adapter)]
    for name in against:
        try:
            chosen.append(find_engine(name))
        except MissingPeerError as error:
            Console(stderr=True).print(f"ocr: {error}", markup=False, soft_wrap=True)
    if not chosen:
        raise UsageError("no engine to evaluate; leave out --peers-only or install an engine for --against")
    return list({engine.name: engine for engine in chosen}.values())


def find_engine(name: str) -> Engine:
    """A peer, the shipped model of a pipeline, or a model. Raises UsageError, MissingPeerError or ModelError."""
    if name in peers.PEERS:
        peers.require_installed(name)
        return Engine(name, partial(peers.load, name))
    if name in PIPELINES:
        return own_engine(None, name)
    if name in own_models.shipped() or Path(name).is_dir():
        return own_engine(name, None)
    known = [*peers.PEERS, *PIPELINES, *own_models.shipped()]
    raise UsageError(f"unknown engine {name!r} for --against: {suggest(name, known)}, or the folder of a model")


def own_engine(model: str | None, pipeline: str | None, adapter: Path | None = None) -> Engine:
    """One of our readers, called by the shipped model's name or by the folder as it was given."""
    if adapter is not None:
        return Engine(str(adapter), partial(_load_own, own_models.find_base(adapter, model, pipeline), adapter))
    folder = own_models.find_model(model, pipeline)
    return Engine(own_models.model_name(folder), partial(_load_own, folder, None))


UNGUIDED, CORRECTED = " unguided", " +correct"
"""Stand behind the name of an engine that reads by the picture alone, and of one whose reading is corrected."""


def unguided_engine(engine: Engine) -> Engine:
    """Our engine by the picture alone: what the n-grams beside it (ocr/correct/prior.py) mend is a correction too."""
    return Engine(engine.name + UNGUIDED, partial(_load_unguided, engine))


def _load_unguided(engine: Engine, languages: Sequence[str]) -> LineReader:
    return unguided(engine.load(languages))


def corrected_engine(engine: Engine, corrector: str | None, lexicon: str | None, weights: str = "nf4") -> Engine:
    """The engine with a corrector behind it."""
    return Engine(engine.name + CORRECTED, partial(_load_corrected, engine, corrector, lexicon, weights))


def _load_corrected(
    engine: Engine, corrector: str | None, lexicon: str | None, weights: str, languages: Sequence[str]
) -> LineReader:
    return CorrectingReader(engine.load(languages), load_corrector(corrector, lexicon, weights))


def _load_own(folder: Path, adapter: Path | None, languages: Sequence[str]) -> LineReader:
    """Our reader; one model reads all its languages."""
    return own_models.load(folder, adapter=adapter)


def evaluate(sets: Sequence[LabelledSet], engines: Sequence[Engine], *, isolate: bool = True) -> list[Evaluation]:
    """Every engine on every set. ``isolate`` reads in a fresh process; without it peak memory is not measured."""
    results = []
    for labelled in sets:
        for engine in engines:
            reading = _read_in_process(engine, labelled) if isolate else read_set(engine, labelled)
            scores, tally = score(labelled.kind, labelled.samples, reading.pages, fold_case=labelled.fold_case)
            _log(engine, labelled, reading)
            results.append(Evaluation(labelled, engine.name, scores, reading, tuple(tally.lines), tally.confusions))
    return results


def read_set(engine: Engine, labelled: LabelledSet) -> Reading:
    """Read all samples, pages one at a time, and take the time.

    The first sample is read once before the clock starts, so that engines which load their models late are not charged
    for it. Raises InputError for an image that cannot be decoded.
    """
    reader = engine.load(labelled.languages)
    read, at_once = (_crop_reader(reader), LINES_AT_ONCE) if labelled.kind is Kind.LINES else (reader.predict, 1)
    samples = labelled.samples
    read([samples[0].load()])
    pages: list[Page] = []
    wall, processor = 0.0, 0.0
    for start in _progress(range(0, len(samples), at_once), f"{engine.name}: {labelled.name}"):
        images = [sample.load() for sample in samples[start : start + at_once]]
        began, processor_began = time.perf_counter(), _processor_seconds()
        pages += read(images)
        wall, processor = wall + time.perf_counter() - began, processor + _processor_seconds() - processor_began
    return Reading(tuple(pages), wall / len(samples), processor / len(samples), None)


def _processor_seconds() -> float:
    """User and system time of this process and of its children that have ended."""
    return sum(os.times()[:4])


def _crop_reader(reader: LineReader) -> Callable[[Sequence[Image]], list[Page]]:
    """Line crops to pages of one line."""

    def read(images: Sequence[Image]) -> list[Page]:
        lines = reader.read_lines(images)
        return [_page_of(line, image) for line, image in zip(lines, images, strict=True)]

    return read


def _page_of(line: Line, image: Image) -> Page:
    height, width = image.shape[:2]
    return Page(1, width, height, (Block((line,)),))


def _log(engine: Engine, labelled: LabelledSet, reading: Reading) -> None:
    count, seconds = len(labelled.samples), reading.seconds_per_sample
    message = f"{labelled.name}: {engine.name} read {count} {labelled.kind.value}, {seconds:.2g} s each"
    Console(stderr=True).print(message, markup=False, highlight=False, soft_wrap=True)


def _progress(steps: Sequence[int], label: str) -> Iterable[int]:
    return track(steps, label, console=Console(stderr=True), disable=not sys.stderr.isatty())


def _read_in_process(engine: Engine, labelled: LabelledSet) -> Reading:
    # spawn: a fork would start with the memory of this process, and native libraries do not survive forks.
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_read_and_send, args=(engine, labelled, sender), daemon=True)
    process.start()
    sender.close()
    try:
        while not receiver.poll(WAKE_UP):
            pass
        outcome: Reading | Exception = receiver.recv()
    except EOFError:
        raise OcrError(
            f"{engine.name} ended without a result while reading {labelled.name} (out of memory?); "
            "try fewer samples with --limit"
        ) from None
    except BaseException:  # Ctrl+C and SIGTERM must not wait for the set to be finished
        process.terminate()
        raise
    finally:
        process.join()
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _read_and_send(engine: Engine, labelled: LabelledSet, sender: Connection) -> None:
    try:
        outcome: Reading | Exception = replace(read_set(engine, labelled), peak_memory=peak_memory())
    except OcrError as error:
        outcome = error
    except Exception:
        outcome = RuntimeError(f"{engine.name} failed on {labelled.name}\n{traceback.format_exc()}")
    sender.send(outcome)


def peak_memory() -> int | None:
    """Bytes of physical memory that the larger of this process and its largest child ever held; None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    status = Path("/proc/self/status")
    if status.exists():  # Linux: ru_maxrss would start with the size of the process that started this one
        own = next(
            (int(row.split()[1]) * 1024 for row in status.read_text().splitlines() if row.startswith("VmHWM")), 0
        )
    else:
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return max(own, children)
