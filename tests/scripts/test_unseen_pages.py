"""The pages that the bars are measured on: turned pages are the very same pages, mixed ones hold what they promise."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib", reason="training extra not installed")
pytest.importorskip("fontTools", reason="training extra not installed")

sys.path.append(str(Path(__file__).parents[2] / "scripts"))

import unseen_pages  # noqa: E402

from ocr.data.samples import load_samples  # noqa: E402
from ocr.data.synthetic.fonts import FontLibrary  # noqa: E402
from ocr.data.synthetic.text import TextSampler  # noqa: E402
from ocr.document import Block, Line, Page, Word  # noqa: E402
from ocr.polygon import contains, from_box, side_lengths  # noqa: E402


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[FontLibrary, TextSampler]:
    folder = tmp_path_factory.mktemp("corpora") / "en"
    folder.mkdir()
    sentence = "The committee met on Tuesday to consider the report of its secretary, who was late."
    (folder / "lines.txt").write_text(f"{sentence}\n" * 9, encoding="utf-8")
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return FontLibrary([fonts / "DejaVuSans.ttf", fonts / "DejaVuSerif.ttf"]), TextSampler([folder.parent])


def drawn_page() -> unseen_pages.Drawn:
    """A white page with a dark bar that is its only line."""
    image = np.full((90, 160, 3), 255, np.uint8)
    image[20:32, 30:100] = 0
    box = from_box(30, 20, 100, 32)
    return image, Page(1, 160, 90, (Block((Line("bar", box, words=(Word("bar", box),)),)),))


@pytest.mark.parametrize("quarters", range(4))
def test_a_quarter_turn_moves_pixels_and_nothing_else(quarters: int) -> None:
    image, page = unseen_pages.turned(drawn_page(), 90 * quarters)
    np.testing.assert_array_equal(image, np.rot90(drawn_page()[0], -quarters))
    assert image.shape[:2] == (page.height, page.width)


@pytest.mark.parametrize("degrees", unseen_pages.ANGLES)
def test_polygons_follow_the_ink_and_start_at_the_text_s_top_left(degrees: int) -> None:
    image, page = unseen_pages.turned(drawn_page(), degrees)
    (line,) = page.lines
    assert line.words[0].polygon == line.polygon
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(np.array(line.polygon)).astype(np.int32)], 1)
    ink = image[..., 0] < 128
    assert (mask[ink] == 1).mean() > 0.93 and ink.sum() == pytest.approx(70 * 12, rel=0.05)
    assert side_lengths(line.polygon) == pytest.approx((70, 12), abs=0.05)
    along = np.subtract(line.polygon[1], line.polygon[0])
    assert np.degrees(np.arctan2(along[1], along[0])) % 360 == pytest.approx(degrees, abs=0.1)


def test_half_a_page_stands_on_its_head_and_its_labels_with_it() -> None:
    image = np.full((90, 160, 3), 255, np.uint8)
    boxes = [(30, 10, 100, 22), (30, 24, 90, 36), (30, 60, 100, 72)]
    for left, top, right, bottom in boxes:
        image[top:bottom, left:right] = 0
    lines = [Line("bar", from_box(*box), words=(Word("bar", from_box(*box)),)) for box in boxes]
    turned, page = unseen_pages.half_turned((image, Page(1, 160, 90, (Block(tuple(lines)),))))
    upper, second, lower = page.lines
    assert (upper, second) == tuple(lines[:2]), "cut in the widest gap"
    corner = lower.polygon[0]
    assert corner == lower.words[0].polygon[0] and lower.polygon[1][0] < corner[0]
    (left, _), (_, bottom) = lower.polygon[1], corner
    assert (turned[int(bottom) - 12 : int(bottom), int(left) : int(left) + 70] == 0).all()
    assert (turned < 128).sum() == (image < 128).sum()


def test_mixed_pages_hold_small_and_large_text_in_several_directions(
    sources: tuple[FontLibrary, TextSampler], tmp_path: Path
) -> None:
    pages = list(unseen_pages.draw_all(unseen_pages.draw_directions, *sources, 2, seed=0))
    unseen_pages.write_set(tmp_path / "set", pages, "en")
    for sample in load_samples(tmp_path / "set", split="val"):
        assert sample.page is not None
        lines = list(sample.page.lines)
        heights = [side_lengths(line.polygon)[1] for line in lines]
        assert min(heights) < 20 and max(heights) > 75
        ways = [np.subtract(line.polygon[1], line.polygon[0]) for line in lines]
        assert len({round(np.degrees(np.arctan2(y, x))) % 360 for x, y in ways}) > 2
        inside = (0, 0), (sample.page.width, 0), (sample.page.width, sample.page.height), (0, sample.page.height)
        assert all(contains(inside, point) for line in lines for point in line.polygon)
        image = sample.load()
        for line in lines:  # every label lies on ink
            left, top = np.floor(np.min(line.polygon, axis=0)).astype(int)
            right, bottom = np.ceil(np.max(line.polygon, axis=0)).astype(int)
            assert image[top:bottom, left:right].min() < 160
