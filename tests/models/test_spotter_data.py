"""Training crops of the end-to-end pipeline: repeatable, characters where they are, from every kind of label."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from ocr.data.config import DataConfig  # noqa: E402
from ocr.document import Block, Char, Line, Page, Word  # noqa: E402
from ocr.errors import UsageError  # noqa: E402
from ocr.models.codec import default_alphabet  # noqa: E402
from ocr.models.end2end.characters import Characters, characters_of  # noqa: E402
from ocr.models.end2end.config import End2EndConfig  # noqa: E402
from ocr.models.end2end.crops_config import SpotterCropConfig  # noqa: E402
from ocr.models.end2end.spotter_config import TargetConfig  # noqa: E402
from ocr.models.end2end.spotter_targets import spotter_batch  # noqa: E402
from ocr.models.end2end.training_data import PageSource, is_taught, random_crop  # noqa: E402
from ocr.polygon import Polygon, from_box  # noqa: E402

ALPHABET = default_alphabet()


def marked_page(characters: bool = True) -> tuple[np.ndarray, Page]:
    """Grey squares as letters on white, eight lines of 30 of them; or the same labelled by line."""
    image = np.full((500, 700, 3), 255, np.uint8)
    lines = []
    for row in range(8):
        words: list[Word] = []
        for start in range(0, 30, 6):
            boxes: list[Polygon] = []
            for letter in range(start, start + 5):
                x, y = 40 + 20 * letter, 40 + 50 * row
                image[y + 4 : y + 20, x : x + 14] = 60
                boxes.append(from_box(x, y + 4, x + 14, y + 20))
            box = from_box(boxes[0][0][0], y, boxes[-1][1][0], y + 24)
            words.append(Word("abcde", box, chars=tuple(map(Char, "abcde", boxes)) if characters else ()))
        text = " ".join(word.text for word in words)
        lines.append(Line(text, from_box(40, y, 634, y + 24), words=tuple(words) if characters else ()))
    return image, Page(1, 700, 500, (Block(tuple(lines)),))


def crop(seed: int, characters: bool = True, **settings: object) -> tuple[np.ndarray, Characters]:
    image, page = marked_page(characters)
    config = replace(SpotterCropConfig(size=320), **settings)  # type: ignore[arg-type]
    return random_crop(image, characters_of(page, ALPHABET), np.random.default_rng(seed), config)


@pytest.mark.parametrize("seed", range(6))
def test_characters_lie_on_their_ink_at_any_scale_and_angle(seed: int) -> None:
    image, characters = crop(seed, any_angle=1.0)
    inside = ((characters.centres > 2) & (characters.centres < 318)).all(axis=1)
    assert inside.sum() > 5
    x, y = characters.centres[inside].astype(int).T
    assert (image[y, x, 0] < 160).all()


def test_crops_repeat_and_differ() -> None:
    (first, _), (again, _), (other, _) = crop(3), crop(3), crop(4)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_text_comes_at_the_sizes_asked_for() -> None:
    heights = [float(np.median(crop(seed, line_heights=(16.0, 20.0))[1].heights)) for seed in range(12)]
    assert min(heights) > 15.9 and max(heights) < 20.1


def test_pages_labelled_by_line_give_cells_along_the_lines() -> None:
    image, characters = crop(1, characters=False, line_heights=(16.0, 20.0))
    assert len(characters.centres) == 0 and len(characters.lines) == 8
    batch = spotter_batch([(image, characters)], TargetConfig(alignment=1.0))
    assert len(batch["line_cells"]) > 2
    assert (batch["line_span"][:, 1] > batch["line_span"][:, 0]).all()
    # their text is no background either
    page, row, column = np.moveaxis(batch["line_cells"][0, : batch["line_steps"][0], 1], -1, 0)
    assert (batch["weights"][page, 0, row, column] == 0).all()


def test_lines_teach_by_characters_or_by_text_if_that_is_wanted() -> None:
    (with_characters, *_), (by_text, *_) = (list(marked_page(known)[1].lines) for known in (True, False))
    assert is_taught(with_characters, text_alone=False)
    assert not is_taught(by_text, text_alone=False)
    assert is_taught(by_text, text_alone=True)
    assert not is_taught(replace(by_text, ignore=True), text_alone=True)


def test_nothing_to_learn_from_is_said_with_the_remedy() -> None:
    with pytest.raises(UsageError, match="ocr data characters"):
        PageSource([], DataConfig(), End2EndConfig(), ALPHABET)
