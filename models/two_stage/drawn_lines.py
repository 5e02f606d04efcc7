"""Labelled lines of sets of any size: cut beforehand where they fit into memory, else when they are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import cv2
import numpy as np

from ocr.data.readable import ReadableSamples
from ocr.data.recognition import LabelledCrops, LineSource, vary_line
from ocr.data.sample_mix import SampleMix, draw_weighted
from ocr.data.samples import Sample
from ocr.data.stored_samples import LARGE_COUNT
from ocr.document import Line
from ocr.errors import InputError
from ocr.models.interface import Image
from ocr.models.two_stage.rectify import GreyImage, ShrunkPage, line_image, to_height, widen

LabelledLine = tuple[GreyImage, str]
CutLines = Callable[[Sequence[Sample]], Iterable[LabelledLine]]
"""Cuts all lines out of samples."""

TRIES = 1000
"""Samples drawn in a row without a line to train on after which training stops."""

MARGIN, SIDE_MARGIN = (-0.05, 0.18), (0.0, 0.5)
"""Ranges of what is cut out around a labelled line, in line heights."""


def labelled_source(samples: SampleMix, cut: CutLines, height: int, max_width: int) -> LineSource | None:
    """Draws lines of all sets, by their weights if they have any; None if there is no line."""
    large = [len(some) >= LARGE_COUNT for some in samples.sets]
    if not samples.weights and not any(large):
        crops = list(cut(samples))
        return LabelledCrops(crops, max_width) if crops else None
    sources: list[LineSource] = []
    weights: list[float] = []
    for number, some in enumerate(samples.sets):
        if samples.weights and not samples.weights[number]:
            continue
        crops = [] if large[number] else LabelledCrops(list(cut(some)), max_width).crops
        if crops or large[number]:
            sources.append(LabelledCrops(crops, max_width) if crops else DrawnLines(some, height, max_width))
            weights.append(samples.weights[number] if samples.weights else len(crops) or len(some))
    return LineMix(sources, weights) if sources else None


class LineMix:
    """Draws from several sources in proportion to their weights."""

    def __init__(self, sources: Sequence[LineSource], weights: Sequence[float]) -> None:
        self.sources, self.weights = sources, weights

    def draw(self, rng: np.random.Generator) -> LabelledLine:
        return self.sources[draw_weighted(self.weights, rng)].draw(rng)


class DrawnLines:
    """Draws a sample, decodes it and cuts out a line, each time a little differently.

    Raises InputError if there is no end of samples without a line.
    """

    def __init__(self, samples: Sequence[Sample], height: int, max_width: int) -> None:
        self.readable, self.height, self.max_width = ReadableSamples(samples), height, max_width

    def draw(self, rng: np.random.Generator) -> LabelledLine:
        for _ in range(TRIES):
            number, image = self.readable.draw(rng)
            line = cut_line(self.readable.samples[number], image, self.height, rng)
            if line is not None and line[0].shape[1] <= self.max_width:
                return vary_line(line[0], rng, self.max_width), line[1]
        raise InputError(
            "damaged",
            f"{TRIES} samples in a row hold no readable line of up to {self.max_width} px; see ocr data check",
        )


def cut_line(sample: Sample, image: Image, height: int, rng: np.random.Generator) -> LabelledLine | None:
    """A line (height, W) of a sample and its image (H, W, 3), with its text; None if it has none."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    if sample.page is None:
        return (to_height(grey, height), sample.full_text) if sample.is_crop and sample.full_text.strip() else None
    lines = [line for line in sample.page.lines if is_readable(line)]
    if not lines:
        return None
    line = lines[int(rng.integers(len(lines)))]
    quad = widen(np.asarray(line.polygon), float(rng.uniform(*MARGIN)), float(rng.uniform(*SIDE_MARGIN)))
    return line_image(ShrunkPage(grey), quad, height), line.text


def is_readable(line: Line) -> bool:
    """Whether a line can be cut out and has a text to learn."""
    return not line.ignore and bool(line.text.strip()) and len(line.polygon) == 4
