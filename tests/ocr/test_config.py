"""Configuration: defaults, YAML, overrides, and errors that help."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("fontTools", reason="the training extra is not installed")

from ocr.config import LoopConfig, find_config, load_config
from ocr.errors import UsageError
from ocr.models.schema import to_plain


def test_overrides_go_over_yaml_and_yaml_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("loop: {steps: 5, learning_rate: 7e-4}\nmodel: {recognizer: {width: 96}}\n")
    config = load_config(file, ["loop.steps=9", "data.crop_style.characters=[2, 9]", "parts=detector"])
    assert (config.loop.steps, config.loop.learning_rate, config.loop.clip) == (9, 7e-4, LoopConfig().clip)
    assert (config.model.recognizer.width, config.model.recognizer.depth) == (96, 6)
    assert (config.data.crop_style.characters, config.parts) == ((2, 9), ("detector",))


def test_a_config_round_trips() -> None:
    config = load_config(None, ["loop.steps=3"])
    plain = to_plain(config)
    assert plain["loop"]["steps"] == 3 and plain["model"]["recognizer"]["stem"] == [32, 64, 128]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("loop.stps=3", "did you mean steps"),
        ("model.recogniser.width=3", "did you mean recognizer"),
        ("loop.steps=many", "must be of type int"),
        ("loop.betas=[0.9]", "must hold 2 values"),
        ("loop", "must be key.path=value"),
        ("pipeline=two_stages", "did you mean two_stage"),
        ("loop.steps.more=1", "must be of type int"),
        ("loop.steps=0", "loop.steps=0 must be 1 or more"),
        ("loop.patience=-1", "loop.patience=-1 must be 0 or more"),
        ("loop.learning_rate=0", "must be above 0; usual are"),
    ],
)
def test_errors_name_the_value_and_the_remedy(override: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_config(None, [override])


def test_an_unknown_config_is_an_error() -> None:
    with pytest.raises(UsageError, match="recognizer"):
        find_config(Path("recogniser"))


def test_bad_yaml_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(UsageError, match="not valid YAML"):
        load_config(tmp_path / "bad.yaml")
