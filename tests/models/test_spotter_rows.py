"""Type built of rows is brought together; other pages stay as they are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.models.end2end.rows import with_rows_joined

Grey = NDArray[np.uint8]


@pytest.fixture()
def page() -> Grey:
    image = np.full((400, 600), 255, np.uint8)
    for line in range(8):
        cv2.putText(image, f"Lines of type {line}: 12.50", (20, 50 + 44 * line), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 0, 3)
    return image


def test_rows_are_joined(page: Grey) -> None:
    page[::4] = page[1::4] = 255
    ink = page < 128
    joined = with_rows_joined(page)
    assert joined is not page and joined.shape == page.shape
    steps = np.abs(np.diff(page.astype(int), axis=0)).max(), np.abs(np.diff(joined.astype(int), axis=0)).max()
    assert steps[1] < 0.6 * steps[0] and joined[ink].mean() < 200


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_plain_type_is_left_alone(page: Grey, turns: int) -> None:
    turned = np.ascontiguousarray(np.rot90(page, turns))
    assert with_rows_joined(turned) is turned


def test_rules_are_no_type(page: Grey) -> None:
    page[::5] = 0
    assert with_rows_joined(page) is page


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 2)])
def test_narrow_pictures(shape: tuple[int, int]) -> None:
    image = np.zeros(shape, np.uint8)
    assert with_rows_joined(image) is image
