"""The spotter's targets and decoding belong together: what a page asks for reads as the page, at any size and angle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.document import Block, Char, Line, Page, Word
from ocr.models.codec import default_alphabet
from ocr.models.end2end.assemble import assemble_line
from ocr.models.end2end.characters import NONE, NOT_TOLD, UNKNOWN, Characters, characters_of
from ocr.models.end2end.linking import link_lines, successors
from ocr.models.end2end.neighbours import Indices, near_pairs
from ocr.models.end2end.reading_config import LinkConfig, SpotConfig
from ocr.models.end2end.spotter_config import CELL, TargetConfig
from ocr.models.end2end.spotter_decode import Answers, Name, decode_spots, named
from ocr.models.end2end.spotter_targets import LINK_END, LINK_NEXT, LINK_SPACE, LINK_UNKNOWN, spotter_batch
from ocr.polygon import from_box

ALPHABET = default_alphabet()
TEXTS = ("Total 12.50 (EUR)", "ill-fitting fillings", "한글 문서를 읽는다", "Größe: übel, É.")
SIZE = 640


def page_of(texts: tuple[str, ...] = TEXTS, height: float = 20.0, left: float = 200.0, top: float = 250.0) -> Page:
    """Lines of fixed advances, narrow letters at half of them, one under the other."""
    lines = []
    for number, text in enumerate(texts):
        y, x = top + number * 1.4 * height, left
        words: list[Word] = []
        for word in text.split():
            chars = []
            for letter in word:
                advance = height * (0.9 if "가" <= letter <= "힣" else 0.25 if letter in "il.,:()" else 0.5)
                chars.append(Char(letter, from_box(x + 0.1 * advance, y + 2, x + 0.9 * advance, y + height - 4)))
                x += advance
            box = from_box(chars[0].polygon[0][0], y, chars[-1].polygon[1][0], y + height)
            words.append(Word(word, box, chars=tuple(chars)))
            x += 0.35 * height
        lines.append(Line(text, from_box(left, y, x, y + height), words=tuple(words)))
    return Page(1, SIZE, SIZE, (Block(tuple(lines)),))


def turned(characters: Characters, degrees: float) -> Characters:
    """About the middle of the page, clockwise."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    linear = np.array([[cosine, -sine], [sine, cosine]])
    middle = np.array([SIZE / 2, SIZE / 2])
    return characters.moved(np.concatenate([linear, (middle - linear @ middle)[:, None]], axis=1))


def answers_of(characters: Characters, config: TargetConfig) -> Answers:
    """What a network that makes no mistake says, every cell about a character's core included."""
    blank = np.zeros((SIZE, SIZE, 3), np.uint8)
    batch = spotter_batch([(blank, characters)], config)
    cells = batch["cells"]
    presence = np.clip(batch["presence"][0, 0][cells[:, 1], cells[:, 2]], 1e-3, 1 - 1e-3)
    links = np.eye(3)[np.maximum(batch["links"], 0)] * 9
    maps = np.concatenate([np.log(presence / (1 - presence))[:, None], batch["geometry"], links], axis=1)
    symbols = np.maximum(batch["symbols"], 0)
    features = np.zeros((len(cells), 2), np.float32)
    return cells[:, 1:], maps.astype(np.float32), np.eye(ALPHABET.classes, dtype=np.float32)[symbols], features


def read(answers: Answers) -> list[str]:
    spots = decode_spots([answers], SpotConfig())
    lines = [
        assemble_line(spots, line, ALPHABET, (SIZE, SIZE), LinkConfig()) for line in link_lines(spots, LinkConfig())
    ]
    return sorted(line.text for line in lines if line)


@pytest.mark.parametrize("degrees", [0, 15, 45, 90, 137, 180, 270])
@pytest.mark.parametrize("height", [20.0, 26.0, 48.0])
def test_targets_decode_to_the_text_at_any_angle(degrees: float, height: float) -> None:
    lefts = 60.0 if height > 40 else 200.0
    characters = turned(characters_of(page_of(height=height, left=lefts), ALPHABET), degrees)
    assert read(answers_of(characters, TargetConfig())) == sorted(TEXTS)


def test_boxes_come_back_where_they_were() -> None:
    page = page_of(height=24)
    spots = decode_spots([answers_of(characters_of(page, ALPHABET), TargetConfig())], SpotConfig())
    lines = [
        assemble_line(spots, line, ALPHABET, (SIZE, SIZE), LinkConfig()) for line in link_lines(spots, LinkConfig())
    ]
    found = {line.text: line for line in lines if line}
    for line in page.lines:
        for mine, own in zip(found[line.text].words, line.words, strict=True):
            assert np.allclose(mine.polygon, own.polygon, atol=1.0)
            assert len(mine.chars) == len(own.chars)


