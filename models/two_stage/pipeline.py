"""The trainable two-stage pipeline: detector and recognizer side by side, trained apart or together."""

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
from ocr.models.evaluation_mode import evaluating
from ocr.models.grow_alphabet import extend_classes
from ocr.models.interface import Image
from ocr.models.trainable import Batch, Output, Pipeline, Validation
from ocr.models.two_stage.config import PARTS, TwoStageConfig
from ocr.models.two_stage.detector import Detector
from ocr.models.two_stage.detector_loss import detector_loss
from ocr.models.two_stage.reader import ReadingSettings, TwoStageReader
from ocr.models.two_stage.recognizer import Recognizer
from ocr.models.two_stage.recognizer_loss import recognizer_loss


class TwoStage(Pipeline):
    """See :class:`ocr.models.trainable.Pipeline`. Batches hold the entries of the parts that are trained."""

    parts = PARTS

    def __init__(self, config: TwoStageConfig, alphabet: Alphabet) -> None:
        super().__init__()
        self.config, self.alphabet = config, alphabet
        self.detector = Detector(config.detector)
        self.recognizer = Recognizer(config.recognizer, alphabet.classes)

    def forward(self, batch: Batch) -> Output:
        return {part: self.get_submodule(part)(tensors["images"]) for part, tensors in batch.items()}

    def loss(self, output: Output, batch: Batch) -> dict[str, Tensor]:
        losses: dict[str, Tensor] = {}
        if "recognizer" in output:
            lines = batch["recognizer"]
            losses |= recognizer_loss(output["recognizer"], lines["targets"], lines["target_lengths"], lines["widths"])
        if "detector" in output:
            pages = batch["detector"]
            losses |= detector_loss(output["detector"].float(), pages["kernels"], pages["weights"])
        return losses

    def batches(self, parts: Sequence[str], data: DataConfig, seed: int, share: Share | None = None) -> BatchStream:
        """Endless batches for these parts."""
        from ocr.models.two_stage.training_data import training_batches

        return training_batches(self.config, self.alphabet, parts, data, seed, share or Share())

    def validation(self, parts: Sequence[str], data: DataConfig) -> Validation:
        from ocr.models.two_stage.validation import TwoStageValidation

        return TwoStageValidation(self.config, parts, data)

    def grow_alphabet(self, alphabet: Alphabet) -> None:
        self.recognizer.head = extend_classes(self.recognizer.head, 1, alphabet.classes)
        self.alphabet = alphabet

    def predict(self, images: Sequence[Image]) -> list[Page]:
        return self.reader().predict(images)

    def reader(self) -> TwoStageReader:
        """The reader over these networks; they are put in evaluation mode for each call and back after it."""
        return TwoStageReader(self.runner("detector"), self.runner("recognizer"), self.alphabet, self.settings)

    @property
    def settings(self) -> ReadingSettings:
        config = self.config
        return ReadingSettings(config.recognizer.height, config.prepare, config.kernel, config.decode, config.reading)

    def runner(self, part: str) -> _Runner:
        """A network as a function of arrays, for reading and validation."""
        return _Runner(self.get_submodule(part))


class _Runner:
    """A network as a function of arrays."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.network = network

    def __call__(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        with evaluating(self.network) as (network, device):
            output: Tensor = network(torch.from_numpy(images).to(device))
            return output.float().cpu().numpy()
