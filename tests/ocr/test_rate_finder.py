"""The learning-rate range test, on made-up curves and on a tiny recognizer."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from ocr import rate_finder  # noqa: E402
from ocr.cli import main  # noqa: E402
from ocr.data.labels.native_writer import write_native  # noqa: E402
from ocr.data.samples import Sample  # noqa: E402
from ocr.errors import TrainingError  # noqa: E402
from ocr.rate_finder import RateTest, smoothed, suggest_rate, table_of  # noqa: E402

TINY = [
    "parts=[recognizer]", "model.recognizer.stem=[4,4,8]", "model.recognizer.width=16", "model.recognizer.depth=1",
    "model.recognizer.heads=2", "data.workers=0", "data.line_pixels=512", "loop.threads=1", "loop.device=cpu",
]  # fmt: skip


def curve(fall: float, lost: float) -> RateTest:
    """A loss of 5 that falls to 1 around the rate ``fall`` and goes up from ``lost`` on."""
    rates = np.geomspace(1e-6, 1, 120)
    losses = 5 - 4 / (1 + (fall / rates) ** 2) + (rates / lost) ** 2
    return RateTest(rates, losses, smoothed(losses))


@pytest.mark.parametrize("fall", [1e-4, 1e-3, 1e-2])
def test_the_rate_is_where_the_loss_falls_fastest(fall: float) -> None:
    rate = suggest_rate(curve(fall, lost=0.3))
    assert fall / 2 < rate < 6 * fall, "the running mean lags behind a little"


def test_noise_does_not_change_the_decade() -> None:
    test, rng = curve(1e-3, 0.3), np.random.default_rng(0)
    noisy = test.losses + rng.normal(0, 0.15, len(test.losses))
    assert 3e-4 < suggest_rate(RateTest(test.rates, noisy, smoothed(noisy))) < 1e-2


def test_a_loss_that_never_falls_is_an_error() -> None:
    rates = np.geomspace(1e-6, 1, 120)
    for losses in (1 + rates, np.ones(1), np.ones(0)):
        with pytest.raises(TrainingError, match="no learning rate"):
            suggest_rate(RateTest(rates[: len(losses)], losses, smoothed(losses)))


def test_the_running_mean_starts_at_the_first_loss() -> None:
    assert smoothed([4.0])[0] == pytest.approx(4.0) and smoothed([2.0] * 30)[-1] == pytest.approx(2.0)


def test_the_table_marks_one_row() -> None:
    rows = table_of(curve(1e-3, 0.3), 1e-3)
    assert len(rows) == 21 and sum(row.endswith("<") for row in rows) == 1
    assert 5e-4 < float(next(row for row in rows if row.endswith("<")).split()[0]) < 2e-3


def draw_lines(folder: Path) -> Path:
    folder.mkdir()
    samples = []
    for number, word in enumerate(("alpha", "beta", "gamma", "delta")):
        image = np.full((32, 110, 3), 255, np.uint8)
        cv2.putText(image, word, (4, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (number, 0, 0), 2)
        cv2.imwrite(str(folder / f"{number}.png"), image)
        samples.append(Sample(folder / f"{number}.png", text=word))
    write_native(samples, folder, split="train")
    return folder


def test_the_command_suggests_a_rate_and_trains_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rate_finder, "STEPS", 40)
    run = tmp_path / "run"
    settings = [*TINY, f"data.train=[{draw_lines(tmp_path / 'set')}]"]
    command = ["train", "recognizer", *settings, "--find-rate", "--output", str(run)]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "suggestion: loop.learning_rate=" in printed and "learning rate" in printed
    assert sorted(path.name for path in run.iterdir()) == ["learning_rate.csv", "learning_rate.png"]
    assert cv2.imread(str(run / "learning_rate.png")) is not None
    with (run / "learning_rate.csv").open() as file:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(file)]
    assert rates[0] == pytest.approx(1e-6) and 10 < len(rates) <= 40 and rates == sorted(rates)
    assert main([*command, "--resume"]) == 2