def test_every_wanted_character_has_its_cell() -> None:
    characters = characters_of(page_of(), ALPHABET)
    batch = spotter_batch([(np.zeros((SIZE, SIZE, 3), np.uint8), characters)], TargetConfig())
    assert (batch["presence"] == 1).sum() == len(characters.centres)
    own = batch["presence"][0, 0][batch["cells"][:, 1], batch["cells"][:, 2]] == 1
    centres = (batch["cells"][own][:, [2, 1]] + 0.5 + batch["geometry"][own][:, :2]) * CELL
    nearest = np.linalg.norm(centres[:, None] - characters.centres[None], axis=2).min(axis=1)
    assert nearest.max() < 1e-3
    assert np.abs(batch["geometry"][own][:, :2]).max() <= 0.5 + 1e-6


def test_links_tell_spaces_line_ends_and_what_leaves_the_picture() -> None:
    characters = characters_of(page_of(("ab c",), left=300), ALPHABET)
    blank = np.zeros((SIZE, SIZE, 3), np.uint8)
    batch = spotter_batch([(blank, characters)], TargetConfig())
    own = batch["presence"][0, 0][batch["cells"][:, 1], batch["cells"][:, 2]] == 1
    order = np.argsort(batch["cells"][own][:, 2])
    assert batch["links"][own][order].tolist() == [LINK_NEXT, LINK_SPACE, LINK_END]
    shifted = characters.moved(np.array([[1.0, 0, SIZE - 305 - 12.0], [0, 1, 0]]))  # c falls off the right edge
    batch = spotter_batch([(blank, shifted)], TargetConfig())
    assert LINK_UNKNOWN in batch["links"]
    assert LINK_END not in batch["links"]


def test_unreadable_and_ignored_text_counts_neither_way() -> None:
    page = page_of(("tiny", "fine"), height=20)
    small, fine = page.lines
    ignored = Page(1, SIZE, SIZE, (Block((replace(small, ignore=True), fine)),))
    batch = spotter_batch([(np.zeros((SIZE, SIZE, 3), np.uint8), characters_of(ignored, ALPHABET))], TargetConfig())
    assert (batch["presence"] == 1).sum() == len("fine")
    rows, columns = np.nonzero(batch["weights"][0, 0] == 0)
    assert rows.size
    box = np.array(small.polygon) / CELL
    assert rows.min() >= box[:, 1].min() - 1 and rows.max() <= box[:, 1].max() + 1
    assert columns.min() >= box[:, 0].min() - 1 and columns.max() <= box[:, 0].max() + 1
    characters = characters_of(page_of(("tiny",), height=6), ALPHABET)
    batch = spotter_batch([(np.zeros((SIZE, SIZE, 3), np.uint8), characters)], TargetConfig())
    assert batch["presence"].max() == 0 and (batch["weights"] == 0).any() and len(batch["cells"]) == 0


def test_characters_take_base_and_attachments() -> None:
    characters = characters_of(page_of(("aé한ế\u4e00",)), ALPHABET)
    parts = [[ALPHABET.symbol(s) if s > 0 else "" for s in row] for row in characters.symbols.tolist()]
    assert parts[:4] == [["a", "", ""], ["e", "\u0301", ""], ["ᄒ", "ᅡ", "ᆫ"], ["e", "\u0302", "\u0301"]]
    assert (characters.symbols[4] == UNKNOWN).all()  # a character that the alphabet lacks is there all the same


def test_a_blank_page_has_no_targets_and_no_answers() -> None:
    batch = spotter_batch([(np.zeros((64, 96, 3), np.uint8), characters_of(Page(1, 96, 64), ALPHABET))], TargetConfig())
    assert batch["presence"].shape == (1, 1, 16, 24)
    assert batch["presence"].max() == 0 and batch["weights"].min() == 1 and len(batch["cells"]) == 0
    nothing: Answers = (
        np.zeros((0, 2), np.int64), np.zeros((0, 12), np.float32), np.zeros((0, 3, 5), np.float32),
        np.zeros((0, 4), np.float32),
    )  # fmt: skip
    assert len(decode_spots([nothing], SpotConfig())) == 0
    assert link_lines(decode_spots([nothing], SpotConfig()), LinkConfig()) == []


