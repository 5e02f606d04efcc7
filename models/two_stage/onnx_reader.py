"""The two-stage reader of the light install: both networks in ONNX Runtime, no torch."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ocr.errors import ModelError
from ocr.models.codec import Alphabet
from ocr.models.onnx_session import Recording, open_aside
from ocr.models.weights import ALPHABET, model_config

if TYPE_CHECKING:
    from ocr.models.two_stage.config import TwoStageConfig
    from ocr.models.two_stage.reader import TwoStageReader


def open_onnx_reader(folder: Path, recording: Recording | None = None) -> TwoStageReader:
    """The reader; what its networks are given is added to ``recording``.

    Raises ModelError if a file is missing or damaged, or if network and alphabet do not belong together.
    """
    recognizer = OnnxNetwork(folder / "recognizer.onnx", recording)
    detector = OnnxNetwork(folder / "detector.onnx", recording)
    import numpy.ma  # noqa: F401  (np.median would at its first call; all three while the networks are being opened)

    from ocr.models.two_stage.config import TwoStageConfig
    from ocr.models.two_stage.reader import ReadingSettings, TwoStageReader

    config: TwoStageConfig = model_config(folder, TwoStageConfig)
    alphabet = Alphabet.load(folder / ALPHABET)
    if recognizer.outputs != alphabet.classes:
        raise ModelError(
            f"{folder}: the recognizer has {recognizer.outputs} classes, alphabet.txt makes {alphabet.classes}; "
            "both must come from one export"
        )
    settings = ReadingSettings(config.recognizer.height, config.prepare, config.kernel, config.decode, config.reading)
    detector.wait()
    return TwoStageReader(detector, recognizer, alphabet, settings)


class OnnxNetwork:
    """One ONNX file as a function of one array; it is being opened from now on, see :meth:`wait`."""

    def __init__(self, path: Path, recording: Recording | None = None) -> None:
        self._opened = open_aside(path)
        self._recorded = None if recording is None else recording.setdefault(path.stem, [])

    @functools.cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        return self._opened()

    @functools.cached_property
    def _input(self) -> str:
        return str(self._session.get_inputs()[0].name)

    def wait(self) -> None:
        """Until it is open. Raises ModelError if it is missing or damaged."""
        self._session  # noqa: B018

    @property
    def outputs(self) -> int:
        """Size of the last axis of the output."""
        return int(self._session.get_outputs()[0].shape[-1])

    def __call__(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._recorded is not None:
            self._recorded.append(images)
        output: NDArray[np.float32] = self._session.run(None, {self._input: images})[0]
        return output
