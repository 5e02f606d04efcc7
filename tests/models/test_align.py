"""Forced alignment against hand-made logits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ocr.models.codec import Alphabet
from ocr.models.two_stage.align import force_align, place_text

ALPHABET = Alphabet([*"abl ", "\u1112", "\u1161", "\u11ab"])


def logits_of(path: str, peak: float = 9.0) -> NDArray[np.float32]:
    """Logits whose best path is ``path``; ``-`` is the blank."""
    logits = np.zeros((len(path), ALPHABET.classes), np.float32)
    for row, symbol in zip(logits, path, strict=True):
        row[0 if symbol == "-" else ALPHABET.symbols.index(symbol) + 1] = peak
    return logits


def places(path: str, text: str) -> list[tuple[str, float, float]]:
    characters = place_text(logits_of(path), text, ALPHABET)
    assert characters is not None
    return [(c.text, c.start, c.stop) for c in characters]


def test_a_text_that_was_read_stands_where_it_was_read() -> None:
    assert places("-aa-l-l- b-", "all b") == [("a", 1, 3), ("l", 4, 5), ("l", 6, 7), (" ", 8, 9), ("b", 9, 10)]


def test_a_wrong_letter_takes_the_place_of_the_one_read() -> None:
    (_, middle, _) = places("-a--l--b-", "aab")
    assert middle == ("a", 4, 5)
    characters = place_text(logits_of("-a--l--b-"), "aab", ALPHABET)
    assert characters is not None and [c.confidence > 0.9 for c in characters] == [True, False, True]


def test_a_symbol_without_a_class_takes_what_is_seen_there() -> None:
    assert places("-a--l--b-", "a?b") == [("a", 1, 2), ("?", 4, 5), ("b", 7, 8)]


def test_a_syllable_spans_its_jamo() -> None:
    assert places("-\u1112-\u1161\u11ab--a", "한a") == [("한", 1, 5), ("a", 7, 8)]


def test_a_text_too_long_or_empty_has_no_place() -> None:
    assert place_text(logits_of("ab"), "aba", ALPHABET) is None
    assert place_text(logits_of("aa"), "aa", ALPHABET) is None  # a blank must come between
    assert place_text(logits_of("aa"), "", ALPHABET) is None


def test_no_path_is_likelier() -> None:
    rng = np.random.default_rng(0)
    scores = np.log(rng.dirichlet(np.ones(4), 6))
    spans = force_align(scores, [1, 2, 2])
    assert spans is not None
    best = -np.inf
    for path in np.ndindex(*(4,) * 6):
        collapsed = [s for i, s in enumerate(path) if s and (i == 0 or path[i - 1] != s)]
        if collapsed == [1, 2, 2]:
            best = max(best, float(scores[np.arange(6), path].sum()))
    own = np.zeros(6, int)
    for symbol, (start, stop) in zip([1, 2, 2], spans.tolist(), strict=True):
        own[start:stop] = symbol
    assert float(scores[np.arange(6), own].sum()) == best
