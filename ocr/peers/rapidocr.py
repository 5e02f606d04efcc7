"""RapidOCR with the models its package carries: PP-OCRv6 small for detection and recognition (no Korean in them)."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from ocr.document import Block, Line, Page
from ocr.metrics.page import with_words
from ocr.models.interface import Image
from ocr.peers import MissingPeerError
from ocr.polygon import as_polygon, from_box

INSTALL = "pip install rapidocr"


def load(languages: Sequence[str]) -> RapidOcrReader:
    """A reader with RapidOCR's default models, whatever the languages: one model reads all scripts that it knows."""
    return RapidOcrReader()


def require_installed() -> None:
    """Raises MissingPeerError if the package is not there."""
    if importlib.util.find_spec("rapidocr") is None:
        raise MissingPeerError(f"rapidocr is not installed; type: {INSTALL}")


class RapidOcrReader:
    """Reads with ``RapidOCR()`` and its default settings, one image at a time as its interface does."""

    def __init__(self) -> None:
        require_installed()
        from rapidocr import RapidOCR

        self.engine: Any = RapidOCR(params={"Global.log_level": "error"})

    def predict(self, images: Sequence[Image]) -> list[Page]:
        """One page for each image; a line for each box, split into words at its spaces."""
        return [self._read_page(image) for image in images]

    def read_lines(self, images: Sequence[Image]) -> list[Line]:
        """One line for each crop, by the recognizer alone."""
        return [self._read_line(image) for image in images]

    def _read_page(self, image: Image) -> Page:
        height, width = image.shape[:2]
        result = self.engine(_to_bgr(image), use_det=True, use_cls=True, use_rec=True)
        if result.boxes is None or result.txts is None:
            return Page(1, width, height)
        lines = [
            with_words(Line(text, as_polygon(box), float(score)))
            for box, text, score in zip(result.boxes, result.txts, result.scores, strict=True)
        ]
        return Page(1, width, height, (Block(tuple(lines)),))

    def _read_line(self, image: Image) -> Line:
        height, width = image.shape[:2]
        result = self.engine(_to_bgr(image), use_det=False, use_cls=True, use_rec=True)
        text, score = (result.txts[0], float(result.scores[0])) if result.txts else ("", 0.0)
        return with_words(Line(text, from_box(0, 0, width, height), score))


def _to_bgr(image: Image) -> Image:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), dtype=np.uint8)
