"""Training from a model: replay, what is held out, both columns of scores, the warning and the report."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("safetensors", reason="the training extra is not installed")

from ocr.config import TrainConfig, load_config  # noqa: E402
from ocr.data.config import DataConfig  # noqa: E402
from ocr.data.labels.native_writer import write_native  # noqa: E402
from ocr.data.samples import Sample  # noqa: E402
from ocr.data.stock import stock_lines  # noqa: E402
from ocr.document import Block, Char, Line, Page, Word  # noqa: E402
from ocr.errors import UsageError  # noqa: E402
from ocr.forgetting import differences, guarded, report_forgetting, warnings, worse_symbols  # noqa: E402
from ocr.models.codec import default_alphabet, normalise  # noqa: E402
from ocr.models.end2end.config import End2EndConfig  # noqa: E402
from ocr.models.end2end.training_data import PageSource  # noqa: E402
from ocr.models.trainable import Scores  # noqa: E402
from ocr.models.training_sets import training_samples, validation_sets  # noqa: E402
from ocr.models.two_stage.validation import symbol_counts  # noqa: E402
from ocr.models.weights import save_model  # noqa: E402
from ocr.polygon import from_box  # noqa: E402
from ocr.train import build_pipeline, train  # noqa: E402

TINY = (
    "model.recognizer.stem=[4,4,8]", "model.recognizer.width=16", "model.recognizer.depth=1",
    "model.recognizer.heads=2", "model.detector.stem=[4,8,8]", "model.detector.width=16", "model.detector.depth=1",
    "model.detector.heads=2", "model.detector.head=8", "data.workers=0", "data.line_pixels=2048", "data.page_crops=1",
    "loop.threads=1", "loop.evaluate_every=1", "loop.log_every=1", "loop.steps=1", "loop.device=cpu",
)  # fmt: skip
TINY_SPOTTER = (
    "pipeline=end2end", "model.spotter.stem=[4,8,8]", "model.spotter.width=16", "model.spotter.depth=1",
    "model.spotter.heads=2", "model.spotter.hidden=16", "model.crops.size=128", *TINY[9:],
)  # fmt: skip
MINE = "mine"


def draw_pages(folder: Path, count: int = 4) -> str:
    """Pages of one word, whose every letter is labelled."""
    samples = []
    for number in range(count):
        image = np.full((96, 160, 3), 255, np.uint8)
        cv2.putText(image, MINE, (20, 50), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (number, 0, 0), 2)
        chars = tuple(Char(c, from_box(20 + 18 * i, 28, 36 + 18 * i, 52)) for i, c in enumerate(MINE))
        box = from_box(20, 26, 92, 56)
        folder.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), image)
        page = Page(1, 160, 96, (Block((Line(MINE, box, words=(Word(MINE, box, chars=chars),)),)),))
        samples.append(Sample(folder / f"{number}.png", page, size=(160, 96)))
    for split in ("train", "val"):
        write_native(samples, folder, split=split)
    return str(folder)


def stored_model(config: TrainConfig, folder: Path) -> Path:
    pipeline = build_pipeline(config, None)
    save_model(folder, config.pipeline, config.model, pipeline.alphabet, pipeline.state_dict())
    return folder


@pytest.mark.parametrize(
    ("part", "stock"), [("recognizer", "cer/stock"), ("detector", "detection/stock"), ("spotter", "right/stock")]
)
def test_training_from_a_model_tells_both_columns(
    tmp_path: Path, part: str, stock: str, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = TINY_SPOTTER if part == "spotter" else TINY
    config = load_config(None, [*overrides, f"parts=[{part}]", f"data.train=[{draw_pages(tmp_path / 'set')}]"])
    model = stored_model(config, tmp_path / "model")
    train(config, tmp_path / "run", initial=model)
    report = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))
    names = [row["name"] for row in report["scores"]]
    assert names[-1] == stock and len(names) >= 2
    assert report["alphabet"] == {"label_symbols": 4, "known": 4, "missing": {}}
    told = capsys.readouterr().err
    assert "1 of 4 labelled samples are held out" in told
    assert "4 of 4 symbols" in told and all(name in told for name in names)


def test_training_from_nothing_is_neither_scored_on_the_stock_set_nor_held_out(tmp_path: Path) -> None:
    config = load_config(None, [*TINY, "parts=[recognizer]", f"data.train=[{draw_pages(tmp_path / 'set')}]"])
    assert guarded(config, None).data == replace(config.data, replay=0.0, held_out=0.0, stock=False)
    assert not train(config, tmp_path / "run").values
    assert not (tmp_path / "run" / "report.json").exists()


@pytest.mark.parametrize("setting", ["replay", "held_out"])
def test_shares_out_of_range_are_an_error(setting: str) -> None:
    with pytest.raises(UsageError, match=f"data.{setting}=1 is out of range"):
        guarded(load_config(None, [f"data.{setting}=1"]), None)


def test_what_is_held_out_is_never_trained_on(tmp_path: Path) -> None:
    data = DataConfig(train=(draw_pages(tmp_path / "set", 20),))
    held_out = {sample.image for sample in validation_sets(data)["held_out"]}
    trained = {sample.image for sample in training_samples(data)}
    assert len(held_out) == 2 and len(trained) == 18 and not held_out & trained
    assert held_out == {sample.image for sample in validation_sets(data)["held_out"]}
    chosen = replace(data, val=data.train)
    assert len(training_samples(chosen)) == 20 and list(validation_sets(chosen)) == ["set"]


def test_a_users_set_of_the_same_name_keeps_its_own_score(tmp_path: Path) -> None:
    folder = draw_pages(tmp_path / "stock")
    assert list(validation_sets(DataConfig(val=(folder, folder)))) == ["stock_1", "stock_2"]


@pytest.mark.parametrize(("replay", "share"), [(0.0, 0.0), (0.4, 0.4), (0.8, 0.8)])
def test_a_share_of_the_lines_is_replayed(tmp_path: Path, replay: float, share: float) -> None:
    folder = draw_pages(tmp_path / "set")
    overrides = [*TINY, "parts=[recognizer]", f"data.train=[{folder}]", f"data.replay={replay}"]
    config = load_config(None, overrides)
    pipeline = build_pipeline(config, None)
    mine = pipeline.alphabet.encode(MINE)
    batches = islice(pipeline.batches(["recognizer"], config.data, seed=0), 80)
    rows = [row for batch in batches for row in batch["recognizer"]["targets"].tolist()]
    replayed = np.mean([[symbol for symbol in row if symbol] != mine for row in rows])
    # batches fill by width, so the shares in the first ones are rough
    assert abs(replayed - share) < 0.2 and (replayed == 0) == (share == 0)


def test_a_share_of_the_pages_is_replayed(tmp_path: Path) -> None:
    data = DataConfig(train=(draw_pages(tmp_path / "set"),), held_out=0.0, replay=0.4)
    source = PageSource(training_samples(data), data, End2EndConfig(), default_alphabet())
    drawn = [source(np.random.default_rng(seed))[0].shape for seed in range(60)]
    assert 0.2 < np.mean([shape != (96, 160, 3) for shape in drawn]) < 0.6
    plain = PageSource(training_samples(data), replace(data, replay=0.0), End2EndConfig(), default_alphabet())
    assert plain.stock is None


def test_the_stock_set_has_no_say_in_the_choice_of_weights(tmp_path: Path) -> None:
    config = load_config(None, [*TINY, "data.stock=true"])
    pipeline = build_pipeline(config, None)
    scores = pipeline.validation(["recognizer", "detector"], config.data)(pipeline)
    assert set(scores.values) == {"cer/stock", "detection/stock"} and scores.objective is None
    assert sum(count for _, count in scores.symbols["stock"].values()) > 2000


def scores(cer: float, right: int, **values: float) -> Scores:
    return Scores(
        cer, {"cer/stock": cer, "cer/mine": cer, **values}, symbols={"stock": {"ß": (right, 10), "q": (1, 2)}}
    )


def test_differences_count_errors_and_shares_each_in_their_direction() -> None:
    rows = {
        row.name: row
        for row in differences(scores(0.1, 9, **{"right/mine": 0.5}), scores(0.2, 9, **{"right/mine": 0.7}))
    }
    assert list(rows)[-1] == "cer/stock"
    assert rows["cer/mine"].gain == pytest.approx(-10) and rows["right/mine"].gain == pytest.approx(20)


@pytest.mark.parametrize(("after", "warned"), [(0.034, False), (0.036, True), (0.01, False)])
def test_a_warning_comes_beyond_the_limit_only(after: float, warned: bool) -> None:
    lines = warnings(differences(scores(0.03, 9), scores(after, 9)), limit=0.5)
    assert bool(lines) is warned and len(lines) <= 1
    assert not warned or ("cer/stock by 0.60" in lines[0] and "cer/mine" not in lines[0])


def test_symbols_that_got_worse_are_named_if_there_are_enough_of_them() -> None:
    (row,) = worse_symbols(scores(0.1, 9), Scores(0.1, {}, symbols={"stock": {"ß": (4, 10), "q": (0, 2)}}))
    assert (row.symbol, row.before, row.after, row.occurs) == ("ß", 90.0, 40.0, 10)


def test_symbols_are_counted_where_they_are_read_right() -> None:
    counts = symbol_counts(["aéa"], ["aea"])
    assert counts == {"a": (2, 2), "e": (1, 1), "\u0301": (0, 1)}


def test_a_resumed_run_without_better_weights_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report_forgetting(scores(0.1, 9), None, TrainConfig(), default_alphabet(), tmp_path)
    assert "no better weights" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_replayed_lines_can_be_encoded() -> None:
    alphabet: Any = default_alphabet()
    assert all(alphabet.encode(normalise(text)) for _, text in stock_lines("train"))
