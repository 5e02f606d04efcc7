"""Lines as the spotter finds them in training: whom each found character stands for, and what its line should say."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parent))

from test_spotter_targets import ALPHABET, SIZE, TEXTS, answers_of, page_of

from ocr.models.end2end.assemble import assemble_line
from ocr.models.end2end.characters import UNKNOWN, character_text, characters_of
from ocr.models.end2end.found_lines import (
    TARGETS,
    FoundLines,
    Labelled,
    found_batch,
    found_lines,
    labelled_characters,
    links_between,
    owners,
)
from ocr.models.end2end.linking import link_lines
from ocr.models.end2end.reading_config import LinkConfig, SpotConfig
from ocr.models.end2end.spotter_config import CELL, TargetConfig
from ocr.models.end2end.spotter_decode import Answers, decode_spots, raw_spots
from ocr.models.end2end.spotter_targets import LINK_NEXT, LINK_SPACE, LINK_UNKNOWN, spotter_batch

BLANK = np.zeros((SIZE, SIZE, 3), np.uint8)


def targets_of(texts: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    batch = spotter_batch([(BLANK, characters_of(page_of(texts, height=24), ALPHABET))], TargetConfig())
    return {name: batch[name] for name in TARGETS}


def own_answers(texts: tuple[str, ...]) -> Answers:
    """A network's that makes no mistake, only each character's own cell."""
    cells, maps, probabilities, features = answers_of(
        characters_of(page_of(texts, height=24), ALPHABET), TargetConfig()
    )
    own = maps[:, 0] > 4
    return cells[own], maps[own], probabilities[own], features[own]


def with_another(answers: Answers, number: int, shift: float, presence: float = 0.0) -> Answers:
    """The answers, and that of one character once more, so many px further on and less sure of being there."""
    cells, maps, probabilities, features = (np.concatenate([array, array[number : number + 1]]) for array in answers)
    maps[-1, 0], maps[-1, 1] = presence, maps[-1, 1] + shift / CELL
    return cells, maps, probabilities, features


def found(answers: Answers, texts: tuple[str, ...], weight: float = 1.0) -> FoundLines:
    targets = targets_of(texts)
    weights = np.full((SIZE // CELL, SIZE // CELL), weight, np.float32)
    return found_lines(answers, labelled_characters(targets, 0), weights, SpotConfig(), LinkConfig())


def spelt(lines: FoundLines) -> list[str]:
    """What the found lines should be read as."""
    texts = []
    for line in lines.lines:
        letters = ""
        for number in line.tolist():
            letters += character_text(lines.symbols[number].tolist(), ALPHABET)
            letters += " " if lines.links[number] == LINK_SPACE else ""
        texts.append(letters)
    return sorted(texts)


def test_lines_found_without_mistakes_are_told_as_they_are_labelled() -> None:
    lines = found(own_answers(TEXTS), TEXTS)
    assert spelt(lines) == sorted(TEXTS)
    ends = [line[-1] for line in lines.lines]
    assert (lines.links[ends] == LINK_UNKNOWN).all() and (lines.links == LINK_UNKNOWN).sum() == len(TEXTS)


def test_what_was_found_twice_is_no_character_and_hides_no_space() -> None:
    texts = ("mew made",)
    answers = own_answers(texts)
    last_of_word = 2  # the "w", of whose right half something else is made
    twice = with_another(answers, last_of_word, 8.0)
    twice[2][-1, 0] = np.eye(ALPHABET.classes)[ALPHABET.encode("i")[0]]
    lines = found(twice, texts)
    assert len(lines.kept) == len(answers[0]) + 1 and spelt(lines) == ["mew made"]
    assert (lines.symbols[:, 0] == 0).sum() == 1


def test_of_two_on_one_character_the_surer_stands_for_it() -> None:
    texts = ("mew",)
    answers = own_answers(texts)
    answers[1][2, 0] = -0.5  # the last one: no next character says how wide it may be
    twice = with_another(answers, 2, 4.6, presence=3.0)
    twice[2][-1, 0] = np.eye(ALPHABET.classes)[ALPHABET.encode("i")[0]]
    lines = found(twice, texts)
    assert lines.kept[lines.symbols[:, 0] == 0].tolist() == [2]


def test_what_is_found_where_nobody_asks_teaches_nothing() -> None:
    answers = own_answers(("ab", "cd"))
    lines = found(answers, ("ab",), weight=0.0)
    unlabelled = (lines.symbols == UNKNOWN).all(axis=1)
    assert unlabelled.sum() == 2 and spelt(replace(lines, lines=lines.lines[:1])) == ["ab"]
    assert (found(answers, ("ab",)).symbols[unlabelled] == 0).all()


def test_a_space_is_told_across_a_missed_character() -> None:
    texts = ("ab cd",)
    cells, maps, probabilities, features = own_answers(texts)
    kept = np.array([0, 2, 3])  # the b was not found
    maps[0, 7] *= 2  # and the a points beyond it
    lines = found((cells[kept], maps[kept], probabilities[kept], features[kept]), texts)
    assert spelt(lines) == ["a cd"]


def test_pages_of_a_batch_are_told_apart() -> None:
    pages = [characters_of(page_of(texts, height=24), ALPHABET) for texts in (("ab cd",), ("xyz", "uvw"))]
    batch = spotter_batch([(BLANK, page) for page in pages], TargetConfig())
    parts = [own_answers(("ab cd",)), own_answers(("xyz", "uvw"))]
    cells = np.concatenate([np.insert(part[0], 0, number, axis=1) for number, part in enumerate(parts)])
    answers = cells, *(np.concatenate(arrays) for arrays in list(zip(*parts, strict=True))[1:])
    told = found_batch(answers, {name: batch[name] for name in TARGETS}, SpotConfig(), LinkConfig())
    texts = {}
    for chain in told["found_chains"]:
        chain = chain[chain >= 0]
        (page,) = set(told["found"][chain, 0].tolist())
        text = "".join(character_text(symbols, ALPHABET) for symbols in told["found_symbols"][chain].tolist())
        texts[text] = page
    assert texts == {"abcd": 0, "xyz": 1, "uvw": 1}
    nothing = tuple(array[:0] for array in answers)
    empty = found_batch(nothing, {name: batch[name] for name in TARGETS}, SpotConfig(), LinkConfig())
    assert empty["found"].shape == (0, 3) and empty["found_chains"].size == 0


def test_what_is_no_character_is_not_written() -> None:
    spots = decode_spots(
        [answers_of(characters_of(page_of(("Say it",), height=24), ALPHABET), TargetConfig())], SpotConfig()
    )
    (line,) = link_lines(spots, LinkConfig())
    symbols = spots.symbols.copy()
    symbols[line[2]] = 0  # the y, after which the space comes
    links = spots.links.copy()
    links[line[1]] = links[line[2]]
    told = assemble_line(replace(spots, symbols=symbols, links=links), line, ALPHABET, (SIZE, SIZE), LinkConfig())
    assert told is not None and told.text == "Sa it"
    assert [len(word.chars) for word in told.words] == [2, 2]
    nothing = replace(spots, symbols=np.zeros_like(symbols))
    assert assemble_line(nothing, line, ALPHABET, (SIZE, SIZE), LinkConfig()) is None


def test_spaces_are_doubted() -> None:
    cells, maps, probabilities, features = own_answers(("ab cd e",))
    maps[1, 9:12] = np.log([0.01, 0.39, 0.6])  # after the b a space, perhaps
    maps[2, 9:12] = np.log([0.01, 0.9, 0.09])  # after the c none, perhaps
    spots = decode_spots([(cells, maps, probabilities, features)], SpotConfig(alternatives=True))
    (linked,) = link_lines(spots, LinkConfig())
    line = assemble_line(spots, linked, ALPHABET, (SIZE, SIZE), LinkConfig(), doubting=True)
    assert line is not None and line.text == "ab cd e"
    places = [(doubt.start, doubt.stop, [text for text, _ in doubt.readings]) for doubt in line.doubts]
    assert places == [(2, 3, [" ", ""]), (4, 4, ["", " "])]
    assert np.exp([value for _, value in line.doubts[0].readings]) == pytest.approx([0.606, 0.394], abs=1e-2)


def test_that_no_character_is_there_is_a_reading() -> None:
    cells, maps, probabilities, features = own_answers(("cart",))
    letter = ALPHABET.encode("r")[0]
    probabilities[2, 0] = 0
    probabilities[2, 0, [letter, 0]] = 0.6, 0.4
    spots = decode_spots([(cells, maps, probabilities, features)], SpotConfig(alternatives=True))
    (linked,) = link_lines(spots, LinkConfig())
    line = assemble_line(spots, linked, ALPHABET, (SIZE, SIZE), LinkConfig(), doubting=True)
    assert line is not None and line.text == "cart"
    (doubt,) = line.doubts
    assert (doubt.start, doubt.stop) == (2, 3) and [text for text, _ in doubt.readings[:2]] == ["r", ""]


def labelled(widths: list[float], chain: list[int], links: list[int]) -> Labelled:
    """Characters 20 px high, one every 20 px."""
    count = len(widths)
    centres = np.stack([20.0 * np.arange(count) + 50, np.full(count, 50.0)], axis=1)
    return Labelled(
        centres, np.full(count, 20.0), np.array(widths), np.tile([1.0, 0.0], (count, 1)),
        np.ones((count, 3), np.int64), np.array(links), np.array(chain),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("shift", "owner"),
    [((4.5, 0), 0), ((5.5, 0), -1), ((0, 6.5), 0), ((0, 7.5), -1), ((20 + 2.5, 0), 1), ((20 + 3.5, 0), -1)],
)
def test_how_near_a_found_character_must_be(shift: tuple[float, float], owner: int) -> None:
    """A wide letter reaches half of its width, a narrow one a seventh of its height; a third of it across the line."""
    marked = labelled([10.0, 2.0], [0, 0], [LINK_NEXT, LINK_UNKNOWN])
    spots = replace(raw_spots(own_answers(("a",))), centres=marked.centres[:1] + shift)
    assert owners(spots, marked).tolist() == [owner]


@pytest.mark.parametrize(
    ("chain", "links", "found", "told"),
    [
        ([0, 0, 0], [LINK_NEXT, LINK_SPACE, LINK_UNKNOWN], [0, 1, 2], [LINK_NEXT, LINK_SPACE, LINK_UNKNOWN]),
        ([0, 0, 1], [LINK_NEXT, LINK_NEXT, LINK_NEXT], [0, 1, 2], [LINK_NEXT, LINK_UNKNOWN, LINK_UNKNOWN]),
        ([0, 0, 0], [LINK_UNKNOWN, LINK_NEXT, LINK_NEXT], [0, 2], [LINK_UNKNOWN, LINK_UNKNOWN]),
        ([0, 0, 0], [LINK_NEXT, LINK_NEXT, LINK_NEXT], [1, 0, 2], [LINK_UNKNOWN, LINK_NEXT, LINK_UNKNOWN]),
        ([0, 0, 0], [LINK_SPACE, LINK_NEXT, LINK_NEXT], [0, -1, 2], [LINK_SPACE, LINK_UNKNOWN, LINK_UNKNOWN]),
    ],
)
def test_links_are_taught_along_one_labelled_line_only(
    chain: list[int], links: list[int], found: list[int], told: list[int]
) -> None:
    """Across two lines, over a gap that nobody labelled, and backwards nothing is taught; over what is none it is."""
    line = np.arange(len(found), dtype=np.intp)
    assert links_between([line], np.array(found), labelled([10.0] * 3, chain, links)).tolist() == told
