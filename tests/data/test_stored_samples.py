"""Sets that stay in their files give what lists give; they are checked by drawing from them."""

from __future__ import annotations

import json
import pickle
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr.data import check
from ocr.data.fixed_file import FixedFile
from ocr.data.label_options import LabelOptions
from ocr.data.labels import native, stored_rows
from ocr.data.samples import Sample, load_samples
from ocr.data.stored_samples import StoredSamples
from ocr.errors import InputError, UsageError

TEXTS = ["first line", "zweite Zeile", "셋째 줄", "", "fifth: café"]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Five crops and a page, with a blank row between them."""
    rows: list[dict[str, object]] = []
    for number, text in enumerate(TEXTS):
        Image.new("RGB", (60 + number, 32), (250, 250, 250)).save(tmp_path / f"{number}.png")
        rows.append({"image": f"{number}.png", "text": text, "lang": ("en", "de", "ko", None, "en")[number]})
    Image.new("RGB", (100, 50)).save(tmp_path / "page.png")
    line = {"text": "on a page", "polygon": [[5, 5], [90, 5], [90, 25], [5, 25]]}
    outside = {"text": "nowhere", "polygon": [[500, 5], [900, 5], [900, 25], [500, 25]]}
    rows.append({"image": "page.png", "width": 100, "height": 50, "lines": [line, outside]})
    written = [json.dumps(row, ensure_ascii=False) for row in rows]
    path = tmp_path / "train.jsonl"
    path.write_text("\ufeff" + "\n".join([*written[:3], "", *written[3:]]), encoding="utf-8")
    return path


@pytest.fixture
def stored(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> StoredSamples:
    monkeypatch.setattr(stored_rows, "LARGE_BYTES", 1)
    samples = load_samples(manifest)
    assert isinstance(samples, StoredSamples)
    return samples


def test_they_are_those_of_a_list(manifest: Path, stored: StoredSamples, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    plain = load_samples(manifest)
    assert isinstance(plain, list) and list(stored) == plain
    assert stored[-1] == plain[-1] and list(stored[1:3]) == plain[1:3]
    assert list(pickle.loads(pickle.dumps(stored))) == plain, "worker processes may be started anew"
    assert [sample.source.rpartition(":")[2] for sample in stored] == ["1", "2", "3", "5", "6", "7"]


def test_what_was_noted_of_them(stored: StoredSamples) -> None:
    assert [s.text for s in stored.in_languages(["en"])] == ["first line", "", "fifth: café", None]
    expected = Counter("".join(TEXTS[number] for number in (0, 3, 4)) + "on a pagenowhere")
    assert stored.in_languages(["en"]).characters == expected


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        ('{"image": "0.png"', InputError, r"train.jsonl:2: not JSON"),
        ('{"image": "0.png"}', InputError, r"train.jsonl:2: KeyError 'text'"),
        ('{"image": "../0.png", "text": "a"}', UsageError, r"train.jsonl:2: image '../0.png'"),
    ],
)
def test_bad_rows_are_found_when_a_set_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, error: type[Exception], message: str
) -> None:
    monkeypatch.setattr(stored_rows, "LARGE_BYTES", 1)
    (tmp_path / "train.jsonl").write_text('{"image": "0.png", "text": "a"}\n' + row + "\n", encoding="utf-8")
    with pytest.raises(error, match=message):
        load_samples(tmp_path / "train.jsonl")


def test_other_encodings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_rows, "LARGE_BYTES", 1)
    path = tmp_path / "train.jsonl"
    rows = [json.dumps({"image": "a.png", "text": text}, ensure_ascii=False) for text in ("값", "나")]
    for encoding, kind in (("cp949", StoredSamples), ("utf-16", list)):
        path.write_text("\n".join(rows), encoding=encoding)
        samples = native.read(path, LabelOptions(encoding))
        assert isinstance(samples, kind) and [sample.text for sample in samples] == ["값", "나"]


def test_a_file_that_changes_under_training_is_an_error(manifest: Path, stored: StoredSamples) -> None:
    manifest.write_text('{"image": "0.png", "text": "other"}\n')
    with pytest.raises(InputError, match="was changed while it was in use"):
        stored[0]


def test_large_sets_are_checked_by_drawing_and_left_in_their_files(
    manifest: Path, stored: StoredSamples, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = check.inspect_samples({"train": list(stored)}).splits[0]
    monkeypatch.setattr(check, "LARGE_COUNT", 6)
    (manifest.parent / "1.png").unlink()
    report = check.inspect_samples({"train": stored}, drawn=6).splits[0]
    assert isinstance(report.kept, StoredSamples)
    # the image that is gone and the empty label are left out, the line outside its page is an ignore region
    assert [s.text for s in report.kept] == ["first line", "셋째 줄", "fifth: café", None]
    assert list(report.kept)[-1] == list(whole.kept)[-1] and [b.rule for b in report.bad_lines] == ["outside the page"]
    few = check.inspect_samples({"train": stored}, drawn=2).splits[0]
    assert (few.looked_at, few.samples) == (2, 6) and len(few.kept) + len(few.bad) == 6
    assert "6 images (2 drawn from them" in str(check.CheckReport((few,), (), 1.0, False))


def test_the_share_of_bad_ones_is_that_of_those_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "LARGE_COUNT", 100)
    Image.new("RGB", (60, 32)).save(tmp_path / "a.png")
    samples = [Sample(tmp_path / ("a.png" if number % 4 else "gone.png"), text="a") for number in range(400)]
    report = check.inspect_samples({"train": samples}, max_bad_fraction=0.1, drawn=60)
    assert 5 < len(report.splits[0].bad) < 30 and "of 60 samples" in report.stop_reasons[0]


def test_lines_of_a_large_set_are_cut_when_they_are_drawn(
    manifest: Path, stored: StoredSamples, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="the training extra is not installed")
    from ocr.data.sample_mix import SampleMix
    from ocr.models.two_stage import drawn_lines

    (manifest.parent / "1.png").unlink()
    monkeypatch.setattr(drawn_lines, "LARGE_COUNT", 6)
    clean = check.inspect_samples({"train": stored[:1]}).splits[0]
    mix = SampleMix([stored, clean.kept])
    source = drawn_lines.labelled_source(mix, lambda some: [(np.zeros((32, 40), np.uint8), "small")], 32, 960)
    assert source is not None
    rng = np.random.default_rng(0)
    drawn = [source.draw(rng) for _ in range(200)]
    assert {text for _, text in drawn} == {"first line", "셋째 줄", "fifth: café", "on a page", "nowhere", "small"}
    assert all(image.shape[0] == 32 and image.dtype == np.uint8 for image, _ in drawn)
    assert capsys.readouterr().err.count("skipped in training") == 1, "the damaged one is told once"
    again = np.random.default_rng(0)
    assert [text for _, text in drawn] == [source.draw(again)[1] for _ in range(200)]


def test_they_take_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [json.dumps({"image": f"{number:05d}.png", "text": f"line {number}"}) for number in range(4000)]
    (tmp_path / "train.jsonl").write_text("\n".join(rows), encoding="utf-8")
    bytes_a_sample = []
    for limit in (10**9, 1):
        monkeypatch.setattr(stored_rows, "LARGE_BYTES", limit)
        tracemalloc.start()
        samples = load_samples(tmp_path / "train.jsonl")
        bytes_a_sample.append(tracemalloc.get_traced_memory()[0] / len(samples))
        tracemalloc.stop()
    assert bytes_a_sample[1] < 60 < 300 < bytes_a_sample[0]


@pytest.mark.parametrize(
    "row",
    [
        {"image": "0.png", "text": "a\n \nb", "lang": "en", "width": 60, "height": 32},
        {"image": "0.png", "text": "a", "width": "60", "height": 32.0},
        {"image": "0.png", "text": "cafe\u0301", "kind": "page"},
        {"image": "page.png", "text": "whole", "lines": [{"text": "a", "polygon": [[1, 1], [9, 1], [9, 9], [1, 9]]}]},
    ],
)
def test_a_glance_notes_what_a_parser_would(manifest: Path, row: dict[str, object]) -> None:
    def summary(glance: stored_rows.Glance | None) -> object:
        samples = stored_rows.stored_rows(FixedFile.of(manifest), native._row, LabelOptions(), glance)
        return samples.summary, list(samples)

    manifest.write_text(json.dumps(row), encoding="utf-8")
    assert summary(native._glance) == summary(None)


@pytest.mark.parametrize("row", ['{"image": "0.png", "text": "a"} x', "[]", "1", '"text"', '{"image": 1, "text": "a"}'])
def test_a_glance_leaves_what_is_wrong_to_the_parser(tmp_path: Path, row: str) -> None:
    assert native._glance(row, str(tmp_path), LabelOptions()) is None


def test_a_glance_sees_links_that_leave_the_set(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "link.png").symlink_to(tmp_path / "outside.png")
    row = '{"image": "link.png", "text": "a"}'
    assert native._glance(row, str(tmp_path / "set"), LabelOptions()) is None
    assert native._glance(row, str(tmp_path / "set"), LabelOptions(allow_outside=True)) == (None, ["a"])
