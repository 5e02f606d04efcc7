"""Validation of the two-stage pipeline's parts on rendered and labelled data that was not trained on."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.data.config import DataConfig
from ocr.data.samples import Sample
from ocr.data.stock import STOCK, stock_lines, stock_pages
from ocr.data.synthetic.crops import CropStyle, render_crop
from ocr.data.synthetic.fonts import evaluation_library
from ocr.data.synthetic.text import TextMix, TextSampler
from ocr.document import Block, Line, Page
from ocr.metrics.detection import DetectionTally
from ocr.metrics.text import Ratio, align, edit_distance
from ocr.models.codec import normalise
from ocr.models.interface import Image
from ocr.models.trainable import Pipeline, SampleReading, Scores, SymbolCounts
from ocr.models.training_sets import validation_sets
from ocr.models.two_stage.config import TwoStageConfig
from ocr.models.two_stage.detect import detect_lines
from ocr.models.two_stage.pipeline import TwoStage
from ocr.models.two_stage.recognise import recognise_lines
from ocr.models.two_stage.recognizer_decode import text_of
from ocr.models.two_stage.rectify import GreyImage, ShrunkPage, line_image, to_height, widen
from ocr.polygon import as_polygon

LIGHT = CropStyle(strength=0.15, inverse=0.02)
"""Clean to lightly degraded: the print that the issue's bars speak of."""

SHOWN_LINES, SHOWN_PAGES = 4, 2
"""Lines of each set, and pages, that are shown with what is read or found in them."""

LabelledLine = tuple[GreyImage, str]


class TwoStageValidation:
    """Character error rates of rendered and labelled lines, F1 of detected lines; a ``Validation``.

    The objective is the mean error rate of lines plus what the F1 lacks; the stock set has no part in it.
    """

    def __init__(self, config: TwoStageConfig, parts: Sequence[str], data: DataConfig) -> None:
        self.parts = parts
        sets = validation_sets(data)
        self.lines: dict[str, list[LabelledLine]] = {}
        if "recognizer" in parts:
            self.lines = rendered_lines(data, config.recognizer.height)
            for name, samples in sets.items():
                lines = [line for sample in samples for line in sample_lines(sample, config)]
                self.lines |= {name: lines} if lines else {}
        pages = [s for samples in sets.values() for s in samples if s.page and any(s.page.lines)]
        self.pages = pages if "detector" in parts else []
        self.stock_lines: list[LabelledLine] = []
        if data.stock and "recognizer" in parts:
            height = config.recognizer.height
            self.stock_lines = [(to_height(image, height), text) for image, text in stock_lines("val")]
        self.stock_pages = stock_pages("val") if data.stock and "detector" in parts else []

    def __call__(self, pipeline: Pipeline) -> Scores:
        assert isinstance(pipeline, TwoStage)
        values: dict[str, float] = {}
        readings: list[SampleReading] = []
        symbols: dict[str, SymbolCounts] = {}
        for name, lines in (self.lines | ({STOCK: self.stock_lines} if self.stock_lines else {})).items():
            texts, labels = read(pipeline, [image for image, _ in lines]), [text for _, text in lines]
            values[f"cer/{name}"] = character_error_rate(labels, texts)
            symbols[name] = symbol_counts(labels, texts)
            readings += line_readings(name, lines, texts)
        rates = [values[f"cer/{name}"] for name in self.lines]
        objective = float(np.mean(rates)) if rates else None
        if self.pages:
            values["detection/f1"] = detection_f1(pipeline, self.pages)
            readings += [found_lines(pipeline, sample) for sample in self.pages[:SHOWN_PAGES]]
            objective = (objective or 0.0) + 1 - values["detection/f1"]
        if self.stock_pages:
            values[f"detection/{STOCK}"] = detection_f1(pipeline, self.stock_pages)
        return Scores(objective, values, tuple(readings), symbols)