def test_a_second_answer_about_the_same_character_gives_way() -> None:
    answers = answers_of(characters_of(page_of(("mill",)), ALPHABET), TargetConfig())
    cells, maps, probabilities, features = (np.concatenate([a, a]) for a in answers)
    maps[len(maps) // 2 :, 0] = -0.9
    maps[len(maps) // 2 :, 1] += 0.1
    assert read((cells, maps, probabilities, features)) == ["mill"]
    asked: list[int] = []

    def name(which: Indices) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        asked.extend(which.tolist())
        return probabilities[which], features[which]

    first, second = named(cells, maps, name, SpotConfig(), (0.0, 200.0))
    assert len(asked) < len(cells) and max(asked) < len(maps) // 2, "only cells that have a vote are named"
    assert sum(len(told[0]) for told in (first, second)) == len(asked)
    assert read(first) == ["mill"]


def test_characters_of_other_heights_are_not_named() -> None:
    cells, maps, *told = answers_of(characters_of(page_of(("mill",), height=24), ALPHABET), TargetConfig())

    def count(cells: NDArray[np.int64], maps: NDArray[np.float32], *heights: float) -> int:
        """Characters that are named."""
        name: Name = lambda which: (told[0][which], told[1][which])  # noqa: E731
        return len(named(cells, maps, name, SpotConfig(), (heights[0], heights[1]))[0][0])

    assert count(cells, maps, 0.0, 48.0) == 4
    assert count(cells, maps, 48.0, np.inf) == count(cells[:0], maps[:0], 0.0, np.inf) == 0


def test_no_character_follows_two() -> None:
    characters = characters_of(page_of(), ALPHABET)
    answers = answers_of(characters, TargetConfig())
    rng = np.random.default_rng(0)
    answers[1][:, 7:9] += rng.normal(0, 0.3, (len(answers[1]), 2)).astype(np.float32)  # careless links
    spots = decode_spots([answers], SpotConfig())
    following = successors(spots, LinkConfig())
    linked = following[following >= 0]
    assert len(set(linked.tolist())) == len(linked)
    lines = link_lines(spots, LinkConfig())
    assert sorted(np.concatenate(lines).tolist()) == list(range(len(spots)))


def test_near_pairs_are_all_that_a_full_search_finds() -> None:
    rng = np.random.default_rng(1)
    points, others = rng.uniform(0, 100, (60, 2)), rng.uniform(-10, 110, (80, 2))
    found = set(zip(*(i.tolist() for i in near_pairs(points, others, 9.0)), strict=True))
    away = np.abs(points[:, None] - others[None]).max(axis=2)
    assert set(zip(*(i.tolist() for i in np.nonzero(away <= 9)), strict=True)) <= found
    assert all(away[i, j] <= 18 for i, j in found)


def test_text_in_one_picture_may_run_in_many_directions() -> None:
    answers = []
    for text, degrees in zip(TEXTS, (0, 90, 180, 270), strict=True):
        line = characters_of(page_of((text,), height=22, top=90), ALPHABET)
        answers.append(answers_of(turned(line, degrees), TargetConfig()))
    cells, maps, probabilities, features = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    assert read((cells, maps, probabilities, features)) == sorted(TEXTS)


def test_a_word_without_characters_is_left_alone_and_its_line_goes_on() -> None:
    (line,) = page_of(("one two three",)).lines
    first, second, third = line.words
    partial = replace(line, words=(first, replace(second, chars=()), third))
    characters = characters_of(Page(1, SIZE, SIZE, (Block((partial,)),)), ALPHABET)
    assert len(characters.centres) == len("onethree")
    assert characters.following.tolist() == [1, 2, NOT_TOLD, 4, 5, 6, 7, NONE]
    assert len(characters.ignored) == 1
    assert np.allclose(characters.ignored[0], second.polygon)


def test_a_full_stop_that_nobody_foretold_is_read_before_what_follows_it() -> None:
    spelt = characters_of(page_of(("end. Go",), height=24), ALPHABET)
    cells, maps, probabilities, features = answers_of(spelt, TargetConfig())
    classes = probabilities[:, 0].argmax(axis=1)
    before = classes == ALPHABET.encode("d")[0]
    maps[before, 7] += 0.75  # names the place of the G, behind the stop
    maps[before, 9:12] = 0, 0, 9  # and a space before it
    assert read((cells, maps, probabilities, features)) == ["end. Go"]


def test_lines_of_very_different_sizes_are_linked_side_by_side() -> None:
    small = answers_of(characters_of(page_of(("small print",), height=18, left=40, top=20), ALPHABET), TargetConfig())
    large = answers_of(characters_of(page_of(("BIG",), height=75, left=60, top=100), ALPHABET), TargetConfig())
    both = (np.concatenate([small[i], large[i]]) for i in range(4))
    assert read(tuple(both)) == ["BIG", "small print"]  # type: ignore[arg-type]
