"""Training batches of the end-to-end pipeline: page crops with every character in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from ocr.data.batch_stream import BatchStream, make_loader
from ocr.data.config import DataConfig
from ocr.data.detection import CropConfig, cut_image, disturb, draw_angle
from ocr.data.page_pool import PagePool
from ocr.data.readable import ReadableSamples
from ocr.data.sample_mix import as_mix
from ocr.data.samples import Sample
from ocr.data.series import SeriesSampler, Share
from ocr.data.stock import StockPages
from ocr.data.synthetic.fonts import FontLibrary
from ocr.data.synthetic.pages import PageOptions, render_page
from ocr.data.synthetic.text import TextSampler
from ocr.document import Line
from ocr.errors import UsageError
from ocr.models.codec import Alphabet
from ocr.models.end2end.characters import Characters, characters_of
from ocr.models.end2end.config import End2EndConfig
from ocr.models.end2end.crops_config import SpotterCropConfig
from ocr.models.end2end.spotter_targets import spotter_batch
from ocr.models.training_sets import checked_samples
from ocr.polygon import FloatArray

MarkedPage = tuple[NDArray[np.uint8], Characters]


def training_batches(
    config: End2EndConfig, alphabet: Alphabet, data: DataConfig, seed: int, share: Share
) -> BatchStream:
    """Endless batches. Raises UsageError or InputError."""
    samples = checked_samples(data, alphabet)
    source = PageSource(samples, data, config, alphabet)
    crops = SpotterCrops(source, config.crops, seed)
    collate = Collate(config)

    def make(share: Share) -> DataLoader[dict[str, torch.Tensor]]:
        return make_loader(crops, data.workers, 4, SeriesSampler(share, data.page_crops), collate)

    return BatchStream({"spotter": make}, share)


class PageSource:
    """Draws pages with their characters, labelled, rendered or of the stock set.

    Raises UsageError if there is neither a corpus nor a labelled page with characters.
    """

    def __init__(self, samples: Sequence[Sample], data: DataConfig, config: End2EndConfig, alphabet: Alphabet) -> None:
        self.alphabet, self.crops = alphabet, config.crops
        text_alone = config.target.alignment > 0
        self.samples = as_mix(samples).keep(lambda sample: teaches(sample, text_alone))
        self.readable = ReadableSamples(self.samples)
        self.real_share = 0.0 if not self.samples else data.real_share if data.corpora else 1 - data.replay
        self.renderer: tuple[FontLibrary, TextSampler] | None = None
        self.stock = StockPages("train") if data.replay and not data.corpora and self.samples else None
        if data.corpora:
            fonts = FontLibrary([Path(p) for p in data.fonts])
            self.renderer = fonts, TextSampler([Path(p) for p in data.corpora], data.text)
        elif not self.samples:
            raise UsageError(
                f"none of {len(samples)} labelled pages has characters, which the spotter is trained on; "
                "label them with ocr data characters, or set data.corpora=[FOLDER]"
            )

    def __call__(self, rng: np.random.Generator) -> MarkedPage:
        if rng.random() < self.real_share:
            number, image = self.readable.draw(rng)
            page = self.samples[number].page
            assert page is not None
            return image, characters_of(page, self.alphabet)
        if self.renderer is None:
            assert self.stock is not None
            image, page = self.stock(rng)
            return image, characters_of(page, self.alphabet)
        layout = "specimen" if rng.random() < self.crops.specimen else "any"
        image, page = render_page(rng, *self.renderer, PageOptions(layout=layout, degradation=self.crops.degradation))
        return image, characters_of(page, self.alphabet)


def is_taught(line: Line, text_alone: bool) -> bool:
    """Whether a line teaches the spotter something: by its characters, or by its text alone."""
    return not line.ignore and (any(word.chars for word in line.words) or (text_alone and bool(line.text.strip())))


def teaches(sample: Sample, text_alone: bool) -> bool:
    """Whether a line of a sample does."""
    return sample.page is not None and any(is_taught(line, text_alone) for line in sample.page.lines)


class SpotterCrops:
    """Crop ``index`` of an endless, reproducible series; a map-style dataset for ``torch.utils.data.DataLoader``."""

    def __init__(self, source: PageSource, config: SpotterCropConfig, seed: int, length: int = 10_000_000) -> None:
        self.config, self.seed, self.length = config, seed, length
        self.pages = PagePool(source, seed, config.pool, config.crops_a_page)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> MarkedPage:
        rng = np.random.default_rng((self.seed, index))
        image, characters = random_crop(*self.pages.page(index), rng, self.config)
        if rng.random() < self.config.disturbed:
            image = disturb(image, rng, CropConfig(invert=self.config.invert))
        return image, characters


def random_crop(
    image: NDArray[np.uint8], characters: Characters, rng: np.random.Generator, config: SpotterCropConfig
) -> MarkedPage:
    """A square crop (size, size, 3) at a random place, scale and angle, with the characters in its pixels."""
    scale, spot = 1.0, rng.uniform((0, 0), (image.shape[1], image.shape[0]))
    height, place = some_text(characters, rng)
    if height:
        scale = draw_line_height(rng, config) / max(1.0, height)
        if rng.random() >= config.anywhere:
            spot = place
    scale = min(scale, config.enlarge)
    spot = spot + rng.uniform(-0.4, 0.4, 2) * config.size / scale
    angle = draw_angle(rng, config.tilt, config.quarter_turns, config.any_angle)
    crop, matrix = cut_image(image, (float(spot[0]), float(spot[1])), scale, angle, config.size)
    return crop, characters.moved(matrix)


def some_text(characters: Characters, rng: np.random.Generator) -> tuple[float, FloatArray]:
    """Line height and place (2,) of a character, or of a spot on a line without; height 0 if there is neither."""
    if len(characters.centres):
        chosen = int(rng.integers(len(characters.centres)))
        return float(characters.heights[chosen]), characters.centres[chosen]
    if characters.lines:
        line = characters.lines[int(rng.integers(len(characters.lines)))]
        return line.height, line.ends[0] + rng.random() * (line.ends[1] - line.ends[0])
    return 0.0, np.zeros(2)


def draw_line_height(rng: np.random.Generator, config: SpotterCropConfig) -> float:
    low, high = np.log(config.line_heights)
    return float(np.exp(rng.triangular(low, low + 0.33 * (high - low), high)))


class Collate:
    """Crops with their characters to the spotter's tensors."""

    def __init__(self, config: End2EndConfig) -> None:
        self.config = config

    def __call__(self, pages: Sequence[MarkedPage]) -> dict[str, torch.Tensor]:
        return {name: torch.from_numpy(array) for name, array in spotter_batch(pages, self.config.target).items()}
