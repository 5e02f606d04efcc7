"""Training batches of the two-stage pipeline: lines for the recognizer, page crops for the detector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader

from ocr.data.batch_stream import BatchStream, MakeLoader, make_loader
from ocr.data.config import DataConfig
from ocr.data.detection import CropConfig, DetectionCrops, LabelledPage, MixtureConfig, disturb
from ocr.data.readable import ReadableSamples
from ocr.data.recognition import LabelledCrops, LineBatchConfig, LineBatches, LineSource, RenderedCrops
from ocr.data.sample_mix import SampleMix
from ocr.data.samples import Sample
from ocr.data.series import SeriesSampler, Share
from ocr.data.stock import StockPages, stock_lines
from ocr.data.synthetic.fonts import FontLibrary
from ocr.data.synthetic.pages import PageOptions, render_page
from ocr.data.synthetic.text import TextSampler
from ocr.models.codec import Alphabet, normalise
from ocr.models.training_sets import checked_samples
from ocr.models.two_stage.config import TwoStageConfig
from ocr.models.two_stage.detector_config import KernelConfig
from ocr.models.two_stage.detector_targets import detector_batch
from ocr.models.two_stage.drawn_lines import MARGIN, SIDE_MARGIN, is_readable, labelled_source
from ocr.models.two_stage.rectify import GreyImage, ShrunkPage, line_image, to_height, widen

VARIANTS = 2
"""Cuts of each labelled line with margins of their own."""


def training_batches(
    config: TwoStageConfig, alphabet: Alphabet, parts: Sequence[str], data: DataConfig, seed: int, share: Share
) -> BatchStream:
    """Endless batches with one entry for each part. Raises UsageError or InputError."""
    samples = checked_samples(data, alphabet)
    makers: dict[str, MakeLoader] = {}
    if "recognizer" in parts:
        makers["recognizer"] = _line_loader(config, alphabet, data, samples, seed)
    if "detector" in parts:
        makers["detector"] = _page_loader(config, data, samples, seed)
    return BatchStream(makers, share)


def _line_loader(
    config: TwoStageConfig, alphabet: Alphabet, data: DataConfig, samples: SampleMix, seed: int
) -> MakeLoader:
    height = config.recognizer.height
    rng = np.random.default_rng(seed)
    labelled = labelled_source(samples, lambda some: labelled_lines(some, height, rng), height, data.max_line_width)
    others: LineSource | None = None
    if data.corpora:
        fonts, texts = _fonts_and_texts(data)
        others = RenderedCrops(fonts, texts, height, data.max_line_width, data.crop_style)
    elif labelled and data.replay:
        stock = [(to_height(image, height), text) for image, text in stock_lines("train")]
        others = LabelledCrops(stock, data.max_line_width)
    share = data.real_share if data.corpora else 1 - data.replay
    batch = LineBatchConfig(data.line_pixels, data.max_line_width, share)

    def make(share: Share) -> DataLoader[dict[str, torch.Tensor]]:
        dataset = LineBatches(others, labelled, _Encoder(alphabet), batch, seed, share, data.workers)
        return make_loader(dataset, data.workers, ahead=8)

    return make


def _fonts_and_texts(data: DataConfig) -> tuple[FontLibrary, TextSampler]:
    return FontLibrary([Path(p) for p in data.fonts]), TextSampler([Path(p) for p in data.corpora], data.text)


class _Encoder:
    """Label text to ids; a class, so that worker processes can be started by any method."""

    def __init__(self, alphabet: Alphabet) -> None:
        self.alphabet = alphabet

    def __call__(self, text: str) -> list[int]:
        return self.alphabet.encode(normalise(text))


def labelled_lines(samples: Sequence[Sample], height: int, rng: np.random.Generator) -> Iterator[tuple[GreyImage, str]]:
    """Every labelled line as images (height, W) with its text, cut a little differently each time."""
    readable = ReadableSamples(samples)
    for number, sample in enumerate(samples):
        image = readable.load(number)
        if image is None:
            continue
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        if sample.is_crop:
            yield to_height(grey, height), sample.full_text
        elif sample.page is not None:
            page = ShrunkPage(grey)
            for line in sample.page.lines:
                if not is_readable(line):
                    continue
                for _ in range(VARIANTS):
                    quad = widen(
                        np.asarray(line.polygon), float(rng.uniform(*MARGIN)), float(rng.uniform(*SIDE_MARGIN))
                    )
                    yield line_image(page, quad, height), line.text


def _page_loader(config: TwoStageConfig, data: DataConfig, samples: Sequence[Sample], seed: int) -> MakeLoader:
    renderer: PageRendering | ReplayedPages | None = None
    share = 1 - data.real_share
    if data.corpora:
        renderer = PageRendering(*_fonts_and_texts(data))
    elif data.replay and any(sample.page for sample in samples):
        renderer, share = ReplayedPages(), data.replay
    crops = DetectionCrops(samples, seed, renderer=renderer, mixture=MixtureConfig(rendered=share))
    collate = _PageCollate(config.kernel)
    return lambda share: make_loader(crops, data.workers, 4, SeriesSampler(share, data.page_crops), collate)


class PageRendering:
    """Renders labelled pages without characters, which a detector has no use for."""

    def __init__(self, fonts: FontLibrary, texts: TextSampler) -> None:
        self.fonts, self.texts = fonts, texts

    def __call__(self, rng: np.random.Generator) -> LabelledPage:
        return render_page(rng, self.fonts, self.texts, PageOptions(characters=False))


class ReplayedPages:
    """Pages of the stock set, each time a little different."""

    def __init__(self) -> None:
        self.pages = StockPages("train")

    def __call__(self, rng: np.random.Generator) -> LabelledPage:
        image, page = self.pages(rng)
        return disturb(image, rng, CropConfig()), page


class _PageCollate:
    """Crops with their labels to the detector's tensors."""

    def __init__(self, kernel: KernelConfig) -> None:
        self.kernel = kernel

    def __call__(self, pages: Sequence[LabelledPage]) -> dict[str, torch.Tensor]:
        return {name: torch.from_numpy(array) for name, array in detector_batch(pages, self.kernel).items()}
