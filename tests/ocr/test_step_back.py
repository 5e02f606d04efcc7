"""How far back to its model a training's result may go: the rule, and weights part of the way."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from ocr.models.interpolation import interpolated  # noqa: E402
from ocr.models.trainable import Scores  # noqa: E402
from ocr.step_back import chosen_share, step_back  # noqa: E402


def scores(error: float, stock: float, symbols: int = 10000) -> Scores:
    own = {"a": (round(symbols * (1 - error)), symbols)}
    return Scores(error, {"cer/mine": error, "cer/stock": stock}, symbols={"mine": own, "stock": {"a": (0, 10**9)}})


BEFORE = scores(0.30, 0.04)


def test_what_training_won_is_kept_where_it_counts() -> None:
    found = {0.25: scores(0.22, 0.040), 0.5: scores(0.15, 0.041), 0.75: scores(0.10, 0.042), 1.0: scores(0.08, 0.043)}
    assert chosen_share(BEFORE, found, 0.5) == 1.0


def test_of_shares_that_own_data_cannot_tell_apart_that_of_the_lowest_stock_error_is_taken() -> None:
    found = {
        0.25: scores(0.05, 0.040),
        0.5: scores(0.0305, 0.041),
        0.75: scores(0.030, 0.042),
        1.0: scores(0.029, 0.043),
    }
    assert chosen_share(BEFORE, found, 0.5) == 0.5
    few = {share: scores(found[share].objective or 0.0, 0.04, symbols=100) for share in found}
    assert chosen_share(BEFORE, few, 0.5) == 0.5
    assert chosen_share(BEFORE, {**few, 0.25: scores(0.04, 0.04, 100)}, 0.5) == 0.25  # one error among 100


def test_the_stock_error_decides_before_the_size_of_the_share() -> None:
    found = {0.5: scores(0.0305, 0.042), 0.75: scores(0.030, 0.040), 1.0: scores(0.029, 0.041)}
    assert chosen_share(BEFORE, found, 0.5) == 0.75
    assert chosen_share(BEFORE, found | {1.0: scores(0.020, 0.041)}, 0.5) == 1.0  # own data can tell these apart
    assert chosen_share(BEFORE, found | {0.5: scores(0.0305, 0.040)}, 0.5) == 0.5


def test_without_own_validation_data_all_of_the_way_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    def judge(share: float) -> Scores:
        raise AssertionError("there is nothing to judge by")

    after = Scores(None, {"cer/stock": 0.06})
    assert step_back(Scores(None, {"cer/stock": 0.04}), after, lambda share: share, judge, 0.5) == (1.0, 1.0, after)
    assert "no validation data of one's own" in capsys.readouterr().err


def test_weights_that_forget_too_much_are_left_out_while_there_are_others() -> None:
    found = {0.25: scores(0.22, 0.042), 0.5: scores(0.15, 0.044), 0.75: scores(0.10, 0.050), 1.0: scores(0.08, 0.060)}
    assert chosen_share(BEFORE, found, 0.5) == 0.5
    assert chosen_share(BEFORE, found, 0.0) == 1.0  # none keeps to it: the guard warns, and the best stays
    right = {share: Scores(s.objective, {"right/stock": 1 - s.values["cer/stock"]}) for share, s in found.items()}
    assert chosen_share(Scores(0.3, {"right/stock": 0.96}), right, 0.5) == 0.5


def test_the_weights_of_the_chosen_share_are_returned(capsys: pytest.CaptureFixture[str]) -> None:
    share, weights, kept = step_back(
        BEFORE, scores(0.08, 0.060), lambda share: share, lambda share: scores(0.3 - 0.2 * share, 0.04), 0.5
    )
    assert (share, weights, kept.objective) == (0.8, 0.8, pytest.approx(0.14))
    assert "0.8 of the way is kept" in capsys.readouterr().err


def test_interpolated_weights_lie_on_the_way() -> None:
    start = {"head.weight": torch.zeros(2), "x.lora_A.default.weight": torch.ones(2), "n": torch.tensor(1)}
    start["x.lora_B.default.weight"] = torch.zeros(2)
    trained = {name: tensor + 4 for name, tensor in start.items()}
    half = interpolated(start, trained, 0.5)
    assert half["head.weight"].tolist() == [2, 2] and half["x.lora_B.default.weight"].tolist() == [2, 2]
    assert half["x.lora_A.default.weight"].tolist() == [5, 5] and int(half["n"]) == 5
    assert all(torch.equal(interpolated(start, trained, 1.0)[name], trained[name]) for name in trained)


def test_a_quarter_is_tried_where_all_else_forgets_too_much() -> None:
    judged: list[float] = []

    def judge(share: float) -> Scores:
        judged.append(share)
        return scores(0.3 - 0.2 * share, 0.04 + 0.02 * share)

    share, _, kept = step_back(BEFORE, scores(0.08, 0.060), lambda share: share, judge, 0.5)
    assert judged == [0.5, 0.6, 0.7, 0.8, 0.25] and share == 0.25 and kept.values["cer/stock"] == pytest.approx(0.045)