def rendered_lines(data: DataConfig, height: int) -> dict[str, list[LabelledLine]]:
    """Lines in fonts and of text that are kept out of training, the same at every call."""
    if not data.corpora or not data.rendered_val:
        return {}
    fonts = evaluation_library([Path(p) for p in data.evaluation_fonts])
    groups = {"rendered_latin": {"en": 0.5, "ko": 0.0, "other": 0.5}, "rendered_korean": {"ko": 1.0}}
    lines: dict[str, list[LabelledLine]] = {}
    for name, languages in groups.items():
        texts = TextSampler([Path(p) for p in data.corpora], TextMix(languages=languages), held_out=True)
        rng = np.random.default_rng(7)
        lines[name] = [
            render_crop(rng, fonts, texts, height, data.max_line_width, LIGHT) for _ in range(data.rendered_val)
        ]
    return lines


def sample_lines(sample: Sample, config: TwoStageConfig) -> list[LabelledLine]:
    """The labelled lines of a sample, cut out as in reading."""
    grey = cv2.cvtColor(sample.load(), cv2.COLOR_RGB2GRAY)
    if sample.is_crop:
        return [(to_height(grey, config.recognizer.height), sample.full_text)]
    page, reading = ShrunkPage(grey), config.reading
    return [
        (line_image(page, _cut(line.polygon, reading.margin, reading.side_margin), config.recognizer.height), line.text)
        for line in (sample.page.lines if sample.page else ())
        if not line.ignore and line.text.strip() and len(line.polygon) == 4
    ]


def _cut(polygon: object, margin: float, side_margin: float) -> NDArray[np.float64]:
    return widen(np.asarray(polygon, dtype=np.float64), margin, side_margin)


def read(pipeline: TwoStage, images: Sequence[GreyImage]) -> list[str]:
    reading, alphabet = pipeline.config.reading, pipeline.alphabet
    return [text_of(c) for c in recognise_lines(images, pipeline.runner("recognizer"), alphabet, reading)]


def character_error_rate(references: Sequence[str], predictions: Sequence[str]) -> float:
    """Edits over reference characters, both in the form labels are trained in."""
    ratio = Ratio()
    for reference, prediction in zip(references, predictions, strict=True):
        reference = normalise(reference)
        ratio.add(edit_distance(reference, prediction), len(reference))
    return float(ratio.value or 0.0)


def symbol_counts(references: Sequence[str], predictions: Sequence[str]) -> SymbolCounts:
    """How often each symbol (NFD) of the references was read right, and how often it occurs."""
    right: Counter[str] = Counter()
    occurs: Counter[str] = Counter()
    for reference, prediction in zip(references, predictions, strict=True):
        symbols, found = (unicodedata.normalize("NFD", text) for text in (normalise(reference), prediction))
        occurs.update(symbols)
        right.update(a for a, b in align(symbols, found) if a is not None and a == b)
    return {symbol: (right[symbol], count) for symbol, count in occurs.items()}


def detection_f1(pipeline: TwoStage, samples: Sequence[Sample]) -> float:
    """F1 at IoU 0.5 of line boxes over labelled pages."""
    tally = DetectionTally()
    for sample in samples:
        assert sample.page is not None
        image = sample.load()
        found = detected(pipeline, image)
        lines = list(sample.page.lines)
        tally.add(
            [line.polygon for line in lines if not line.ignore],
            [as_polygon(quad) for quad, _ in found],
            [line.polygon for line in lines if line.ignore],
        )
    return float(tally.f1 or 0.0)


def detected(pipeline: TwoStage, image: Image) -> list[tuple[NDArray[np.float64], float]]:
    """The quadrilaterals (4, 2) of lines in px of the page, with their confidences."""
    config = pipeline.config
    return detect_lines(image, pipeline.runner("detector"), config.kernel, config.prepare, config.decode)


def line_readings(name: str, lines: Sequence[LabelledLine], texts: Sequence[str]) -> list[SampleReading]:
    """A few lines, evenly spread over the set, with what was read in them."""
    readings = []
    for index in range(0, len(lines), max(1, len(lines) // SHOWN_LINES))[:SHOWN_LINES]:
        image, label = lines[index]
        readings.append(
            SampleReading(f"{name} {index + 1}", cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), label, texts[index])
        )
    return readings


def found_lines(pipeline: TwoStage, sample: Sample) -> SampleReading:
    """A page with the boxes of the lines that the detector finds."""
    image = sample.load()
    height, width = image.shape[:2]
    lines = tuple(Line("", as_polygon(quad), confidence) for quad, confidence in detected(pipeline, image))
    return SampleReading(f"page {sample.image.stem}", image, "", "", Page(1, width, height, (Block(lines),)))
