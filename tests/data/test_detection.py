"""Random crops of labelled pages: picture and labels move together."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ocr.data.detection import CropConfig, DetectionCrops, MixtureConfig, cut, disturb, random_crop
from ocr.data.samples import Sample
from ocr.document import Block, Line, Page
from ocr.errors import UsageError
from ocr.polygon import from_box

CONFIG = CropConfig(size=256)


def barred_page(width: int = 900, height: int = 1200) -> tuple[np.ndarray, Page]:
    """Black bars on white, each a line, the last one to be ignored."""
    image = np.full((height, width, 3), 255, np.uint8)
    lines = []
    for index, top in enumerate(range(100, height - 100, 80)):
        image[top : top + 40, 100 : width - 100] = 0
        lines.append(Line(str(index), from_box(100, top, width - 100, top + 40), ignore=top + 180 > height))
    return image, Page(1, width, height, (Block(tuple(lines)),))


def painted(page: Page) -> np.ndarray:
    """The labels drawn as the picture should look."""
    canvas = np.full((page.height * 8, page.width * 8), 255, np.uint8)
    for line in page.lines:
        cv2.fillPoly(canvas, [np.round(np.asarray(line.polygon) * 8 - 0.5).astype(np.int32)], 0)
    return cv2.resize(canvas, (page.width, page.height), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("angle", [0.0, 7.0, 90.0, 180.0, -133.0])
@pytest.mark.parametrize("scale", [0.3, 1.0, 1.7])
def test_labels_follow_the_picture(angle: float, scale: float) -> None:
    crop, page = cut(*barred_page(), (450, 600), scale, angle, CONFIG)
    assert crop.shape == (256, 256, 3)
    assert np.abs(crop[:, :, 0].astype(float) - painted(page)).mean() < 6


def test_random_crops_follow_too() -> None:
    image, page = barred_page()
    for seed in range(30):
        crop, labels = random_crop(image, page, np.random.default_rng(seed), CONFIG)
        assert np.abs(crop[:, :, 0].astype(float) - painted(labels)).mean() < 8
        assert (labels.width, labels.height) == (256, 256)


def test_ignore_is_kept_and_tiny_lines_are_ignored() -> None:
    _, page = cut(*barred_page(), (450, 1060), 1.0, 0.0, CONFIG)
    assert [line.ignore for line in page.lines] == [False, False, True]
    _, page = cut(*barred_page(), (450, 600), 0.2, 0.0, CONFIG)
    assert all(line.ignore for line in page.lines)


def test_a_lone_digit_is_no_tiny_line() -> None:
    image = np.full((200, 300, 3), 255, np.uint8)
    lines = (Line("1", from_box(100, 90, 105, 110)), Line("ill", from_box(150, 90, 250, 95)))
    page = Page(1, 300, 200, (Block(lines),))
    found = cut(image, page, (150, 100), 1.0, 0.0, CropConfig(size=128 * 2, readable=9.0))[1].lines
    assert [(line.text, line.ignore) for line in found] == [("1", False), ("ill", True)]


def test_a_page_without_lines_gives_an_empty_crop() -> None:
    image = np.full((50, 40, 3), 255, np.uint8)
    crop, page = random_crop(image, Page(1, 40, 50), np.random.default_rng(0), CONFIG)
    assert crop.shape == (256, 256, 3) and not list(page.lines)


def test_disturbing_keeps_shape_and_is_reproducible() -> None:
    image, _ = barred_page()
    for seed in range(10):
        changed = disturb(image, np.random.default_rng(seed), CONFIG)
        assert changed.shape == image.shape and changed.dtype == np.uint8
        np.testing.assert_array_equal(changed, disturb(image, np.random.default_rng(seed), CONFIG))


def test_series_is_reproducible_and_mixes_rendered_pages(tmp_path: Path) -> None:
    image, page = barred_page()
    cv2.imwrite(str(tmp_path / "page.png"), image)
    sample = Sample(tmp_path / "page.png", page)
    calls = []

    def render(rng: np.random.Generator) -> tuple[np.ndarray, Page]:
        calls.append(1)
        return image, page

    mixture = MixtureConfig(rendered=0.5, pool=2, crops_a_page=3)
    crops = DetectionCrops([sample, Sample(tmp_path / "line.png", text="a line")], 3, CONFIG, render, mixture, 7)
    first = [crops[index] for index in range(12)]
    assert len(crops) == 7 and 0 < len(calls) <= 4 and crops.rendered is not None and len(crops.rendered.pages) <= 4
    for index, (crop, labels) in enumerate(first):
        np.testing.assert_array_equal(crop, crops[index][0])
        assert labels == crops[index][1]


def test_nothing_to_cut_from() -> None:
    with pytest.raises(UsageError, match="lines with polygons"):
        DetectionCrops([Sample(Path("line.png"), text="a line")])
