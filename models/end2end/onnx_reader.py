"""The end-to-end reader of the light install: the spotter in ONNX Runtime, no torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocr.errors import ModelError
from ocr.models.codec import Alphabet
from ocr.models.end2end.config import End2EndConfig
from ocr.models.end2end.reader import End2EndReader, ReadingSettings
from ocr.models.end2end.spotter_decode import Name
from ocr.models.onnx_session import Recording, open_session
from ocr.models.weights import ALPHABET, model_config


def open_onnx_reader(folder: Path, recording: Recording | None = None) -> End2EndReader:
    """The reader; what its network is given is added to ``recording``.

    Raises ModelError if a file is missing or damaged, or if network and alphabet do not belong together.
    """
    config: End2EndConfig = model_config(folder, End2EndConfig)
    alphabet = Alphabet.load(folder / ALPHABET)
    spotter = OnnxSpotter(folder / "spotter.onnx", folder / "names.onnx", recording)
    if spotter.classes != alphabet.classes:
        raise ModelError(
            f"{folder}: the spotter has {spotter.classes} classes, alphabet.txt makes {alphabet.classes}; "
            "both must come from one export"
        )
    context = OnnxContext(folder / "context.onnx") if config.spotter.context else None
    return End2EndReader(spotter, alphabet, ReadingSettings(config.spot, config.link, config.look), context)


class OnnxSpotter:
    """Two ONNX files as a :data:`ocr.models.end2end.spotter_decode.Network`: one finds, the other names."""

    def __init__(self, path: Path, names: Path, recording: Recording | None = None) -> None:
        self._session, self._names = open_session(path), open_session(names)
        self._recorded = None if recording is None else recording.setdefault(path.stem, [])

    @property
    def classes(self) -> int:
        """Size of the last axis of the class probabilities."""
        return int(self._names.get_outputs()[0].shape[-1])

    def __call__(self, images: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32], Name]:
        if self._recorded is not None:
            self._recorded.append(images)
        cells, maps, fine, coarse = self._session.run(None, {"images": images})

        def name(which: NDArray[np.intp]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            probabilities, features = self._names.run(None, {"fine": fine, "coarse": coarse, "cells": cells[which]})
            return probabilities, features

        return cells[:, 1:], maps, name


class OnnxContext:
    """The ONNX file as a :data:`ocr.models.end2end.reread.Context`."""

    def __init__(self, path: Path) -> None:
        self._session = open_session(path)

    def __call__(
        self, features: NDArray[np.float32], shapes: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        symbols, links = self._session.run(None, {"features": features, "shapes": shapes})
        return symbols, links
