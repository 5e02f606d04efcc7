"""Labels to target maps to boxes: decoding is the inverse of the targets."""

from __future__ import annotations

import numpy as np
import pytest

from ocr.document import Line, Page
from ocr.models.page_tiles import divided, grid, tile_size, tiles
from ocr.models.two_stage.detect import detect_lines
from ocr.models.two_stage.detector_config import DecodeConfig, KernelConfig, PrepareConfig
from ocr.models.two_stage.detector_decode import decode_detector
from ocr.models.two_stage.detector_prepare import first_scale, prepare_page, second_scale
from ocr.models.two_stage.detector_targets import detector_batch, detector_maps, kernel_polygon
from ocr.polygon import FloatArray, as_polygon, from_box

KERNEL, PREPARE = KernelConfig(), PrepareConfig()
DECODE = DecodeConfig(threshold=0.5)  # the middle of the edges of an exact map


def turned_box(x: float, y: float, width: float, height: float, degrees: float) -> FloatArray:
    """A box around (x, y), clockwise from the top left of its text."""
    box = np.array([(-width, -height), (width, -height), (width, height), (-width, height)]) / 2
    angle = np.radians(degrees)
    return box @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) + (x, y)


def round_trip(polygons: list[FloatArray], size: tuple[int, int] = (512, 640)) -> list[FloatArray]:
    kernels, _ = detector_maps([Line("a", as_polygon(p)) for p in polygons], size, KERNEL)
    return [quad for quad, _ in decode_detector(kernels, 1.0, size, DECODE, KERNEL)]


@pytest.mark.parametrize("degrees", [0, 5, -10, 30, 60, 90])
@pytest.mark.parametrize("height", [16, 30, 80])
def test_a_line_comes_back(degrees: float, height: float) -> None:
    expected = turned_box(320, 256, 300, height, degrees)
    (quad,) = round_trip([expected])
    np.testing.assert_allclose(quad, expected, atol=max(2.5, 0.07 * height))


@pytest.mark.parametrize("width", [12, 20, 28, 40])
def test_short_text_takes_the_direction_of_the_page(width: float) -> None:
    line, number = turned_box(320, 100, 500, 30, 4), turned_box(320, 200, width, 28, 4)
    quads = round_trip([line, number])
    np.testing.assert_allclose(quads[1], number, atol=5)


def test_touching_lines_stay_apart() -> None:
    lines = [turned_box(320, 100 + 18 * row, 500, 18, 1.0) for row in range(8)]
    assert len(round_trip(lines)) == 8


def test_vertical_running_text_has_its_long_side_as_width() -> None:
    (quad,) = round_trip([turned_box(100, 256, 300, 24, 90)])
    assert np.linalg.norm(quad[1] - quad[0]) > 5 * np.linalg.norm(quad[3] - quad[0])


def test_a_curved_line_is_held_by_its_box() -> None:
    x = np.linspace(100, 500, 9)
    y = 200 + 10 * np.sin((x - 100) / 400 * np.pi)
    curve = np.concatenate([np.stack([x, y - 15], 1), np.stack([x, y + 15], 1)[::-1]])
    (quad,) = round_trip([curve])
    assert abs(quad[:, 1].min() - 185) < 4 and abs(quad[:, 1].max() - 225) < 4
    assert abs(quad[:, 0].min() - 100) < 4 and abs(quad[:, 0].max() - 500) < 4


def test_kernel_is_the_middle_band() -> None:
    box = kernel_polygon(from_box(0, 0, 100, 20), KernelConfig(height=0.5, inset=0.2))
    np.testing.assert_allclose(box, [(4, 5), (96, 5), (96, 15), (4, 15)])


def test_a_lone_narrow_character_is_found_again() -> None:
    for left in (100, 101.5, 103):  # wherever it lies on the cells
        kernels, _ = detector_maps([Line("1", from_box(left, 100, left + 7, 122))], (256, 256), KERNEL)
        ((quad, _),) = decode_detector(kernels, 1.0, (256, 256), DecodeConfig(), KERNEL)
        assert abs(quad[:, 0].min() - left) < 4 and abs(quad[:, 0].max() - left - 7) < 4
        assert abs(quad[:, 1].min() - 100) < 4 and abs(quad[:, 1].max() - 122) < 4


