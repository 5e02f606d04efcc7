"""Character n-grams: probabilities that sum to one, files that keep them, texts that they prefer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ocr.correct.build_ngrams import NgramSettings, build_ngrams
from ocr.correct.ngram import CharacterNgrams, save_tables
from ocr.errors import ModelError
from ocr.models.file_hashes import save_hash

SENTENCES = ("the clock on the wall stopped at noon", "한국어 문장도 조금 있다", "she walked to the old clock tower")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    (folder / "en").mkdir()
    lines = [f"{SENTENCES[i % 3]} {i}" for i in range(300)]
    (folder / "en" / "some.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def model(corpus: Path) -> CharacterNgrams:
    return build_ngrams([corpus], NgramSettings(order=5, fewest=2, least_gain=0.5, records=0.0))


def test_probabilities_of_all_next_characters_sum_to_one(model: CharacterNgrams) -> None:
    characters = sorted(set("".join(SENTENCES) + "0123456789\n"))
    for context in ("the ", "the clo", "한국", "zq"):
        total = float(np.exp(model.score(characters, [context] * len(characters))).sum())
        assert total == pytest.approx(1, abs=0.2), context  # logarithms are stored in quarters


def test_what_was_seen_is_more_likely(model: CharacterNgrams) -> None:
    right, wrong = model.score(["clock", "cleck"], ["the "] * 2)
    assert right > wrong + 3
    right, wrong = model.score(["문장", "문잠"], ["한국어 "] * 2)
    assert right > wrong + 3


def test_digits_are_alike_and_records_known(corpus: Path) -> None:
    model = build_ngrams([corpus], NgramSettings(order=5, fewest=2, least_gain=0.5, records=20.0))
    texts = ["12.50", "98.73", "12 50", "l2.50"]
    first, second, spaced, letter = model.score(texts, ["total: "] * 4)
    assert first == pytest.approx(second) and first > spaced and first > letter + 2


def test_a_text_in_parts_is_as_likely_as_whole(model: CharacterNgrams) -> None:
    whole = model.score(["clock tower"], ["the old "])[0]
    parts = model.score(["clock", " tower"], ["the old ", "the old clock"])
    assert whole == pytest.approx(float(parts.sum()))


def test_batches_do_not_matter(model: CharacterNgrams) -> None:
    texts, contexts = ["clock", "", "x", "벽"], ["the ", "a", "", "한국어 "]
    alone = [float(model.score([text], [context])[0]) for text, context in zip(texts, contexts, strict=True)]
    assert model.score(texts, contexts).tolist() == pytest.approx(alone)


def test_a_file_keeps_the_model(model: CharacterNgrams, tmp_path: Path) -> None:
    model.save(tmp_path / "ngrams.xz")
    again = CharacterNgrams.load(tmp_path / "ngrams.xz")
    assert again.order == model.order
    assert again.score(["the clock"], [" "])[0] == model.score(["the clock"], [" "])[0]


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "ngrams.xz").write_bytes(b"\xfd7zXZ cut")
    with pytest.raises(ModelError, match="ocr lexicon ngrams"):
        CharacterNgrams.load(tmp_path / "ngrams.xz")


def test_a_file_of_before_digits_were_alike_is_told(model: CharacterNgrams, tmp_path: Path) -> None:
    save_tables(tmp_path / "ngrams.xz", {"ngrams1": model.ngrams[0], "contexts1": model.contexts[0]})
    with pytest.raises(ModelError, match="earlier version; build them with ocr lexicon ngrams"):
        CharacterNgrams.load(tmp_path / "ngrams.xz")


def test_a_flipped_bit_is_told_by_the_hash(model: CharacterNgrams, tmp_path: Path) -> None:
    path = tmp_path / "ngrams.xz"
    model.save(path)
    save_hash(path)
    CharacterNgrams.load(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ModelError, match=r"ngrams.xz is damaged: .*hashes.json.*ocr lexicon ngrams"):
        CharacterNgrams.load(path)
