"""What else the spotter's characters may be: the likeliest of its classes, at the right places of the line."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))

from test_spotter_targets import ALPHABET, SIZE, TEXTS, answers_of, page_of

from ocr.models.end2end.alternatives import COUNT, likeliest
from ocr.models.end2end.assemble import assemble_line
from ocr.models.end2end.characters import characters_of
from ocr.models.end2end.linking import link_lines
from ocr.models.end2end.reader import End2EndReader, ReadingSettings
from ocr.models.end2end.reading_config import LinkConfig, SpotConfig
from ocr.models.end2end.spotter_config import TargetConfig
from ocr.models.end2end.spotter_decode import Network, decode_spots
from ocr.models.interface import DoubtingReader


def test_the_likeliest_combinations_come_first() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.full(9, 0.3), (5, 3)).astype(np.float32)
    symbols, scores = likeliest(probabilities)
    assert symbols.shape == (5, COUNT, 3) and scores.shape == (5, COUNT)
    for row in range(5):
        every = {
            c: float(np.prod([probabilities[row, s, c[s]] for s in range(3)]))
            for c in itertools.product(range(9), repeat=3)
        }
        best = max(every, key=every.__getitem__)
        assert tuple(symbols[row, 0]) == best
        assert np.exp(scores[row]) == pytest.approx(
            [every[tuple(c)] for c in symbols[row].tolist()], rel=1e-4, abs=1e-5
        )
        assert (np.diff(scores[row]) <= 0).all()
    assert likeliest(np.zeros((0, 3, 9), np.float32))[0].shape == (0, COUNT, 3)


def test_doubts_name_their_places_and_what_the_line_says_comes_first() -> None:
    cells, maps, probabilities, features = answers_of(characters_of(page_of(height=24), ALPHABET), TargetConfig())
    wanted, other = (ALPHABET.encode(letter)[0] for letter in "fl")
    unsure = probabilities[:, 0].argmax(axis=1) == wanted  # every f of "ill-fitting fillings" may be an l
    probabilities[unsure, 0, wanted], probabilities[unsure, 0, other] = 0.7, 0.3
    spots = decode_spots([(cells, maps, probabilities, features)], SpotConfig(alternatives=True))
    link = LinkConfig()
    linked = link_lines(spots, link)
    lines = [assemble_line(spots, line, ALPHABET, (SIZE, SIZE), link, doubting=True) for line in linked]
    found = {line.text: line.doubts for line in lines if line}
    assert sorted(found) == sorted(TEXTS)
    for text, doubts in found.items():
        assert [(doubt.start, doubt.stop) for doubt in doubts] == [(i, i + 1) for i, c in enumerate(text) if c == "f"]
        for doubt in doubts:
            assert [reading for reading, _ in doubt.readings[:2]] == ["f", "l"]
            assert np.exp([value for _, value in doubt.readings[:2]]) == pytest.approx([0.7, 0.3], abs=1e-3)
    plain = [assemble_line(spots, line, ALPHABET, (SIZE, SIZE), link) for line in linked]
    assert not any(line.doubts for line in plain if line)


def test_the_reader_tells_doubts_when_it_is_asked_to() -> None:
    cells, maps, probabilities, features = answers_of(characters_of(page_of(height=24), ALPHABET), TargetConfig())
    probabilities = 0.8 * probabilities + 0.2 / probabilities.shape[2]
    network: Network = lambda image: (cells, maps, lambda which: (probabilities[which], features[which]))  # noqa: E731
    reader = End2EndReader(network, ALPHABET, ReadingSettings())
    assert isinstance(reader, DoubtingReader)
    image = np.full((SIZE, SIZE, 3), 255, np.uint8)
    (plain,), (told,) = reader.predict([image]), reader.with_alternatives().predict([image])
    assert plain.text == told.text and not any(line.doubts for line in plain.lines)
    (line,) = reader.with_alternatives().read_lines([image[:30]])
    for each in (*told.lines, line):
        assert not each.text or each.doubts
        assert all(each.text[doubt.start : doubt.stop] == doubt.readings[0][0] for doubt in each.doubts)
