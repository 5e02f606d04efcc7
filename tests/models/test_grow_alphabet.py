"""Symbols that a model lacks: told, added at the end of the alphabet, old answers as they were."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("safetensors", reason="the training extra is not installed")

from ocr.config import load_config  # noqa: E402
from ocr.data.config import DataConfig  # noqa: E402
from ocr.data.labels.native_writer import write_native  # noqa: E402
from ocr.data.samples import Sample  # noqa: E402
from ocr.models.codec import Alphabet, default_alphabet  # noqa: E402
from ocr.models.grow_alphabet import extend_classes, fit_alphabet, printable  # noqa: E402
from ocr.models.trainable import Pipeline  # noqa: E402
from ocr.models.weights import load_pipeline, save_model  # noqa: E402
from ocr.train import build_pipeline  # noqa: E402

TWO_STAGE = (
    "parts=[recognizer]", "model.recognizer.stem=[4,4,8]", "model.recognizer.width=16", "model.recognizer.depth=1",
    "model.recognizer.heads=2", "model.detector.stem=[4,8,8]", "model.detector.width=16", "model.detector.depth=1",
    "model.detector.heads=2", "model.detector.head=8",
)  # fmt: skip
END2END = (
    "pipeline=end2end", "model.spotter.stem=[4,8,8]", "model.spotter.width=16", "model.spotter.depth=1",
    "model.spotter.heads=2", "model.spotter.hidden=16",
)  # fmt: skip


def tiny(overrides: tuple[str, ...]) -> tuple[Any, Pipeline]:
    config = load_config(None, overrides)
    return config, build_pipeline(config, None).eval()


def labelled_set(folder: Path, *texts: str) -> DataConfig:
    folder.mkdir(exist_ok=True)
    samples = []
    for number, text in enumerate(texts):
        path = folder / f"{number}.png"
        cv2.imwrite(str(path), np.full((32, 64), 255, np.uint8))
        samples.append(Sample(path, text=text))
    write_native(samples, folder)
    return DataConfig(train=(str(folder),), held_out=0.0)


@pytest.mark.parametrize("groups", [1, 3])
def test_old_rows_are_kept_bit_by_bit_and_new_ones_are_small(groups: int) -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(8, groups * 5).requires_grad_(False)
    grown = extend_classes(layer, groups, 7)
    weight, bias = grown.weight.reshape(groups, 7, 8), grown.bias.reshape(groups, 7)
    assert torch.equal(weight[:, :5], layer.weight.reshape(groups, 5, 8))
    assert torch.equal(bias[:, :5], layer.bias.reshape(groups, 5))
    assert 0 < weight[:, 5:].std() < 0.2 * layer.weight.std()
    assert torch.equal(bias[:, 5:].max(dim=1).values, bias[:, :5].min(dim=1).values)
    assert not grown.weight.requires_grad and not grown.bias.requires_grad


@torch.no_grad()
def test_a_recognizer_answers_for_old_symbols_as_before() -> None:
    _, pipeline = tiny(TWO_STAGE)
    images = torch.rand(2, 1, 32, 64) * 255
    before = pipeline({"recognizer": {"images": images}})["recognizer"]
    pipeline.grow_alphabet(Alphabet([*default_alphabet().symbols, "α", "β"]))
    after = pipeline({"recognizer": {"images": images}})["recognizer"]
    assert after.shape[2] == before.shape[2] + 2 == pipeline.alphabet.classes
    assert torch.allclose(after[..., :-2], before, atol=1e-6)


@torch.no_grad()
def test_a_spotter_answers_for_old_symbols_as_before_in_every_slot() -> None:
    _, pipeline = tiny(END2END)
    batch = {"images": torch.rand(1, 1, 64, 64) * 255, "cells": torch.tensor([[0, 2, 3], [0, 7, 7]])}
    batch["chains"] = torch.tensor([[0, 1]])
    before = pipeline({"spotter": batch})["symbols"]  # (cells, 3, classes)
    pipeline.grow_alphabet(Alphabet([*default_alphabet().symbols, "α"]))
    after = pipeline({"spotter": batch})["symbols"]
    assert after.shape[2] == before.shape[2] + 1
    assert torch.allclose(after[..., :-1], before, atol=1e-6)


@pytest.mark.parametrize("overrides", [TWO_STAGE, END2END])
def test_a_grown_model_is_stored_and_started_from_with_its_alphabet(tmp_path: Path, overrides: tuple[str, ...]) -> None:
    config, pipeline = tiny(overrides)
    fit_alphabet(pipeline, labelled_set(tmp_path / "set", "πάντα", "π"), grow=True)
    assert pipeline.alphabet.encode("π")[0] > len(default_alphabet().symbols)
    save_model(tmp_path / "model", config.pipeline, config.model, pipeline.alphabet, pipeline.state_dict())
    assert load_pipeline(tmp_path / "model").alphabet == pipeline.alphabet
    assert build_pipeline(config, tmp_path / "model").alphabet == pipeline.alphabet


def test_missing_symbols_are_listed_and_what_becomes_of_them_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, pipeline = tiny(TWO_STAGE)
    data = labelled_set(tmp_path / "set", "ππ λ", "known")
    fit_alphabet(pipeline, data, grow=False)
    told = capsys.readouterr().err
    assert "'π' U+03C0 (2), 'λ' U+03BB (1)" in told and "--grow-alphabet" in told and "left out" in told
    assert pipeline.alphabet == default_alphabet()
    fit_alphabet(pipeline, data, grow=True)
    assert "grows by 2" in capsys.readouterr().err
    fit_alphabet(pipeline, data, grow=True)
    assert not capsys.readouterr().err


def test_what_leaves_no_ink_is_not_added() -> None:
    assert printable(Counter("β\u200bα\x07")) == ["α", "β"]