def test_ignored_regions_weigh_nothing() -> None:
    lines = [Line("", from_box(0, 0, 64, 32), ignore=True), Line("abc", from_box(0, 64, 64, 96))]
    kernels, weights = detector_maps(lines, (128, 128), KERNEL)
    assert weights[:7, :15].max() == 0 and weights[10:].min() == 1
    assert weights[16, 8] == KERNEL.gap_weight and weights[20, 8] == 1 and weights[30, 30] == 1
    assert kernels[:8].max() == 0 and kernels[20].max() == 1


def test_lone_characters_count_more() -> None:
    lines = [Line("1", from_box(20, 20, 28, 44)), Line("one", from_box(60, 20, 120, 44))]
    kernels, weights = detector_maps(lines, (128, 128), KERNEL)
    assert (weights[kernels > 0.5][:, None] == (1, KERNEL.lone_weight)).any(axis=1).all()
    assert weights[8, 5] == KERNEL.lone_weight and weights[8, 20] == 1 and weights[20, 20] == 1


def test_batch_shapes() -> None:
    image = np.full((64, 96, 3), 255, np.uint8)
    batch = detector_batch([(image, Page(1, 96, 64))] * 2, KERNEL)
    assert batch["images"].shape == (2, 1, 64, 96)
    assert batch["kernels"].shape == batch["weights"].shape == (2, 1, 16, 24)
    assert batch["kernels"].max() == 0 and batch["weights"].min() == 1


def test_an_empty_map_gives_no_line() -> None:
    assert decode_detector(np.zeros((32, 32)), 1.0, (128, 128), DECODE, KERNEL) == []


def test_scale_leads_back_to_the_page() -> None:
    expected = turned_box(320, 256, 300, 40, 0)
    kernels, _ = detector_maps([Line("a", as_polygon(expected))], (512, 640), KERNEL)
    ((quad, score),) = decode_detector(kernels, 0.5, (1024, 1280), DECODE, KERNEL)
    np.testing.assert_allclose(quad, expected * 2, atol=6)
    assert score > 0.85


def test_prepared_page_is_a_multiple_of_32() -> None:
    page = prepare_page(np.full((1754, 1240, 3), 200, np.uint8), first_scale((1754, 1240), PREPARE))
    assert page.shape[2] % 32 == page.shape[3] % 32 == 0 and page.min() == page.max() == 200


def test_usual_pages_are_looked_at_in_a_fixed_area_and_huge_ones_not_from_too_far() -> None:
    assert first_scale((3508, 2480), PREPARE) == pytest.approx((PREPARE.pixels / (3508 * 2480)) ** 0.5)
    assert first_scale((13_600, 12_800), PREPARE) == PREPARE.farthest
    assert first_scale((200, 100), PREPARE) == PREPARE.enlarge


