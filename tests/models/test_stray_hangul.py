"""Hangul that was read on pages of another script."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.models.codec import Alphabet, default_alphabet
from ocr.models.stray_hangul import hangul_classes, stray_hangul
from ocr.models.two_stage.reader import ReadingSettings, TwoStageReader

LATIN = ["The quick brown fox jumps over the lazy dog"] * 4


@pytest.mark.parametrize(
    ("texts", "strays"),
    [
        ([*LATIN, "25ㅇC"], [4]),
        ([*LATIN, "유으"], [4]),
        ([*LATIN, "김민수"], []),  # a name
        ([*LATIN, "₩A05 - 12", "₩5,000", "₩ 300"], [4]),
        ([*LATIN, "ㅇ", "ㅣ", "1.97ㅣ"], []),  # too many
        (["Fㅕ1ter", "Name"], []),  # too few letters to tell
        (["한국어 문장입니다", *LATIN], []),
        ([], []),
    ],
)
def test_hangul_is_stray_if_it_is_rare_and_alone(texts: list[str], strays: list[int]) -> None:
    assert stray_hangul(texts) == strays


def test_classes_of_hangul_write_nothing_else() -> None:
    alphabet = default_alphabet()
    classes = hangul_classes(alphabet)
    assert len(classes) > 60
    assert not any(alphabet.symbol(c).isascii() for c in classes)


ALPHABET = Alphabet([*"ab0", "\u110b"])  # the last is the first consonant of Hangul that looks like a nought


def find_dark(images: NDArray[np.float32]) -> NDArray[np.float32]:
    pages, _, height, width = images.shape
    blocks = images.reshape(pages, 1, height // 4, 4, width // 4, 4).mean(axis=(3, 5))
    return np.where(blocks < 128, 8.0, -8.0).astype(np.float32)


def write(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """A recognizer: forty times ``ab`` on long lines; on short ones a circle, which it sooner takes for Hangul."""
    logits = np.zeros((len(images), images.shape[3] // 4, ALPHABET.classes), np.float32)
    logits[:, :, 0] = 5.0
    for line in logits:
        if len(line) > 80:
            line[1:81:2, 1] = line[2:81:2, 2] = 20.0
        else:
            line[4, 3], line[4, 4] = 18.0, 20.0
    return logits


@pytest.mark.parametrize(("long", "expected"), [(3, "0"), (0, "ㅇ")])
def test_a_circle_on_a_page_of_latin_script_is_none_of_hangul(long: int, expected: str) -> None:
    page = np.full((512, 640, 3), 255, np.uint8)
    for row in range(long):
        page[60 + 80 * row : 84 + 80 * row, 60:580] = 0
    page[400:424, 60:140] = 0
    reader = TwoStageReader(find_dark, write, ALPHABET, ReadingSettings(height=32))
    assert [line.text for line in reader.predict([page])[0].lines] == ["ab" * 40] * long + [expected]
