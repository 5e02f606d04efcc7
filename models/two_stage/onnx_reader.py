"""The two-stage reader of the light install: both networks in ONNX Runtime, no torch."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ocr.errors import ModelError
from ocr.models.codec import Alphabet
from ocr.models.two_stage.config import TwoStageConfig
from ocr.models.two_stage.reader import ReadingSettings, TwoStageReader
from ocr.models.weights import ALPHABET, model_config


def open_onnx_reader(folder: Path) -> TwoStageReader:
    """Raises ModelError if a file is missing or damaged, or if network and alphabet do not belong together."""
    config: TwoStageConfig = model_config(folder, TwoStageConfig)
    alphabet = Alphabet.load(folder / ALPHABET)
    recognizer = OnnxNetwork(folder / "recognizer.onnx")
    if recognizer.outputs != alphabet.classes:
        raise ModelError(
            f"{folder}: the recognizer has {recognizer.outputs} classes, alphabet.txt makes {alphabet.classes}; "
            "both must come from one export"
        )
    settings = ReadingSettings(config.recognizer.height, config.prepare, config.kernel, config.decode, config.reading)
    return TwoStageReader(OnnxNetwork(folder / "detector.onnx"), recognizer, alphabet, settings)


class OnnxNetwork:
    """One ONNX file as a function of one array."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise ModelError(f"{path.parent} has no {path.name}: write it with ocr export {path.parent}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False  # keeps the peak memory of a page near what it needs at once
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises several classes of its own
            raise ModelError(f"cannot load {path}: {' '.join(str(error).split())[:200]}") from error
        self._input = self._session.get_inputs()[0].name

    @property
    def outputs(self) -> int:
        """Size of the last axis of the output."""
        return int(self._session.get_outputs()[0].shape[-1])

    def __call__(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        output: NDArray[np.float32] = self._session.run(None, {self._input: images})[0]
        return output
