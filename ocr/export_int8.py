"""A model folder in int8: exported as ever, calibrated on pages that it reads, quantized, and read with again."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from ocr.data.samples import decode_image
from ocr.data.stock import stock_lines, stock_pages
from ocr.data.unlabelled import evenly, find_images
from ocr.document import Page
from ocr.export import export
from ocr.metrics.page import WordTally, count_words
from ocr.models.interface import Image, LineReader
from ocr.models.onnx_int8 import STAY, quantize_file
from ocr.models.onnx_session import Recording
from ocr.models.registry import PIPELINES
from ocr.models.weights import read_model_config

DYNAMIC = ("names", "context")
"""Networks that are given features, not images: they measure their activations as they read."""

PAGES = 12
"""Pages to calibrate on."""

LINES = 24
"""Lines of the stock set besides, of all scripts, also where no line is found on the pages."""

INPUTS = 48
"""Inputs of a network to calibrate on."""


@dataclass(frozen=True, slots=True)
class Int8Network:
    """One network: bytes of its file before and after, and how many of its layers are in int8 of all that could be."""

    before: int
    after: int
    quantized: int
    layers: int


@dataclass(frozen=True, slots=True)
class Int8Model:
    """The networks by name, and the share of the words of the calibration pages (F1) that are read as before."""

    networks: Mapping[str, Int8Network]
    same_words: float | None


def export_int8(
    folder: Path,
    output: Path,
    parts: Mapping[str, Path] | None = None,
    *,
    calibrate: Path | None = None,
    dynamic: bool = False,
    exclude: Sequence[str] | None = None,
) -> Int8Model:
    """Write ``output`` as a model folder whose networks compute in int8.

    ``calibrate`` is a labelled set or a folder of page images; none takes the stock pages. ``dynamic`` measures
    activations as it reads instead. ``exclude`` has patterns of layers that stay in fp32; None leaves out what is known
    to lose. Raises ModelError and UsageError as :func:`ocr.export.export` does, UsageError for a folder without images.
    """
    pages = calibration_pages(calibrate)
    export(folder, output, parts)
    recording: Recording = {}
    reader = open_reader(output, recording)
    before = read(reader, pages)
    reader.read_lines([cv2.cvtColor(line, cv2.COLOR_GRAY2RGB) for line, _ in evenly(list(stock_lines("train")), LINES)])
    networks = {}
    for path in sorted(output.glob("*.onnx")):
        if path.stem not in STAY:
            continue
        size, inputs = path.stat().st_size, list(evenly(recording.get(path.stem, []), INPUTS))
        print(f"{path.stem}: to int8", file=sys.stderr)  # noqa: T201
        patterns = STAY.get(path.stem, ()) if exclude is None else exclude
        quantized, layers = quantize_file(path, None if dynamic or path.stem in DYNAMIC else inputs, patterns)
        networks[path.stem] = Int8Network(size, path.stat().st_size, quantized, layers)
    return Int8Model(networks, same_words(before, read(open_reader(output), pages)))


def open_reader(folder: Path, recording: Recording | None = None) -> LineReader:
    """The reader of the light install over the folder's ONNX files."""
    module = importlib.import_module(f"{PIPELINES[read_model_config(folder)['pipeline']]}.onnx_reader")
    reader: LineReader = module.open_onnx_reader(folder, recording)
    return reader


def calibration_pages(source: Path | None) -> list[Image]:
    """A few pages of a set or folder, spread over it, or the stock pages."""
    if source is None:
        return [sample.load() for sample in stock_pages("train")]
    return [decode_image(path) for path in evenly(find_images(source), PAGES)]


def read(reader: LineReader, pages: Sequence[Image]) -> list[Page]:
    return [page for image in pages for page in reader.predict([image])]


def same_words(before: Sequence[Page], after: Sequence[Page]) -> float | None:
    """F1 of the words of the second readings, the first taken as labels; None where there are no words."""
    tally = WordTally()
    for old, new in zip(before, after, strict=True):
        tally.add(*(count_words([page.text], fold_case=False) for page in (old, new)))
    return tally.f1
