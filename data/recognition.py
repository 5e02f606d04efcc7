"""Batches for the line recognizer: rendered crops and labelled lines, grouped by width so that little is padding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from ocr.data.line_padding import pad_lines, padded_width
from ocr.data.series import POSITION, Share
from ocr.data.synthetic.crops import CropStyle, render_crop
from ocr.data.synthetic.degrade import degrade_line
from ocr.data.synthetic.fonts import FontLibrary
from ocr.data.synthetic.text import TextSampler
from ocr.errors import UsageError

Crop = tuple[NDArray[np.uint8], list[int]]
"""A grey line image (height, W) and its target ids."""


@dataclass(frozen=True)
class LineBatchConfig:
    """``pixels`` is the width of a batch in px (lines times width), so every batch costs the same."""

    pixels: int = 16384
    max_width: int = 960
    real_share: float = 0.0
    """Share of labelled lines among the others, when there are labelled lines."""
    style: CropStyle = field(default_factory=CropStyle)


class LineSource(Protocol):
    """Draws a grey line image (height, W) with its text."""

    def draw(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], str]: ...


class RenderedCrops:
    """An endless stream of rendered crops with their text."""

    def __init__(self, fonts: FontLibrary, texts: TextSampler, height: int, max_width: int, style: CropStyle) -> None:
        self.fonts, self.texts, self.height, self.max_width, self.style = fonts, texts, height, max_width, style

    def draw(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], str]:
        return render_crop(rng, self.fonts, self.texts, self.height, self.max_width, self.style)


class LabelledCrops:
    """Labelled line crops, already cut to (height, W) grey; each draw varies tone, width and sharpness a little."""

    def __init__(self, crops: Sequence[tuple[NDArray[np.uint8], str]], max_width: int) -> None:
        self.crops = [(image, text) for image, text in crops if image.shape[1] <= max_width]
        self.max_width = max_width

    def draw(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], str]:
        image, text = self.crops[int(rng.integers(len(self.crops)))]
        return vary_line(image, rng, self.max_width), text


def vary_line(image: NDArray[np.uint8], rng: np.random.Generator, max_width: int) -> NDArray[np.uint8]:
    """A labelled line (height, W) with another tone, width and sharpness."""
    height, width = image.shape
    stretch = float(np.exp(rng.normal(0, 0.08)))
    matrix = np.array([[stretch, rng.normal(0, 0.06), 0.0], [rng.normal(0, 0.02) * height / width, 1.0, 0.0]])
    matrix[1, 1] = float(np.exp(rng.normal(0, 0.05)))
    matrix[:, 2] = rng.normal(0, 1.0, 2) - matrix[:, 1] * height / 2 + (0, height / 2)
    target = int(np.clip(round(width * stretch), 8, max_width))
    image = cv2.warpAffine(image, matrix, (target, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if rng.random() < 0.1:
        image = 255 - image
    return degrade_line(image, rng, float(rng.uniform(0, 0.3)) if rng.random() < 0.5 else 0.0)


class LineBatches(IterableDataset[dict[str, Tensor]]):
    """Endless batches for the recognizer: of labelled lines, and of ``others``, rendered or of the stock set.

    ``images`` (N, 1, height, W) float 0..255; ``targets`` (N, L) ids padded with 0; ``target_lengths`` (N,); ``widths``
    (N,) tokens of 4 px; ``position`` as in :class:`ocr.data.series.Share`. ``encode`` turns text into ids; crops it
    refuses (KeyError) or that are too long for their width are skipped. Each lane draws crops of its own, by ``seed``
    and their number; with ``workers`` processes each takes its lanes' batches in turn.
    """

    def __init__(
        self,
        others: LineSource | None,
        labelled: LineSource | None,
        encode: Callable[[str], list[int]],
        config: LineBatchConfig,
        seed: int,
        share: Share | None = None,
        workers: int = 0,
    ) -> None:
        self.others, self.labelled, self.encode, self.config, self.seed = others, labelled, encode, config, seed
        self.share = share or Share()
        self.lanes = self.share.lanes("recognizer", workers)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        worker = get_worker_info()
        turns = self.share.turns(self.lanes, worker.id if worker else 0, worker.num_workers if worker else 1)
        positions = self.share.of_part("recognizer")
        lanes = [_Lane(self, number, positions.get(number)) for number in turns]
        while True:
            for lane in lanes:
                yield lane.batch()

    def crop(self, lane: int, number: int) -> Crop:
        """A crop of a lane: the same one whenever it is drawn."""
        rng = np.random.default_rng((self.seed, self.lanes, lane, number))
        while True:
            image, text = self._source(rng).draw(rng)
            try:
                ids = self.encode(text)
            except KeyError:
                continue
            if ids and frames_needed(ids) <= image.shape[1] // 4:
                return image, ids

    def _source(self, rng: np.random.Generator) -> LineSource:
        if self.labelled and (self.others is None or rng.random() < self.config.real_share):
            return self.labelled
        if self.others is None:
            raise UsageError("no lines to train on: give rendered or labelled ones")
        return self.others


class _Lane:
    """A stream of crops that wait by width until they fill a batch."""

    def __init__(self, batches: LineBatches, number: int, position: list[int] | None) -> None:
        self.batches, self.number = batches, number
        self.waiting: dict[int, dict[int, Crop]] = {}  # by width, by the crop's number
        fits = position is not None and position[0] == batches.lanes
        self.next = position[2] if fits and position is not None else 0
        for crop in position[3:] if fits and position is not None else ():
            self._add(crop)

    def _add(self, number: int) -> int:
        """Draw a crop and let it wait with those of its width, which is returned."""
        crop = self.batches.crop(self.number, number)
        width = padded_width(crop[0].shape[1])
        self.waiting.setdefault(width, {})[number] = crop
        return width

    def batch(self) -> dict[str, Tensor]:
        while True:
            width = self._add(self.next)
            self.next += 1
            if len(self.waiting[width]) * width >= self.batches.config.pixels:
                batch = collate_lines(list(self.waiting.pop(width).values()), width)
                left = sorted(number for crops in self.waiting.values() for number in crops)
                return batch | {POSITION: torch.tensor([self.batches.lanes, self.number, self.next, *left])}


def frames_needed(ids: Sequence[int]) -> int:
    """Tokens CTC needs for a target: one a symbol and a blank between equal neighbours."""
    return len(ids) + sum(a == b for a, b in pairwise(ids))


def collate_lines(crops: Sequence[Crop], width: int) -> dict[str, Tensor]:
    """Crops padded on the right to ``width`` px with the grey of their own right edge."""
    targets = np.zeros((len(crops), max(len(ids) for _, ids in crops)), np.int64)
    for i, (_, ids) in enumerate(crops):
        targets[i, : len(ids)] = ids
    return {
        "images": torch.from_numpy(pad_lines([image for image, _ in crops], width)),
        "targets": torch.from_numpy(targets),
        "target_lengths": torch.tensor([len(ids) for _, ids in crops]),
        "widths": torch.tensor([-(-image.shape[1] // 4) for image, _ in crops]),
    }


def line_sources(
    fonts: Sequence[Path], corpora: Sequence[Path], *, held_out: bool = False
) -> tuple[FontLibrary, TextSampler]:
    """Fonts and text of a recipe; ``held_out`` takes the paragraphs kept for validation."""
    return FontLibrary(fonts), TextSampler(corpora, held_out=held_out)
