"""Pages that lie askew are turned straight before their lines are looked for again; straight ones are left alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.models.two_stage.deskew import Found, detect_straight, skew, turned_straight
from ocr.polygon import FloatArray, from_box, rotated_rectangle, transform

Page = NDArray[np.uint8]


def bars(degrees: float) -> tuple[Page, list[FloatArray]]:
    """A page with six dark bars, turned clockwise about its middle, and their corners."""
    page = np.full((600, 800, 3), 250, np.uint8)
    matrix = cv2.getRotationMatrix2D((400, 300), -degrees, 1.0)
    boxes = [np.array(from_box(150, 150 + 50 * n, 650 - 60 * (n % 2), 170 + 50 * n)) for n in range(6)]
    for box in boxes:
        cv2.rectangle(page, *np.int32(box[[0, 2]]).tolist(), (0, 0, 0), -1)
    page = np.asarray(cv2.warpAffine(page, matrix, (800, 600), borderValue=(250, 250, 250)), np.uint8)
    return page, [transform(box, matrix) for box in boxes]


def find_bars(page: Page) -> Found:
    """The smallest rectangles around what is dark, their corners in whatever order."""
    dark = (page[:, :, 0] < 128).astype(np.uint8)
    contours, _ = cv2.findContours(dark, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    found = [rotated_rectangle(contour[:, 0]) for contour in contours]
    return sorted(found, key=lambda quad: float(quad[:, 1].mean()))


@pytest.mark.parametrize("degrees", [0.0, 1.0, -7.0, 20.0, 44.0])
def test_the_angle_is_that_of_the_lines(degrees: float) -> None:
    _, boxes = bars(degrees)
    assert skew(boxes) == pytest.approx(degrees, abs=0.01)
    assert skew([np.roll(box, 1, axis=0) for box in boxes]) == pytest.approx(degrees, abs=0.01), "a page on its side"


def test_without_lines_or_without_agreement_there_is_no_angle() -> None:
    assert skew([]) == 0
    assert skew([*bars(10)[1][:3], *bars(-20)[1][:3]]) == 0


@pytest.mark.parametrize(("degrees", "calls"), [(0.0, 1), (1.0, 1), (-1.0, 1), (4.0, 2), (-10.0, 2)])
def test_straight_pages_are_looked_at_once_and_others_straight(degrees: float, calls: int) -> None:
    page, boxes = bars(degrees)
    seen: list[Page] = []

    def detect(image: Page) -> Found:
        seen.append(image)
        return find_bars(image)

    found = detect_straight(page, detect, least=1.5)
    assert len(seen) == calls and seen[0] is page
    assert abs(skew(find_bars(seen[-1]))) < (1.5 if calls == 1 else 0.2)
    for quad, box in zip(found, sorted(boxes, key=lambda box: box[:, 1].mean()), strict=True):
        assert np.abs(np.sort(quad, axis=0) - np.sort(box, axis=0)).max() < 3, (
            "boxes are in pixels of the page as it was given"
        )


def test_the_turned_page_holds_all_of_the_page_in_the_colour_of_its_paper() -> None:
    page, _ = bars(10)
    straight, back = turned_straight(page, 10)
    assert tuple(straight[0, 0]) == (250, 250, 250)
    corners = transform([(0, 0), (800, 0), (800, 600), (0, 600)], np.linalg.inv(back))
    assert corners.min() > -1e-6 and (corners.max(axis=0) <= straight.shape[1::-1]).all()
