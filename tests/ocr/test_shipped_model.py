"""The shipped model of each pipeline on the example pages: what a new user sees first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ocr.data.pages import PageReader
from ocr.models.interface import Image
from ocr.models.registry import PIPELINES
from ocr.pipeline import DEFAULT_MODELS, load, shipped

EXAMPLES = Path(__file__).parents[2] / "examples"
SHIPPED = [name for name in PIPELINES if DEFAULT_MODELS[name] in shipped()]
pytestmark = pytest.mark.skipif(not SHIPPED, reason="no weights are shipped in this checkout")


@pytest.fixture(scope="module", params=SHIPPED)
def reader(request: pytest.FixtureRequest) -> Any:
    return load(pipeline=request.param)


@pytest.fixture(scope="module")
def letter() -> Image:
    with PageReader() as pages:
        ((_, image),) = pages.pages(str(EXAMPLES / "letter.jpg"))
    assert isinstance(image, np.ndarray)
    return image


def test_the_letter_is_read(reader: Any, letter: Image) -> None:
    (page,) = reader.predict([letter])
    text = page.text
    senate = "Academic Senate of the University of California"
    for words in (senate, "My dear Dr. Branner", "deep sympathy in the death of Mrs. Stanford"):
        assert words in text
    assert all(0 <= word.confidence <= 1 for word in page.words)


def test_the_letter_is_read_upside_down(reader: Any, letter: Image) -> None:
    (page,) = reader.predict([np.ascontiguousarray(letter[::-1, ::-1])])
    assert "deep sympathy in the death of Mrs. Stanford" in page.text
    lines = [line for line in page.lines if len(line.text) > 20]
    assert lines and all(line.polygon[0][0] > line.polygon[1][0] for line in lines)


def test_korean_is_read(reader: Any) -> None:
    with PageReader() as pages:
        images = [image for _, image in pages.pages(str(EXAMPLES / "form_ko.png"))]
    (page,) = reader.predict(images)
    syllables = sum("가" <= character <= "힣" for character in page.text)
    assert syllables > 0.5 * len("".join(page.text.split()))


@pytest.mark.parametrize("shade", [255, 128, 0])
def test_a_blank_page_gives_no_text(reader: Any, shade: int) -> None:
    page = np.full((1100, 800, 3), shade, np.uint8)
    noisy = np.clip(page + np.random.default_rng(0).normal(0, 6, page.shape), 0, 255).astype(np.uint8)
    assert [p.text for p in reader.predict([page, noisy])] == ["", ""]


def test_batch_size_does_not_change_results(letter: Image) -> None:
    small: Any = load(pipeline="two_stage")
    small = small.with_alternatives()  # the two-stage reader itself, which has settings
    whole = small.predict([letter])
    small.settings = replace(small.settings, reading=replace(small.settings.reading, batch_pixels=1))
    turned = cv2.rotate(letter, cv2.ROTATE_90_CLOCKWISE)
    (one, _) = small.predict([letter, turned])
    assert one.text == whole[0].text
    assert [w.polygon for w in one.words] == [w.polygon for w in whole[0].words]


@pytest.mark.slow
def test_small_print_on_a_huge_page_is_found(letter: Image) -> None:
    """As on a plan or a newspaper sheet: 28 letters on 51 million pixels."""
    reader = load(pipeline="two_stage")
    (alone,) = reader.predict([letter])
    (sheet,) = reader.predict([np.tile(letter, (4, 7, 1))])
    assert len(list(sheet.lines)) > 0.9 * 28 * len(list(alone.lines))
