"""Fingerprints of training data: the same data give the same hash, changed labels or images another one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("fontTools", reason="the training extra is not installed")

from ocr.data import fingerprint as module
from ocr.data.config import DataConfig
from ocr.data.fingerprint import data_fingerprint, fingerprint


def write_set(folder: Path, text: str = "alpha", image: bytes = b"picture") -> Path:
    """A manifest for each split, and its images."""
    folder.mkdir(parents=True)
    for split in ("train", "val"):
        labels = [{"image": f"{split}{number}.png", "text": f"{text} {number}"} for number in range(3)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(label) + "\n" for label in labels))
        for label in labels:
            (folder / label["image"]).write_bytes(image)
    return folder


def write_texts(folder: Path, text: str = "alpha") -> Path:
    (folder / "en").mkdir(parents=True)
    (folder / "en" / "book.txt").write_text(text)
    (folder / "en" / "other.bin").write_bytes(b"1234")
    return folder


def test_the_same_data_elsewhere_have_the_same_fingerprint(tmp_path: Path) -> None:
    first, second = (fingerprint("train", str(write_set(tmp_path / name))) for name in ("one", "two"))
    assert first.sha256 == second.sha256 and len(first.sha256) == 64
    assert (first.role, first.path, first.files, first.lines) == ("train", str(tmp_path / "one"), 3, 3)
    texts = [fingerprint("corpora", str(write_texts(tmp_path / name))) for name in ("a", "b")]
    assert texts[0].sha256 == texts[1].sha256 and (texts[0].files, texts[0].bytes) == (2, 9)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: write_set(folder, text="alphe"),
        lambda folder: write_set(folder, image=b"another"[:6]),
        lambda folder: (write_set(folder) / "train1.png").unlink(),
    ],
    ids=["label", "image", "missing image"],
)
def test_changed_data_have_another_fingerprint(tmp_path: Path, change: Callable[[Path], object]) -> None:
    change(tmp_path / "changed")
    same = fingerprint("train", str(write_set(tmp_path / "same")))
    assert fingerprint("train", str(tmp_path / "changed")).sha256 not in ("", same.sha256)


def test_text_counts_by_its_contents_other_files_by_their_size(tmp_path: Path) -> None:
    first = fingerprint("corpora", str(write_texts(tmp_path / "first")))
    other_text = write_texts(tmp_path / "text", "alphe")
    assert fingerprint("corpora", str(other_text)).sha256 != first.sha256
    same_size = write_texts(tmp_path / "bytes")
    (same_size / "en" / "other.bin").write_bytes(b"4321")
    assert fingerprint("corpora", str(same_size)).sha256 == first.sha256


def test_the_split_of_the_role_is_taken(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set")
    (folder / "val.jsonl").write_text((folder / "val.jsonl").read_text() + '{"image": "x.png", "text": "x"}\n')
    assert (fingerprint("train", str(folder)).lines, fingerprint("val", str(folder)).lines) == (3, 4)


def test_fonts_count_only_where_text_is_rendered(tmp_path: Path) -> None:
    folder, texts = str(write_set(tmp_path / "set")), str(write_texts(tmp_path / "texts"))
    alone = data_fingerprint(DataConfig(train=(folder,), fonts=(texts,)))
    assert [found.role for found in alone] == ["train"]
    rendered = data_fingerprint(DataConfig(val=(folder,), corpora=(texts,), fonts=(texts,)))
    assert [found.role for found in rendered] == ["val", "corpora", "fonts"]


def test_what_is_missing_is_told_and_not_raised(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):  # the second is an empty folder
        found = fingerprint("train", str(path))
        assert (found.sha256, found.files) == ("", 0)


def test_of_a_long_manifest_only_some_images_are_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STATED_IMAGES", 10)
    looked_up: list[Path] = []
    monkeypatch.setattr(module, "_size", lambda path: looked_up.append(path) or 1)  # type: ignore[func-returns-value]
    manifest = tmp_path / "train.jsonl"
    manifest.write_text("".join(json.dumps({"image": f"{n}.png", "text": ""}) + "\n" for n in range(1000)))
    found = fingerprint("train", str(manifest))
    assert (found.lines, found.files, len(looked_up)) == (1000, 1000, 10)
