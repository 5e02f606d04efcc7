"""Validation of the spotter: pages in fonts and of text that are kept out of training, and labelled pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ocr.data.config import DataConfig
from ocr.data.samples import Sample
from ocr.data.stock import STOCK, stock_pages
from ocr.data.synthetic.degrade import PROFILES
from ocr.data.synthetic.fonts import evaluation_library
from ocr.data.synthetic.pages import PageOptions, render_page
from ocr.data.synthetic.text import TextMix, TextSampler
from ocr.models.codec import Alphabet
from ocr.models.end2end.characters import characters_of
from ocr.models.end2end.config import End2EndConfig
from ocr.models.end2end.crops_config import SpotterCropConfig
from ocr.models.end2end.spotter_config import TargetConfig
from ocr.models.end2end.spotter_targets import spotter_batch
from ocr.models.end2end.training_data import MarkedPage, is_taught, random_crop
from ocr.models.interface import Image
from ocr.models.trainable import Batch, Pipeline, SampleReading, Scores, SymbolCounts
from ocr.models.training_sets import validation_sets

GROUPS = {"latin": {"en": 0.5, "ko": 0.0, "other": 0.5}, "korean": {"ko": 1.0}}
LAYOUTS = ("book", "letter", "article", "typescript")
LINE_HEIGHTS = (16.0, 30.0)
"""Range in px of the text on validation crops: what a page is resized to."""

CROPS = 12
"""Crops of each group."""

PAGE_CROPS = (6, 64)
"""Most crops of a labelled page, and of a labelled set."""


class End2EndValidation:
    """Shares of characters found and read right, of rendered pages upright and turned, and of labelled pages whose
    words hold characters; a ``Validation``. The objective is the mean share not read right, without the stock set's."""

    def __init__(self, config: End2EndConfig, alphabet: Alphabet, data: DataConfig) -> None:
        self.presence, self.alphabet = config.spot.presence, alphabet
        upright = replace(config.crops, any_angle=0.0, quarter_turns=0.0, anywhere=0.0, line_heights=LINE_HEIGHTS)
        self.batches: dict[str, list[Batch]] = {}
        self.shown: dict[str, Image] = {}
        for name in GROUPS if data.corpora and data.rendered_val else ():
            for way, crops in (("", upright), ("_turned", replace(upright, any_angle=1.0))):
                pages = validation_pages(name, data, alphabet)
                rng = np.random.default_rng(7)
                cut = [random_crop(*next(pages), rng, crops) for _ in range(CROPS)]
                self._add(name + way, cut, config.target)
        for name, samples in (validation_sets(data) | ({STOCK: stock_pages("val")} if data.stock else {})).items():
            cut = labelled_crops(samples, alphabet, upright)
            if cut:
                self._add(name, cut, config.target)

    def _add(self, name: str, crops: Sequence[MarkedPage], config: TargetConfig) -> None:
        self.batches[name] = [batch_of(crop, config) for crop in crops]
        self.shown[name] = crops[0][0]

    @torch.inference_mode()
    def __call__(self, pipeline: Pipeline) -> Scores:
        values: dict[str, float] = {}
        symbols: dict[str, SymbolCounts] = {}
        for name, batches in self.batches.items():
            known: Counter[int] = Counter()
            occurs: Counter[int] = Counter()
            counts = np.sum([self._count(pipeline, batch, known, occurs) for batch in batches], axis=0)
            values[f"found/{name}"] = float(counts[0] / max(counts[2], 1))
            values[f"right/{name}"] = float(counts[1] / max(counts[2], 1))
            symbols[name] = {self.alphabet.symbol(number): (known[number], occurs[number]) for number in occurs}
        right = [values[f"right/{name}"] for name in self.batches if name != STOCK]
        readings = tuple(page_reading(pipeline, name, image) for name, image in self.shown.items())
        return Scores(1 - float(np.mean(right)) if right else None, values, readings, symbols)

    def _count(
        self, pipeline: Pipeline, batch: Batch, known: Counter[int], occurs: Counter[int]
    ) -> tuple[int, int, int]:
        """Characters found, found and read right, and in all; classes read right and in all are added up."""
        device = next(pipeline.parameters()).device
        pages = {name: tensor.to(device) for name, tensor in batch["spotter"].items()}
        output = pipeline({"spotter": pages})
        page, row, column = pages["cells"].unbind(1)
        own = pages["presence"][page, 0, row, column] == 1  # each character once, at the cell that holds its centre
        found = torch.sigmoid(output["spotter"][page, 0, row, column]) >= self.presence
        symbols = output["symbols"].clone()  # (P, 3, classes)
        if "context" in output:
            real = pages["chains"] >= 0
            symbols[pages["chains"][real]] = output["context"][real]
        same = symbols.argmax(dim=2) == pages["symbols"]  # (P, 3)
        told = own[:, None] & (pages["symbols"] > 0)
        occurs.update(pages["symbols"][told].tolist())
        known.update(pages["symbols"][told & same & found[:, None]].tolist())
        right = same.all(dim=1)
        return int((found & own).sum()), int((right & found & own).sum()), int(own.sum())


def page_reading(pipeline: Pipeline, name: str, image: Image) -> SampleReading:
    """What the whole pipeline reads in a crop of a page."""
    (page,) = pipeline.predict([image])
    return SampleReading(name, image, "", page.text, page)


def batch_of(page: MarkedPage, config: TargetConfig) -> Batch:
    """One crop as a batch of its own."""
    return {"spotter": {name: torch.from_numpy(array) for name, array in spotter_batch([page], config).items()}}


def labelled_crops(samples: Sequence[Sample], alphabet: Alphabet, config: SpotterCropConfig) -> list[MarkedPage]:
    """Crops of the pages whose words hold characters, the same at every call."""
    pages = [s for s in samples if s.page and any(is_taught(line, text_alone=False) for line in s.page.lines)]
    rng = np.random.default_rng(7)
    a_page, most = PAGE_CROPS
    crops = []
    for sample in pages[:most]:
        assert sample.page is not None
        image, characters = sample.load(), characters_of(sample.page, alphabet)
        for _ in range(min(a_page, max(1, most // len(pages)))):
            crops.append(random_crop(image, characters, rng, config))
    return crops


def validation_pages(group: str, data: DataConfig, alphabet: Alphabet) -> Iterator[MarkedPage]:
    """Rendered pages in unseen fonts, the same at every call."""
    texts = TextSampler([Path(p) for p in data.corpora], TextMix(languages=GROUPS[group]), held_out=True)
    fonts = evaluation_library([Path(p) for p in data.evaluation_fonts])
    rng = np.random.default_rng(11)
    while True:
        for layout in LAYOUTS:
            image, page = render_page(rng, fonts, texts, PageOptions(layout=layout, degradation=PROFILES["light"]))
            yield image, characters_of(page, alphabet)
