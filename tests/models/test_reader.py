"""The two-stage reader over networks that are plain functions: orientation, silence, words, long lines."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.models.codec import Alphabet
from ocr.models.two_stage.assemble import assemble_line
from ocr.models.two_stage.reader import ReadingSettings, TwoStageReader
from ocr.models.two_stage.reading_config import ReadingConfig
from ocr.models.two_stage.recognise import recognise_lines
from ocr.models.two_stage.recognizer_decode import decode_line
from ocr.polygon import bounds

ALPHABET = Alphabet([*"ab "])
Array = NDArray[np.float32]


def find_dark(images: Array) -> Array:
    """A detector: logits are high where a block of 4 x 4 px is dark."""
    pages, _, height, width = images.shape
    blocks = images.reshape(pages, 1, height // 4, 4, width // 4, 4).mean(axis=(3, 5))
    return np.where(blocks < 128, 8.0, -8.0).astype(np.float32)


def read_ends(images: Array) -> Array:
    """A recognizer: writes ``ab`` if the line's darker end is its left one; unsure otherwise."""
    lines, _, _, width = images.shape
    logits = np.zeros((lines, width // 4, ALPHABET.classes), np.float32)
    logits[:, :, 0] = 9.0
    for line, image in zip(logits, images[:, 0], strict=True):
        if image.min() > 200:
            continue
        dark = np.flatnonzero(image.min(axis=0) < 170)
        middle = (dark[0] + dark[-1]) // 2
        upright = image[:, dark[0] : middle].mean() <= image[:, middle : dark[-1]].mean() + 1
        for place, symbol in ((dark[0] // 4 + 1, 1), (middle // 4 + 1, 2)):
            line[place, symbol] = 20.0 if upright else 9.2
    return logits


def reader() -> TwoStageReader:
    return TwoStageReader(find_dark, read_ends, ALPHABET, ReadingSettings(height=32))


def page(left: int, right: int) -> NDArray[np.uint8]:
    """A page with one dark bar, ``left`` and ``right`` being the grey of its halves."""
    image = np.full((512, 512, 3), 255, np.uint8)
    image[240:264, 100:250] = left
    image[240:264, 250:400] = right
    return image


def test_a_blank_page_gives_no_text() -> None:
    (result,) = reader().predict([np.full((300, 200, 3), 255, np.uint8)])
    assert (result.width, result.height, result.blocks) == (200, 300, ())


def test_lines_too_low_for_letters_are_not_drawn_out() -> None:
    widths: list[int] = []

    def recognise(images: Array) -> Array:
        widths.append(images.shape[3])
        return read_ends(images)

    flat = TwoStageReader(find_dark, recognise, ALPHABET, ReadingSettings(height=32))
    image = np.full((2, 4000, 3), 255, np.uint8)
    image[:, 100:3900] = 0
    (result,) = flat.predict([image])
    assert result.blocks == () and widths == []


def test_an_upright_line_stays_upright() -> None:
    (result,) = reader().predict([page(0, 100)])
    (line,) = result.lines
    assert line.text == "ab"
    assert line.polygon[0][0] < line.polygon[1][0]


def test_an_upside_down_line_is_read_from_its_own_top_left() -> None:
    (result,) = reader().predict([page(100, 0)])
    (line,) = result.lines
    assert line.text == "ab"
    assert line.polygon[0][0] > line.polygon[1][0]


@pytest.mark.parametrize("upper", [0, 100])
def test_a_line_across_the_others_is_read_both_ways(upper: int) -> None:
    def recognise(images: Array) -> Array:
        """Quite sure of text upside down as well."""
        logits = read_ends(images)
        return np.where((logits > 9.1) & (logits < 20), 12.0, logits).astype(np.float32)

    image = page(0, 100)
    image[40:120, 440:464], image[120:200, 440:464] = upper, 100 - upper
    (result,) = TwoStageReader(find_dark, recognise, ALPHABET, ReadingSettings(height=32)).predict([image])
    level, across = sorted(result.lines, key=lambda line: line.polygon[0][0])
    assert level.text == across.text == "ab" and level.polygon[0][0] < level.polygon[1][0]
    assert (across.polygon[0][1] < across.polygon[1][1]) is (upper == 0), "it begins at its darker end"


@pytest.mark.parametrize(
    ("letters", "first", "turns"),
    [(6, 40, True), (4, 40, False), (6, 60, True), (4, 60, False)],
    ids=["doubtful", "doubtful but short", "not sure", "not sure but short"],
)
def test_once_a_line_of_some_length_stands_on_its_head_all_are_read_both_ways(
    letters: int, first: int, turns: bool
) -> None:
    def recognise(images: Array) -> Array:
        """Sure of lines whose darker end is the left one, of others the surer the more their halves differ."""
        logits = np.zeros((len(images), images.shape[3] // 4, ALPHABET.classes), np.float32)
        logits[:, :, 0] = 9.0
        for line, image in zip(logits, images[:, 0], strict=True):
            dark = np.flatnonzero(image.min(axis=0) < 170)
            left, right = (half.mean() for half in np.split(image[8:24, dark[0] : dark[-1]], [len(dark) // 2], axis=1))
            places = np.linspace(dark[0], dark[-1], letters + 2).astype(int)[1:-1] // 4
            line[places, 1] = (
                20.0 if left <= right else 11.5 if left > right + 80 else 10.5 if left > right + 50 else 9.5
            )
        return logits

    image = page(0, 100)
    image[340:364, 120:250], image[340:364, 250:380] = first, 0
    image[440:464, 120:250], image[440:464, 250:380] = 120, 0
    (result,) = TwoStageReader(find_dark, recognise, ALPHABET, ReadingSettings(height=32)).predict([image])
    upright, other, rather_sure = sorted(result.lines, key=lambda line: min(y for _, y in line.polygon))
    assert upright.polygon[0][0] < upright.polygon[1][0]
    assert (other.polygon[0][0] > other.polygon[1][0]) is (turns or first == 40), "a doubtful one in any case"
    assert (rather_sure.polygon[0][0] > rather_sure.polygon[1][0]) is turns


@pytest.mark.parametrize(("halves", "looks"), [((0, 100), 1), ((100, 0), 3)])
def test_only_a_page_read_with_doubt_is_read_upside_down(halves: tuple[int, int], looks: int) -> None:
    seen: list[int] = []

    def recognise(images: Array) -> Array:
        seen.append(len(images))
        return read_ends(images)

    (result,) = TwoStageReader(find_dark, recognise, ALPHABET, ReadingSettings(height=32)).predict([page(*halves)])
    assert [line.text for line in result.lines] == ["ab"] and len(seen) == looks


def test_pages_do_not_depend_on_their_batch() -> None:
    pages = [page(0, 100), page(100, 0), np.full((300, 200, 3), 255, np.uint8)]
    assert reader().predict(pages) == [reader().predict([image])[0] for image in pages]


def test_a_line_crop_is_read_whole() -> None:
    (line,) = reader().read_lines([page(0, 100)[236:268, 90:410]])
    assert line.text == "ab"


def test_an_empty_line_crop_has_no_text() -> None:
    (line,) = reader().read_lines([np.full((40, 200, 3), 255, np.uint8)])
    assert (line.text, line.confidence, line.words) == ("", 0.0, ())


def columns(images: Array) -> Array:
    """A recognizer that writes ``a`` at every token whose picture is dark, a space elsewhere."""
    tokens = images[:, 0].reshape(len(images), images.shape[2], -1, 4).mean(axis=(1, 3))  # (N, H, W) -> (N, W/4)
    logits = np.zeros((*tokens.shape, ALPHABET.classes), np.float32)
    logits[..., 1] = np.where(tokens < 128, 9.0, 0.0)
    logits[..., 3] = np.where(tokens < 128, 0.0, 9.0)
    return logits


@pytest.mark.parametrize("width", [640, 1281, 3000])
def test_long_lines_are_joined_without_a_seam(width: int) -> None:
    rng = np.random.default_rng(width)
    tokens = rng.integers(0, 2, -(-width // 4))
    image = np.repeat(np.where(tokens, 255, 0), 4)[None, :width].repeat(32, axis=0).astype(np.uint8)
    (characters,) = recognise_lines([image], columns, ALPHABET, ReadingConfig())
    whole = np.stack([np.where(tokens, 0.0, 9.0), np.where(tokens, 9.0, 0.0)], axis=1)
    expected = np.zeros((len(tokens), ALPHABET.classes), np.float32)
    expected[:, [1, 3]] = whole
    assert [c.text for c in characters] == [c.text for c in decode_line(expected, ALPHABET)]


def test_spaces_are_favoured_a_little() -> None:
    def network(images: Array) -> Array:
        """``a``, then twice a token where a space is almost as likely as nothing, with a letter between."""
        logits = np.zeros((1, images.shape[3] // 4, ALPHABET.classes), np.float32)
        logits[..., 0] = 5.0
        logits[0, [0, 2, 4], 1] = 9.0
        logits[0, 1, 3], logits[0, 3, 3] = 4.3, 3.7
        return logits

    image = np.full((32, 20), 255, np.uint8)
    texts = [
        "".join(c.text for c in recognise_lines([image], network, ALPHABET, reading)[0])
        for reading in (ReadingConfig(space=0.0), ReadingConfig(), ReadingConfig(space=2.0))
    ]
    assert texts == ["aaa", "a aa", "a a a"]


def test_words_lie_where_their_characters_were_read() -> None:
    logits = np.zeros((20, ALPHABET.classes), np.float32)
    logits[:, 0] = 9.0
    for place, symbol in ((2, 1), (5, 2), (9, 3), (13, 1), (16, 2)):
        logits[place, symbol] = 20.0
    quad = np.array([(0, 0), (80, 0), (80, 20), (0, 20)], np.float64)
    line = assemble_line(decode_line(logits, ALPHABET), quad, 80)
    assert [word.text for word in line.words] == ["ab", "ab"]
    first, second = (bounds(word.polygon) for word in line.words)
    assert first[0] <= 8 and 22 <= first[2] <= 38
    assert 38 <= second[0] <= 54 and second[2] >= 64
    assert [c.text for c in line.words[0].chars] == ["a", "b"]


def test_a_line_without_characters_is_cut_off_at_the_edge_of_the_page_too() -> None:
    quad = np.array([(-3, -2), (80, -2), (80, 20.456), (-3, 20.456)])
    line = assemble_line([], quad, 80, (60, 15))
    assert (line.text, line.words, line.polygon) == ("", (), ((0, 0), (60, 0), (60, 15), (0, 15)))
    assert assemble_line([], quad, 80).polygon[2] == (80, 20.46)


def test_polygons_end_at_the_edge_of_the_page() -> None:
    image = page(0, 100)[236:268, 96:404]  # the margins around the bar reach beyond the page
    (result,) = reader().predict([np.ascontiguousarray(image)])
    for line in result.lines:
        chars = [char.polygon for word in line.words for char in word.chars]
        for polygon in (line.polygon, *(word.polygon for word in line.words), *chars):
            left, top, right, bottom = bounds(polygon)
            assert left >= 0 and top >= 0 and right <= result.width and bottom <= result.height
    assert list(result.lines)
