"""The labelled set in the package: whole, small, and apart from what it is scored on."""

from __future__ import annotations

import numpy as np

from ocr.data.config import DataConfig
from ocr.data.stock import StockPages, stock_folder, stock_lines, stock_pages
from ocr.metrics.text import has_hangul
from ocr.models.codec import default_alphabet, normalise

MOST_BYTES = 2_500_000


def test_the_set_is_small_and_says_where_it_comes_from() -> None:
    files = [path for path in stock_folder().rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    assert "CC0" in (stock_folder() / "README.md").read_text(encoding="utf-8")


def test_lines_are_crops_of_both_scripts_that_the_alphabet_can_write() -> None:
    train, val = list(stock_lines("train")), list(stock_lines("val"))
    assert len(train) > 400 and len(val) > 120
    assert all(image.shape[0] == 32 and image.dtype == np.uint8 and np.ptp(image) > 20 for image, _ in train + val)
    for lines in (train, val):
        texts = [normalise(text) for _, text in lines]
        assert not default_alphabet().unknown(texts)
        assert 0.2 < sum(map(has_hangul, texts)) / len(texts) < 0.6
    assert not {text for _, text in train if len(text) > 12} & {text for _, text in val}


def test_pages_hold_every_character_inside_the_image() -> None:
    for split, count in (("train", 6), ("val", 4)):
        samples = stock_pages(split)
        assert len(samples) == count
        for sample in samples:
            assert sample.page is not None
            assert sample.load().shape == (sample.page.height, sample.page.width, 3)
            words = [word for line in sample.page.lines for word in line.words]
            assert all(word.text == "".join(char.text for char in word.chars) for word in words)
            points = np.array([char.polygon for word in words for char in word.chars])  # (characters, 4, 2)
            assert len(points) > 200
            assert (points >= 0).all() and (points <= (sample.page.width, sample.page.height)).all()


def test_drawn_pages_repeat_with_their_seed() -> None:
    pages = StockPages("train")
    drawn = [pages(np.random.default_rng(seed))[1] for seed in range(8)]
    assert drawn[0] == pages(np.random.default_rng(0))[1]
    assert len({page.text for page in drawn}) > 2


def test_the_stock_set_is_replayed_and_scored_only_where_that_is_said() -> None:
    assert not DataConfig().stock
    assert 0 < DataConfig().replay < 1
