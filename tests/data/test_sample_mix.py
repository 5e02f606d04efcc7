"""Several sets as one sequence, drawn by their sizes or by weights."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ocr.data.sample_mix import SampleMix, as_mix
from ocr.data.samples import Sample
from ocr.errors import UsageError


def crops(name: str, count: int) -> list[Sample]:
    return [Sample(Path(f"{name}{number}.png"), text=f"{name}{number}") for number in range(count)]


def texts(samples: object) -> list[str | None]:
    return [sample.text for sample in samples]  # type: ignore[attr-defined]


def test_positions_run_through_all_sets() -> None:
    mix = SampleMix([crops("a", 2), [], crops("b", 3)])
    assert texts(mix) == [mix[position].text for position in range(5)] == ["a0", "a1", "b0", "b1", "b2"]
    assert mix[-1].text == "b2" and texts(mix[1:3]) == ["a1", "b0"] and len(SampleMix([])) == 0
    with pytest.raises(IndexError):
        mix[5]
    part = mix.chosen([1, 2, 4], lambda sample: replace(sample, lang="en"))
    assert texts(part) == ["a1", "b0", "b2"] and [len(some) for some in part.sets] == [1, 0, 2]
    assert all(sample.lang == "en" for sample in part)


def test_without_weights_every_sample_is_drawn_as_often() -> None:
    mix = SampleMix([crops("a", 1), crops("b", 9)])
    rng, same = np.random.default_rng(3), np.random.default_rng(3)
    assert [mix.draw(rng) for _ in range(50)] == [int(same.integers(10)) for _ in range(50)]


def test_sets_are_drawn_by_weight_whatever_their_size() -> None:
    mix = SampleMix([crops("a", 2), crops("b", 500), crops("c", 1)], [3, 1, 0])
    rng = np.random.default_rng(0)
    drawn = Counter(str(mix[mix.draw(rng)].text)[0] for _ in range(4000))
    assert drawn["a"] / 4000 == pytest.approx(0.75, abs=0.03) and drawn["c"] == 0
    left = mix.keep(lambda sample: not str(sample.text).startswith("a"))
    assert {str(left[left.draw(rng)].text)[0] for _ in range(100)} == {"b"}, "an empty set is passed over"
    with pytest.raises(UsageError, match="no set with a weight above 0"):
        mix.keep(lambda sample: sample.text == "c0").draw(rng)


@pytest.mark.parametrize("weights", [[1], [1, 2, 3], [0, 0], [1, -1], [1, float("nan")], [1, float("inf")]])
def test_weights_that_do_not_fit_are_errors(weights: list[float]) -> None:
    with pytest.raises(UsageError, match=r"data\.weights"):
        SampleMix([crops("a", 1), crops("b", 1)], weights)


def test_a_list_is_a_mix_of_one_set() -> None:
    mix = as_mix(crops("a", 3))
    assert as_mix(mix) is mix and texts(mix) == ["a0", "a1", "a2"]


def test_training_draws_its_sets_by_weight(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the training extra is not installed")
    from ocr.config import load_config
    from ocr.models.training_sets import training_samples

    for name, count in (("a", 2), ("b", 30)):
        (tmp_path / name).mkdir()
        rows = [f'{{"image": "{number}.png", "text": "{name}"}}' for number in range(count)]
        (tmp_path / name / "train.jsonl").write_text("\n".join(rows))
    sets = f"data.train=[{tmp_path / 'a'}, {tmp_path / 'b'}]"
    samples = training_samples(load_config(None, [sets, "data.weights=[3, 1]", "data.held_out=0"]).data)
    rng = np.random.default_rng(0)
    share = Counter(samples[samples.draw(rng)].text for _ in range(2000))["a"] / 2000
    assert share == pytest.approx(0.75, abs=0.04)
    with pytest.raises(UsageError, match="3 weights for 2 sets"):
        training_samples(load_config(None, [sets, "data.weights=[3, 1, 1]"]).data)


def test_lines_are_drawn_by_weight() -> None:
    pytest.importorskip("torch", reason="the training extra is not installed")
    from ocr.models.two_stage.drawn_lines import labelled_source

    def cut(some: object) -> list[tuple[np.ndarray, str]]:
        return [(np.full((32, 48), 200, np.uint8), str(sample.text)) for sample in some]  # type: ignore[attr-defined]

    rng = np.random.default_rng(0)
    for weights, share in (([3.0, 1.0], 0.75), ([], 2 / 52)):
        source = labelled_source(SampleMix([crops("a", 2), crops("b", 50)], weights), cut, 32, 960)
        assert source is not None
        drawn = Counter(source.draw(rng)[1][0] for _ in range(1500))
        assert drawn["a"] / 1500 == pytest.approx(share, abs=0.04)
