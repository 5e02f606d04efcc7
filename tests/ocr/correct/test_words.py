"""Frequent words beside character n-grams."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.correct.build_words import build_words
from ocr.correct.words import SHARE, WordMixture, WordTable
from ocr.errors import ModelError


class Even:
    """Two nats for each character."""

    def score(self, texts: Sequence[str], contexts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([-2.0 * len(text) for text in texts])


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> WordTable:
    folder = tmp_path_factory.mktemp("texts")
    (folder / "en").mkdir()
    lines = [f"The conversations, don’t {i} 한국어" for i in range(60)] + ["seldom"]
    (folder / "en" / "some.txt").write_text("\n".join(lines), encoding="utf-8")
    return build_words([folder])


def test_frequent_words_and_their_shares(table: WordTable) -> None:
    values = table.logarithms(["the", "THE", "don't", "seldom", "한국어", "converstions"])
    assert values[:3] == pytest.approx([math.log(1 / 3)] * 3, abs=0.13)  # in quarters
    assert np.isneginf(values[3:]).all()


def test_a_word_is_likelier_than_what_is_none(table: WordTable) -> None:
    mixture = WordMixture(Even(), table)
    known, other, upper = mixture.score(["the conversations 12", "the converstions 12", "THE CONVERSATIONS"], [" "] * 3)
    word = math.log((1 - SHARE) + SHARE / 3 * math.exp(2 * 13)) - 2 * 13
    assert known - other == pytest.approx(word - (math.log(1 - SHARE) - 2 * 12), abs=0.2)
    assert upper == pytest.approx(known + 2 * 3)  # but for its " 12"


def test_a_file_keeps_the_table(table: WordTable, tmp_path: Path) -> None:
    table.save(tmp_path / "words.xz")
    again = WordTable.load(tmp_path / "words.xz")
    assert again.logarithms(["the", "seldom"]).tolist() == table.logarithms(["the", "seldom"]).tolist()
    (tmp_path / "words.xz").write_bytes(b"no")
    with pytest.raises(ModelError, match=r"words\.xz"):
        WordTable.load(tmp_path / "words.xz")