@pytest.mark.parametrize("length", [32, 1024, 1536, 1568, 4000 // 32 * 32, 9600])
def test_tiles_cover_the_side_once(length: int) -> None:
    end = 0
    for start, stop, kept_start, kept_stop in tiles(length, PREPARE.tile, PREPARE.overlap):
        assert kept_start == end and start <= kept_start < kept_stop <= stop <= length
        assert stop - start <= PREPARE.tile and all(value % 32 == 0 for value in (start, stop, kept_start, kept_stop))
        end = kept_stop
    assert end == length


@pytest.mark.parametrize(
    ("height", "width", "cuts"),
    [
        (32, 32, (1, 1)),
        (1792, 1792, (1, 1)),
        (1248, 1984, (1, 1)),
        (2368, 1984, (2, 1)),
        (1984, 2368, (1, 2)),
        (4000, 4000, (2, 3)),
    ],
)
def test_pages_are_cut_as_little_as_the_area_of_tiles_allows(height: int, width: int, cuts: tuple[int, int]) -> None:
    assert grid(height, width, 1792, 128) == cuts
    tile = [
        max(stop - start for start, stop, _, _ in divided(*side, 128))
        for side in zip((height, width), cuts, strict=True)
    ]
    assert tile == [tile_size(*side, 128) for side in zip((height, width), cuts, strict=True)]
    assert tile[0] * tile[1] <= 1792**2


def test_small_text_gets_a_second_look() -> None:
    prepare = PrepareConfig(line_height=16, enlarge=2)
    assert second_scale(0.5, [turned_box(0, 0, 100, 40, 0)] * 3, prepare) is None
    assert second_scale(0.5, [turned_box(0, 0, 100, 20, 0)] * 3, prepare) == pytest.approx(0.8)
    assert second_scale(0.5, [turned_box(0, 0, 100, 2, 0)] * 3, prepare) == 2
    assert second_scale(0.5, [], prepare) is None


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (5000, 1), (31, 33), (10, 6000)])
def test_pages_of_any_shape(size: tuple[int, int]) -> None:
    """A network that finds text everywhere: boxes stay on the page."""
    shapes = []

    def network(page: np.ndarray) -> np.ndarray:
        shapes.append(page.shape)
        return np.full((1, 1, page.shape[2] // 4, page.shape[3] // 4), 9.0, np.float32)

    lines = detect_lines(np.full((*size, 3), 255, np.uint8), network, KERNEL, PREPARE, DECODE)
    assert all(shape[2] % 32 == shape[3] % 32 == 0 for shape in shapes)
    for quad, _ in lines:
        assert quad.min() >= 0 and quad[:, 0].max() <= size[1] and quad[:, 1].max() <= size[0]


def test_detect_lines_on_a_page_larger_than_a_tile() -> None:
    """A network that marks dark pixels finds every bar, the small ones after a second look in tiles."""
    image = np.full((3000, 2200, 3), 255, np.uint8)
    for row in range(40):
        image[100 + 70 * row : 110 + 70 * row, 200:2000] = 0  # the kernels themselves: lines 20 pixels high

    def network(page: np.ndarray) -> np.ndarray:
        assert max(page.shape) <= PREPARE.tile
        cells = page.reshape(1, 1, page.shape[2] // 4, 4, page.shape[3] // 4, 4).mean(axis=(3, 5))
        return (127 - cells) / 10

    lines = detect_lines(image, network, KERNEL, PREPARE, DECODE)
    assert len(lines) == 40
    np.testing.assert_allclose(lines[0][0], [(196, 95), (2004, 95), (2004, 115), (196, 115)], atol=4)


def test_kernels_that_run_together_are_cut_between_their_certain_parts() -> None:
    probability = np.zeros((64, 160), np.float32)
    probability[20:32, 10:150] = 0.4
    for top in (20, 24, 28):
        probability[top : top + 3, 10:150] = 0.9
    lines = decode_detector(probability, 1.0, (256, 640), DecodeConfig(threshold=0.3, levels=(0.6,)), KERNEL)
    assert len(lines) == 3
    assert all(quad[:, 0].max() > 590 for quad, _ in lines)


def test_words_beside_each_other_stay_one_line() -> None:
    probability = np.zeros((64, 160), np.float32)
    probability[20:24, 10:150] = 0.4
    for left in (10, 60, 110):
        probability[20:24, left : left + 40] = 0.9
    lines = decode_detector(probability, 1.0, (256, 640), DecodeConfig(threshold=0.3, levels=(0.6,)), KERNEL)
    assert len(lines) == 1


def test_a_region_without_a_certain_part_is_no_line() -> None:
    probability = np.zeros((64, 160), np.float32)
    probability[20:24, 10:150] = 0.45
    assert decode_detector(probability, 1.0, (256, 640), DecodeConfig(threshold=0.3, certain=0.6), KERNEL) == []
