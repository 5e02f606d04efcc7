"""Damaged files of a model folder: found by their hash before anything is read with them, and told in one line."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from ocr.cli import main
from ocr.errors import ModelError
from ocr.models.file_hashes import HASHES, check_hash, hash_of_file, read_hashes, save_hash
from ocr.pipeline import SHIPPED, load

SMALL = SHIPPED / "two-stage-small"
LETTER = Path(__file__).parents[2] / "examples" / "letter.jpg"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of a shipped model as the light install reads it."""
    shutil.copytree(SMALL, tmp_path / "model", ignore=shutil.ignore_patterns("*.safetensors"))
    return tmp_path / "model"


def flipped(data: bytes, place: int, bit: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]


def test_any_flip_and_any_cut_is_found(tmp_path: Path) -> None:
    rng, path = random.Random(0), tmp_path / "network.onnx"
    whole = rng.randbytes(3000)
    path.write_bytes(whole)
    save_hash(path)
    check_hash(path)
    damaged = [flipped(whole, rng.randrange(len(whole)), rng.randrange(8)) for _ in range(200)]
    damaged += [whole[: rng.randrange(len(whole))] for _ in range(200)]
    for data in damaged:
        path.write_bytes(data)
        with pytest.raises(ModelError, match=r"network.onnx is damaged: .* copy the model again"):
            check_hash(path)


def test_reading_with_damaged_weights_ends_in_one_line(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = model / "recognizer.onnx"
    whole = path.read_bytes()
    for data in (flipped(whole, len(whole) // 2, 6), whole[:-1000], b""):
        path.write_bytes(data)
        assert main(["predict", str(LETTER), "--model", str(model)]) == 4
        (line,) = capfd.readouterr().err.splitlines()
        assert str(path) in line and "ocr export" in line


def test_a_network_without_a_hash_is_opened_if_it_can_be(model: Path) -> None:
    (model / HASHES).unlink()
    load(model)
    (model / "recognizer.onnx").write_bytes((model / "recognizer.onnx").read_bytes()[:-1000])
    with pytest.raises(ModelError, match=r"cannot load .* copy the model again"):
        load(model)


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "\udcff"])
def test_damaged_hashes_are_told(model: Path, text: str) -> None:
    (model / HASHES).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError, match=f"{HASHES}.*copy the model again"):
        load(model)
    save_hash(model / "recognizer.onnx")  # exporting again puts it right
    assert json.loads((model / HASHES).read_text()) == {"recognizer.onnx": hash_of_file(model / "recognizer.onnx")}


def test_shipped_networks_and_ngrams_have_their_hashes() -> None:
    folders = {path.parent for path in SHIPPED.glob("*/*.onnx")}
    assert len(folders) > 2
    for folder in folders:
        files = {path.name: hash_of_file(path) for path in folder.iterdir() if path.suffix in (".onnx", ".xz")}
        assert read_hashes(folder / HASHES) == files
