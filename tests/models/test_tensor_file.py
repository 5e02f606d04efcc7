"""Weights that were damaged, cut or crafted are refused, by the hash in their header or before anything is read."""

from __future__ import annotations

import json
import pickle
import random
import time
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
safetensors = pytest.importorskip("safetensors.torch", reason="the training extra is not installed")

from safetensors import safe_open as safetensors_open  # noqa: E402

from ocr.errors import ModelError  # noqa: E402
from ocr.models.tensor_file import load_tensors, save_tensors  # noqa: E402

TENSORS = {"a.weight": torch.arange(12.0).reshape(3, 4), "b.count": torch.tensor(3), "c": torch.ones(2).half()}


def test_tensors_come_back(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    save_tensors(TENSORS, path, {"format": "pt"})
    loaded = load_tensors(path)
    assert loaded.keys() == TENSORS.keys() and all(torch.equal(loaded[name], TENSORS[name]) for name in TENSORS)
    with safetensors_open(path, "pt") as file:
        assert file.metadata()["format"] == "pt"
    safetensors.save_file(TENSORS, tmp_path / "others.safetensors")  # without a hash
    assert torch.equal(load_tensors(tmp_path / "others.safetensors")["c"], TENSORS["c"])


def test_no_flipped_bit_and_no_cut_is_loaded_silently(tmp_path: Path) -> None:
    path, rng = tmp_path / "own.safetensors", random.Random(0)
    save_tensors(TENSORS, path)
    whole = path.read_bytes()
    for damage in range(400):
        place = rng.randrange(len(whole))
        flipped = whole[:place] + bytes([whole[place] ^ 1 << rng.randrange(8)]) + whole[place + 1 :]
        path.write_bytes(whole[:place] if damage % 2 else flipped)
        try:
            loaded = load_tensors(path)
        except ModelError as error:
            assert str(path) in str(error) and "\n" not in str(error)
        else:  # the name of the hash was hit, or a space
            assert all(torch.equal(loaded[name], TENSORS[name]) for name in TENSORS)


def entry(shape: list[Any], first: int, last: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [first, last]}


CRAFTED = {
    "overlap": {"a": entry([2], 0, 8), "b": entry([2], 4, 12)},
    "hole": {"a": entry([1], 0, 4), "b": entry([1], 8, 12)},
    "outside": {"a": entry([2], 0, 8), "b": entry([2], 400, 408)},
    "backwards": {"a": entry([2], 8, 0)},
    "negative": {"a": entry([2], -8, 0)},
    "shape": {"a": entry([3000, 3000, 3000], 0, 12)},
    "huge shape": {"a": entry([1 << 62, 1 << 62], 0, 12)},
    "negative shape": {"a": entry([-3], 0, 12)},
    "shape of text": {"a": entry(["3"], 0, 12)},
    "unknown type": {"a": entry([3], 0, 12, "PICKLE")},
    "no entry": {"a": "text"},
    "no offsets": {"a": {"dtype": "F32", "shape": [3]}},
    "list": ["a"],
    "many": {f"tensor{number}": entry([0], 0, 0) for number in range(400_000)},
}


@pytest.mark.parametrize("name", CRAFTED)
def test_crafted_headers_are_refused_at_once(tmp_path: Path, name: str) -> None:
    header, path = json.dumps(CRAFTED[name]).encode(), tmp_path / "crafted.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(12))
    began = time.process_time()
    with pytest.raises(ModelError):
        load_tensors(path)
    assert time.process_time() - began < 1


def test_a_pickle_under_another_name_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number, write in enumerate((torch.save, lambda value, path: path.write_bytes(pickle.dumps(value)))):
        path = tmp_path / f"{number}.safetensors"
        write(Canary(), path)
        with pytest.raises(ModelError):
            load_tensors(path)
    path.write_bytes(b"\xff" * 8 + b"{}")
    with pytest.raises(ModelError):
        load_tensors(path)
    assert not (tmp_path / "canary").exists()


class Canary:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("canary"),)
