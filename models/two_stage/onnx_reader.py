"""The two-stage reader of the light install: both networks in ONNX Runtime, no torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr.errors import ModelError
from ocr.models.codec import Alphabet
from ocr.models.onnx_session import Recording, open_session
from ocr.models.two_stage.config import TwoStageConfig
from ocr.models.two_stage.reader import ReadingSettings, TwoStageReader
from ocr.models.weights import ALPHABET, model_config


def open_onnx_reader(folder: Path, recording: Recording | None = None) -> TwoStageReader:
    """The reader; what its networks are given is added to ``recording``.

    Raises ModelError if a file is missing or damaged, or if network and alphabet do not belong together.
    """
    config: TwoStageConfig = model_config(folder, TwoStageConfig)
    alphabet = Alphabet.load(folder / ALPHABET)
    recognizer = OnnxNetwork(folder / "recognizer.onnx", recording)
    if recognizer.outputs != alphabet.classes:
        raise ModelError(
            f"{folder}: the recognizer has {recognizer.outputs} classes, alphabet.txt makes {alphabet.classes}; "
            "both must come from one export"
        )
    settings = ReadingSettings(config.recognizer.height, config.prepare, config.kernel, config.decode, config.reading)
    return TwoStageReader(OnnxNetwork(folder / "detector.onnx", recording), recognizer, alphabet, settings)


class OnnxNetwork:
    """One ONNX file as a function of one array."""

    def __init__(self, path: Path, recording: Recording | None = None) -> None:
        self._session = open_session(path)
        self._recorded = None if recording is None else recording.setdefault(path.stem, [])
        self._input = self._session.get_inputs()[0].name

    @property
    def outputs(self) -> int:
        """Size of the last axis of the output."""
        return int(self._session.get_outputs()[0].shape[-1])

    def __call__(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._recorded is not None:
            self._recorded.append(images)
        output: NDArray[np.float32] = self._session.run(None, {self._input: images})[0]
        return output
