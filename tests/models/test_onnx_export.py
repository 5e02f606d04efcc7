"""How far an exported network may differ from the trained one."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.errors import ModelError
from ocr.models.two_stage.onnx_export import RELATIVE, TOLERANCE, largest_difference
from ocr.models.two_stage.onnx_reader import OnnxNetwork

Array = NDArray[np.float32]


class Shifted(OnnxNetwork):
    """Answers with its input, shifted."""

    def __init__(self, shift: float) -> None:
        self.shift = shift

    def __call__(self, images: Array) -> Array:
        return np.asarray(images + self.shift, np.float32)


def difference(largest_logit: float, shift: float) -> float:
    inputs = [np.array([0.0, 1.0], np.float32), np.array([0.0, largest_logit], np.float32)]
    return largest_difference(lambda x: x, Shifted(shift), inputs, "recognizer")


def test_small_logits_may_differ_by_the_tolerance() -> None:
    assert difference(5, 0.9 * TOLERANCE) == pytest.approx(0.9 * TOLERANCE, rel=1e-3)
    with pytest.raises(ModelError, match="recognizer differs"):
        difference(5, 1.1 * TOLERANCE)


def test_large_logits_may_differ_by_a_share_of_the_largest() -> None:
    large = 2 * TOLERANCE / RELATIVE
    assert difference(large, 1.8 * TOLERANCE) == pytest.approx(1.8 * TOLERANCE, rel=1e-2)
    with pytest.raises(ModelError):
        difference(large, 2.2 * TOLERANCE)


def test_no_number_is_a_difference_too() -> None:
    with pytest.raises(ModelError):
        difference(5, float("nan"))
