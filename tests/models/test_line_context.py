"""Characters told once more along their line: chains of cells, shapes, the network, and what reading makes of it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
sys.path.append(str(Path(__file__).parent))

from test_spotter_targets import ALPHABET, SIZE, TEXTS, answers_of, page_of  # noqa: E402
from torch import Tensor  # noqa: E402

from ocr.models.end2end.characters import character_text, characters_of  # noqa: E402
from ocr.models.end2end.line_context import SHAPES, LineContext  # noqa: E402
from ocr.models.end2end.linking import link_lines, space_probability  # noqa: E402
from ocr.models.end2end.pipeline import End2End, along_chains, at_cells  # noqa: E402
from ocr.models.end2end.reading_config import LinkConfig, SpotConfig  # noqa: E402
from ocr.models.end2end.reread import AT_ONCE, FloatMap, batches, reread, shapes_of  # noqa: E402
from ocr.models.end2end.spotter import shapes_of as shapes_of_maps  # noqa: E402
from ocr.models.end2end.spotter_config import TargetConfig  # noqa: E402
from ocr.models.end2end.spotter_decode import decode_spots, raw_spots  # noqa: E402
from ocr.models.end2end.spotter_targets import spotter_batch  # noqa: E402


def lines_of_shapes(rng: np.random.Generator, lengths: list[int]) -> Tensor:
    """Shapes (L, T, 8) of lines of so many characters."""
    shapes = torch.zeros(len(lengths), max(lengths), SHAPES)
    for row, length in enumerate(lengths):
        shapes[row, :length, 0] = torch.from_numpy(10 * np.arange(length) + rng.uniform(0, 3, length))
        shapes[row, :length, 2:4] = torch.from_numpy(rng.uniform(8, 30, (length, 2)))
        shapes[row, :length, 4:] = torch.from_numpy(rng.uniform(0, 1, (length, 4)))
    return shapes


def test_chains_are_the_lines_of_a_page_in_reading_order() -> None:
    characters = characters_of(page_of(), ALPHABET)
    batch = spotter_batch([(np.zeros((SIZE, SIZE, 3), np.uint8), characters)] * 2, TargetConfig())
    chains = batch["chains"]
    spelt = []
    for chain in chains:
        cells = chain[chain >= 0]
        assert len({int(page) for page in batch["cells"][cells, 0]}) == 1
        page, row, column = batch["cells"][cells].T
        assert (batch["presence"][page, 0, row, column] == 1).all()  # each character's own cell
        spelt.append("".join(character_text(symbols, ALPHABET) for symbols in batch["symbols"][cells].tolist()))
    assert spelt == [text.replace(" ", "") for text in TEXTS] * 2


def test_a_crop_without_text_has_no_chains() -> None:
    empty = characters_of(page_of(()), ALPHABET)
    assert spotter_batch([(np.zeros((SIZE, SIZE, 3), np.uint8), empty)], TargetConfig())["chains"].shape == (0, 0)


def test_training_and_reading_tell_the_same_shapes() -> None:
    cells, maps, probabilities, features = answers_of(characters_of(page_of(), ALPHABET), TargetConfig())
    read = shapes_of(raw_spots((cells, maps, probabilities, features)))
    whole = torch.from_numpy(np.insert(cells, 0, 0, axis=1))
    assert shapes_of_maps(torch.from_numpy(maps), whole).numpy() == pytest.approx(read, rel=1e-4, abs=1e-4)


def test_values_are_put_along_chains_and_back() -> None:
    chains = torch.tensor([[2, 0, -1], [1, -1, -1]])
    values = torch.arange(6.0).reshape(3, 2) + 1
    assert along_chains(values, chains).tolist() == [[[5, 6], [1, 2], [0, 0]], [[3, 4], [0, 0], [0, 0]]]
    maps = torch.arange(48.0).reshape(1, 12, 2, 2)
    assert at_cells(maps, torch.tensor([[0, 1, 0]]))[0].tolist() == [2 + 4 * i for i in range(12)]


def test_what_stands_behind_a_line_does_not_change_it() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    context = LineContext(16, 24, 2).eval()
    torch.nn.init.normal_(context.change.weight)
    features, shapes = torch.randn(2, 9, 16), lines_of_shapes(rng, [9, 4])
    both, links = context(features, shapes)
    alone, alone_links = context(features[1:, :4], shapes[1:, :4])
    assert torch.allclose(both[1, :4], alone[0], atol=1e-5) and torch.allclose(links[1, :4], alone_links[0], atol=1e-5)
    turned = shapes.clone()
    turned[..., :2] = 3 * shapes[..., [1, 0]]  # the same line, downwards and three times as large
    turned[..., 2:4] *= 3
    assert torch.allclose(context(features, turned)[0], both, atol=1e-4)


def test_a_character_is_told_by_its_neighbours() -> None:
    """Two classes that look the same: the second stands behind the third, the first behind the fourth."""
    torch.manual_seed(0)
    context, name = LineContext(8, 24, 1), torch.nn.Linear(8, 4)
    looks = torch.randn(4, 8)
    looks[1] = looks[0]
    optimizer = torch.optim.AdamW([*context.parameters(), *name.parameters()], lr=5e-3)
    shapes = lines_of_shapes(np.random.default_rng(0), [12] * 16)
    for _ in range(60):
        before = torch.randint(2, 4, (16, 6))
        classes = torch.stack([before, 3 - before], dim=2).reshape(16, 12)
        logits = name(context(looks[classes], shapes)[0])
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), classes.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    context.eval()
    assert (name(context(looks[classes], shapes)[0]).argmax(dim=2) == classes).all()
    assert name(looks[0]).tolist() == name(looks[1]).tolist()


def test_a_new_context_leaves_features_nearly_as_they_are() -> None:
    context = LineContext(16, 24, 2).eval()
    features = torch.randn(1, 5, 16)
    changed, links = context(features, lines_of_shapes(np.random.default_rng(0), [5]))
    assert (changed - features).abs().max() < 0.05 and links.abs().max() < 0.05


def test_reading_takes_class_and_spaces_from_the_line() -> None:
    spots = decode_spots([answers_of(characters_of(page_of(), ALPHABET), TargetConfig())], SpotConfig())
    lines = link_lines(spots, LinkConfig())
    shown: list[tuple[int, int]] = []

    def context(features: FloatMap, shapes: FloatMap) -> tuple[FloatMap, FloatMap]:
        shown.append(features.shape[:2])
        symbols = np.full((*features.shape[:2], 3, ALPHABET.classes), 0.1, np.float32)
        symbols[..., 5] = 0.7
        return symbols, np.tile(np.array([0.1, 0.2, 0.7], np.float32), (*features.shape[:2], 1))

    told = reread(spots, lines, context, alternatives=False)
    assert (told.symbols == 5).all() and told.certainty == pytest.approx(0.7**3)
    assert (space_probability(told, lines[0]) > 0.7).all() and (space_probability(spots, lines[0]) < 0.1).any()
    assert told.options.shape == (len(spots), 1, 3) and sum(count for count, _ in shown) == len(lines)
    doubting = reread(spots, lines, context, alternatives=True)
    assert doubting.options.shape[1] > 1 and (doubting.options[:, 0] == 5).all()


def test_lines_are_batched_by_length_and_none_is_lost() -> None:
    rng = np.random.default_rng(0)
    lines = [np.arange(length, dtype=np.intp) for length in rng.integers(1, 200, 150).tolist()]
    seen = list(batches(lines))
    assert sorted(len(line) for batch in seen for line in batch) == sorted(len(line) for line in lines)
    assert all(len(batch) * max(len(line) for line in batch) <= AT_ONCE for batch in seen)
    assert list(batches([])) == []


def test_a_model_without_context_reads_too() -> None:
    from ocr.models.end2end.config import End2EndConfig
    from ocr.models.end2end.spotter_config import SpotterConfig

    config = End2EndConfig(spotter=SpotterConfig(stem=(4, 8, 8), width=16, depth=1, heads=2, hidden=16, context=0))
    pipeline = End2End(config, ALPHABET)
    (page,) = pipeline.predict([np.full((64, 64, 3), 255, np.uint8)])
    assert page.text == ""
    assert not any("context" in name for name, _ in pipeline.named_parameters())
