"""The likelihood of a line's text over all places of its characters, against counting every way by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from ocr.document import Line  # noqa: E402
from ocr.models.end2end.alignment_loss import SLACK, SLACK_SHARE, alignment_loss  # noqa: E402
from ocr.models.end2end.spotter_config import CELL  # noqa: E402
from ocr.models.end2end.text_lines import ROWS, TextLine, line_arrays, see  # noqa: E402
from ocr.polygon import from_box  # noqa: E402


def targets_of(texts: list[list[int]], steps: list[int], spans: list[tuple[float, float]]) -> dict[str, Tensor]:
    longest = max(map(len, texts))
    symbols = torch.zeros(len(texts), longest, 1, dtype=torch.int64)
    for i, text in enumerate(texts):
        symbols[i, : len(text), 0] = torch.tensor(text)
    return {
        "line_steps": torch.tensor(steps),
        "line_lengths": torch.tensor([len(text) for text in texts]),
        "line_symbols": symbols,
        "line_span": torch.tensor(spans),
    }


def counted(presence: np.ndarray, symbols: np.ndarray, text: list[int], span: tuple[float, float]) -> float:
    """Sum over every way to write a stretch of the text into the cells."""
    steps = len(presence)
    here = 1 / (1 + np.exp(-presence))
    likelihood = np.exp(symbols) / np.exp(symbols).sum(axis=1, keepdims=True)
    slack = SLACK + SLACK_SHARE * len(text)
    total = 0.0
    for start in range(len(text) + 1):
        for stop in range(start, len(text) + 1):
            prior = np.exp(-0.5 * (((start - span[0]) / slack) ** 2 + ((stop - span[1]) / slack) ** 2))
            for places in itertools.combinations(range(steps), stop - start):
                way = 1.0
                for step in range(steps):
                    if step in places:
                        way *= here[step] * likelihood[step, text[start + places.index(step)]]
                    else:
                        way *= 1 - here[step]
                total += prior * way
    return float(-np.log(total) / max(span[1] - span[0], 1))


def test_it_is_what_counting_every_way_gives() -> None:
    rng = np.random.default_rng(0)
    presence, symbols = rng.normal(0, 2, 6), rng.normal(0, 1, (6, 5))
    text, span = [1, 2, 1, 4], (0.4, 3.5)
    loss = alignment_loss(
        torch.tensor(presence)[None], torch.tensor(symbols)[None, :, None], targets_of([text], [6], [span])
    )
    assert loss.item() == pytest.approx(counted(presence, symbols, text, span), rel=1e-5)


def test_padding_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    presence, symbols = torch.tensor(rng.normal(0, 2, (2, 7))), torch.tensor(rng.normal(0, 1, (2, 7, 1, 5)))
    presence[1, 4:] = -9.0  # beyond the end of the shorter line
    both = alignment_loss(presence, symbols, targets_of([[1, 2, 3], [4, 2]], [7, 4], [(0, 3), (0, 2)]))
    first = alignment_loss(presence[:1], symbols[:1], targets_of([[1, 2, 3]], [7], [(0, 3)]))
    second = alignment_loss(presence[1:, :5], symbols[1:, :5], targets_of([[4, 2]], [4], [(0, 2)]))
    assert both.item() == pytest.approx((first.item() + second.item()) / 2, rel=1e-5)


def test_gradient_descent_writes_the_text_in_order() -> None:
    torch.manual_seed(0)
    presence = torch.randn(1, 12).requires_grad_()
    symbols = torch.randn(1, 12, 1, 6).requires_grad_()
    targets = targets_of([[3, 1, 2]], [12], [(0.0, 3.0)])
    optimizer = torch.optim.Adam([presence, symbols], lr=0.2)
    for _ in range(400):
        optimizer.zero_grad()
        alignment_loss(presence, symbols, targets).backward()
        optimizer.step()
    found = (presence[0] > 0).nonzero()[:, 0]
    assert symbols[0, found, 0].argmax(dim=1).tolist() == [3, 1, 2]


@pytest.mark.parametrize("turn", [0.0, 30.0, 90.0, 200.0])
def test_the_cells_of_a_line_follow_it_and_none_comes_twice(turn: float) -> None:
    line = TextLine.of(Line("x" * 20, from_box(60, 110, 260, 130)), np.ones((20, 3), np.int64))
    angle = np.radians(turn)
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([160.0, 160.0])
    moved = line.moved(np.concatenate([linear, (middle - linear @ middle)[:, None]], axis=1))
    seen = see(moved, (320, 320))
    assert seen is not None
    assert (seen.first, seen.last) == (0.0, 20.0)
    track = seen.cells[:, ROWS // 2]
    assert len(set(map(tuple, track.tolist()))) == len(track)
    ends = (track[[0, -1]][:, ::-1] + 0.5) * CELL
    assert np.linalg.norm(ends - moved.ends, axis=1).max() < 2 * CELL


def test_a_crop_that_shows_half_a_line_says_which_half() -> None:
    line = TextLine.of(Line("x" * 20, from_box(-100, 40, 100, 60)), np.ones((20, 3), np.int64))
    seen = see(line, (160, 320))
    assert seen is not None
    assert (seen.first, seen.last) == (10.0, 20.0)
    assert see(line, (160, 320)) is not None
    assert see(line.moved(np.array([[1.0, 0, -90], [0, 1, 0]])), (160, 320)) is None  # one letter left
    arrays = line_arrays([(1, seen, line)], 3)
    assert arrays["line_cells"].shape == (1, len(seen.cells), ROWS, 3)
    assert (arrays["line_cells"][..., 0] == 1).all()
    assert line_arrays([], 3)["line_cells"].size == 0
