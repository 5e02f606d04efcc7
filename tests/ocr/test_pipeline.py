"""Which model is read with: by name, by folder, by pipeline, and what a wrong choice says."""

from __future__ import annotations

from pathlib import Path

import pytest

import ocr.pipeline
from ocr.cli import main
from ocr.errors import ModelError, UsageError
from ocr.models.registry import PIPELINES, TRAINED
from ocr.pipeline import DEFAULT_MODELS, DEFAULT_PIPELINE, find_model


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that ships the model of the default pipeline and none of a pipeline called ``other``."""
    make_model(tmp_path / "shipped" / DEFAULT_MODELS[DEFAULT_PIPELINE], DEFAULT_PIPELINE)
    monkeypatch.setattr(ocr.pipeline, "SHIPPED", tmp_path / "shipped")
    for known in (PIPELINES, TRAINED):
        monkeypatch.setitem(known, "other", "ocr.models.other")
    monkeypatch.setitem(DEFAULT_MODELS, "other", "other-small")
    return tmp_path / "shipped"


def make_model(folder: Path, pipeline: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(f"pipeline: {pipeline}\n")
    return folder


def test_every_pipeline_has_a_default_model() -> None:
    assert set(PIPELINES) <= set(DEFAULT_MODELS)


def test_a_pipeline_gives_its_shipped_model(shipped: Path) -> None:
    other = make_model(shipped / "other-small", "other")
    assert find_model() == find_model(None, DEFAULT_PIPELINE) == shipped / DEFAULT_MODELS[DEFAULT_PIPELINE]
    assert find_model(pipeline="other") == find_model("other-small") == find_model(other, "other") == other


def test_model_and_pipeline_must_agree(shipped: Path, tmp_path: Path) -> None:
    own = make_model(tmp_path / "own", "other")
    with pytest.raises(UsageError, match=f"is of pipeline other, not {DEFAULT_PIPELINE}; leave out one"):
        find_model(own, DEFAULT_PIPELINE)


def test_unknown_names_come_with_a_suggestion(shipped: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown pipeline 'two-stage': did you mean two_stage"):
        find_model(pipeline="two-stage")
    with pytest.raises(ModelError, match="did you mean two-stage-small"):
        find_model("two-stage-smal")
    with pytest.raises(ModelError, match="pipeline 'othr' is unknown: did you mean other"):
        ocr.pipeline.load(make_model(tmp_path / "own", "othr"))


def test_a_pipeline_without_a_shipped_model_says_so(shipped: Path) -> None:
    with pytest.raises(ModelError, match="no model of pipeline other is shipped: give the folder"):
        find_model(pipeline="other")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--pipeline", "two-stage"], 2, "did you mean two_stage"),
        (["--pipeline", "other"], 4, "no model of pipeline other is shipped"),
        (["--pipeline", "other", "--model", "two-stage-small"], 2, "is of pipeline two_stage, not other"),
    ],
)
def test_the_command_says_it_in_one_line(
    arguments: list[str], code: int, words: str, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = Path(__file__).parents[2] / "examples" / "form_ko.png"
    assert main(["predict", str(page), *arguments]) == code
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


def test_reading_takes_the_pipeline(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(ocr.pipeline, "load", lambda *arguments: asked.append(arguments))
    from ocr.predict import load_once

    load_once.cache_clear()
    load_once(None, "other", "mine")
    load_once.cache_clear()
    assert asked == [(None, "other", "mine")]
