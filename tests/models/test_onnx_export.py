"""How far an exported network may differ from the trained one."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.errors import ModelError
from ocr.models.end2end import onnx_export as end2end
from ocr.models.end2end.spotter_decode import Name, Network
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


@pytest.mark.parametrize("of", [(np.nan, np.nan), (0.0, np.nan)])
def test_no_number_is_a_difference_too(of: tuple[float, float]) -> None:
    images = [np.full(2, shift, np.float32) for shift in of]
    with pytest.raises(ModelError):
        largest_difference(np.zeros_like, Shifted(0), images, "recognizer")


def cells_with(probability: list[float], cells: int = 2) -> Network:
    """A spotter that names so many cells of any page."""

    def network(images: Array) -> tuple[NDArray[np.int64], Array, Name]:
        def name(which: NDArray[np.intp]) -> tuple[Array, Array]:
            return np.array(probability, np.float32)[which, None, None], np.zeros((len(which), 4), np.float32)

        return np.array([(i, 0) for i in range(cells)]), np.zeros((cells, 12), np.float32), name

    return network


PAGES = [np.zeros((1, 1, 32, 32), np.float32)] * 2


def test_the_cells_that_both_spotters_name_may_differ_by_the_tolerance() -> None:
    def difference(shift: float) -> float:
        return end2end.largest_difference(cells_with([0.5, 0.5]), cells_with([0.5, 0.5 + shift]), PAGES)

    assert difference(0.9 * end2end.TOLERANCE) == pytest.approx(0.9 * end2end.TOLERANCE, rel=1e-2)
    for shift in (1.1 * end2end.TOLERANCE, np.nan):
        with pytest.raises(ModelError, match="spotter differs"):
            difference(shift)


def test_spotters_that_name_other_cells_differ() -> None:
    some, all_cells = cells_with([0.5] * 9, 5), cells_with([0.5] * 9, 9)
    with pytest.raises(ModelError, match="names 5 cells, the trained one 9"):
        end2end.largest_difference(all_cells, some, PAGES)
