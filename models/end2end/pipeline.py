"""The trainable end-to-end pipeline: one part, the character spotter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ocr.data.batch_stream import BatchStream
from ocr.data.config import DataConfig
from ocr.data.series import Share
from ocr.document import Page
from ocr.models.codec import Alphabet
from ocr.models.end2end.alignment_loss import alignment_loss
from ocr.models.end2end.characters import SLOTS
from ocr.models.end2end.config import PARTS, End2EndConfig
from ocr.models.end2end.found_lines import TARGETS, found_batch
from ocr.models.end2end.reader import End2EndReader, ReadingSettings
from ocr.models.end2end.reading_config import SpotConfig
from ocr.models.end2end.spotter import Spotter, shapes_of
from ocr.models.end2end.spotter_decode import Name
from ocr.models.end2end.spotter_loss import context_loss, spotter_loss
from ocr.models.evaluation_mode import evaluating
from ocr.models.grow_alphabet import extend_classes
from ocr.models.interface import Image
from ocr.models.trainable import Batch, Output, Pipeline, Validation


class End2End(Pipeline):
    """See :class:`ocr.models.trainable.Pipeline`. The output: ``spotter`` (maps), ``symbols`` (class logits), both
    of the latter once more along the lines (``context``, ``context_links``), and for lines without characters
    ``line_presence`` and ``line_symbols``."""

    parts = PARTS

    def __init__(self, config: End2EndConfig, alphabet: Alphabet) -> None:
        super().__init__()
        self.config, self.alphabet = config, alphabet
        self.spotter = Spotter(config.spotter, alphabet.classes)

    def forward(self, batch: Batch) -> Output:
        pages = batch["spotter"]
        fine, coarse = self.spotter.features(pages["images"])
        maps = self.spotter.maps(fine)
        features = self.spotter.describe(fine, coarse, pages["cells"])
        output = {"spotter": maps, "symbols": self.spotter.name(features)}
        if self.spotter.context is not None and pages["chains"].numel():
            shapes = shapes_of(at_cells(maps, pages["cells"]).float(), pages["cells"])
            lines = along_chains(features, pages["chains"]), along_chains(shapes, pages["chains"])
            output["context"], output["context_links"] = self.spotter.reconsider(*lines)
            if self.training:
                output |= self._found(fine, coarse, maps, pages)
        if self.config.target.alignment and pages["line_cells"].numel():
            output["line_presence"], cells = surest_cells(maps[:, 0], pages["line_cells"])
            output["line_symbols"] = self.spotter.name(self.spotter.describe(fine, coarse, cells))
        return output

    def _found(self, fine: Tensor, coarse: Tensor, maps: Tensor, pages: dict[str, Tensor]) -> Output:
        """What is told of the lines that are found on the pages, and what should be; nothing where none are."""
        found = self._found_lines(fine, coarse, maps, pages)
        chains = found["found_chains"]
        if not chains.numel():
            return {}
        cells = found.pop("found")
        features, shapes = self.spotter.describe(fine, coarse, cells), shapes_of(at_cells(maps, cells).float(), cells)
        told = self.spotter.reconsider(along_chains(features, chains), along_chains(shapes, chains))
        return {"found_context": told[0], "found_follows": told[1]} | found

    @torch.no_grad()
    def _found_lines(self, fine: Tensor, coarse: Tensor, maps: Tensor, pages: dict[str, Tensor]) -> dict[str, Tensor]:
        """See :func:`ocr.models.end2end.found_lines.found_batch`; on the CPU, as reading does it."""
        spot = self.config.spot
        cells, there = self.spotter.candidates(maps, spot.presence, spot.peak)
        told = there, *self.spotter.named(fine, coarse, cells)
        answers = cells.cpu().numpy(), *(tensor.float().cpu().numpy() for tensor in told)
        targets = {name: pages[name].cpu().numpy() for name in TARGETS}
        found = found_batch(answers, targets, spot, self.config.link)
        return {name: torch.from_numpy(array).to(maps.device) for name, array in found.items()}

    def loss(self, output: Output, batch: Batch) -> dict[str, Tensor]:
        pages = batch["spotter"]
        losses = spotter_loss(output["spotter"], output["symbols"], pages)
        if "context" in output:
            losses["context"] = context_loss(
                output["context"], output["context_links"], pages["chains"], pages["symbols"], pages["links"]
            )
        if "found_context" in output:
            losses["found"] = context_loss(
                output["found_context"], output["found_follows"],
                output["found_chains"], output["found_symbols"], output["found_links"],
            )  # fmt: skip
        if "line_presence" in output:
            presence, symbols = output["line_presence"].float(), output["line_symbols"].float()
            aligned = alignment_loss(presence, symbols.unflatten(0, presence.shape), pages)
            losses["alignment"] = self.config.target.alignment * aligned
        return losses

    def batches(self, parts: Sequence[str], data: DataConfig, seed: int, share: Share | None = None) -> BatchStream:
        """Endless batches."""
        from ocr.models.end2end.training_data import training_batches

        return training_batches(self.config, self.alphabet, data, seed, share or Share())

    def validation(self, parts: Sequence[str], data: DataConfig) -> Validation:
        from ocr.models.end2end.validation import End2EndValidation

        return End2EndValidation(self.config, self.alphabet, data)

    def grow_alphabet(self, alphabet: Alphabet) -> None:
        self.spotter.classify = extend_classes(self.spotter.classify, SLOTS, alphabet.classes)
        self.spotter.classes = alphabet.classes
        self.alphabet = alphabet

    def predict(self, images: Sequence[Image]) -> list[Page]:
        return self.reader().predict(images)

    def reader(self) -> End2EndReader:
        """The reader over this network, which is put in evaluation mode for each call and back after it."""
        context = None if self.spotter.context is None else ContextRunner(self.spotter)
        return End2EndReader(self.runner(), self.alphabet, self.settings, context)

    @property
    def settings(self) -> ReadingSettings:
        return ReadingSettings(self.config.spot, self.config.link, self.config.look)

    def runner(self) -> SpotterRunner:
        """The network as a function of arrays."""
        return SpotterRunner(self.spotter, self.config.spot)


def at_cells(maps: Tensor, cells: Tensor) -> Tensor:
    """Maps (N, 12, H/4, W/4) at cells (P, 3): (P, 12)."""
    page, row, column = cells.unbind(1)
    return maps[page, :, row, column]


def along_chains(values: Tensor, chains: Tensor) -> Tensor:
    """Values (P, C) of cells in the order of chains (L, T): (L, T, C), zeros where a chain has ended."""
    return values[chains.clamp(min=0)] * (chains >= 0)[..., None]


def surest_cells(presence: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
    """Of the cells (L, T, rows, 3) across each place of a line the surest: its presence (L, T), itself (L * T, 3)."""
    page, row, column = cells.unbind(3)
    values, best = presence[page, row, column].max(dim=2)
    chosen = torch.gather(cells, 2, best[..., None, None].expand(-1, -1, 1, 3))
    return values, chosen.reshape(-1, 3)


class SpotterRunner:
    """The network as a function of arrays, a :data:`ocr.models.end2end.spotter_decode.Network`."""

    def __init__(self, spotter: Spotter, config: SpotConfig) -> None:
        self.spotter, self.config = spotter, config

    def __call__(self, images: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32], Name]:
        with evaluating(self.spotter) as (spotter, device):
            pages = torch.from_numpy(images).to(device)
            cells, maps, fine, coarse = spotter.spot(pages, self.config.least, self.config.peak)

        def name(which: NDArray[np.intp]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            with evaluating(self.spotter) as (spotter, device):
                told = spotter.named(fine, coarse, cells[torch.from_numpy(which).to(device)])
                probabilities, features = (tensor.float().cpu().numpy() for tensor in told)
            return probabilities, features

        return cells[:, 1:].cpu().numpy(), maps.float().cpu().numpy(), name


class ContextRunner:
    """The look along lines as a function of arrays, a :data:`ocr.models.end2end.reread.Context`."""

    def __init__(self, spotter: Spotter) -> None:
        self.spotter = spotter

    def __call__(
        self, features: NDArray[np.float32], shapes: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with evaluating(self.spotter) as (spotter, device):
            answers = spotter.reconsider(*(torch.from_numpy(array).to(device) for array in (features, shapes)))
            symbols, links = (torch.softmax(answer.float(), dim=-1).cpu().numpy() for answer in answers)
        return symbols, links
