"""Tar files of samples: written, read where they lie, and refused where they are not whole."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import tarfile
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from ocr.commands.data import app
from ocr.data.check import inspect_samples
from ocr.data.fixed_file import FixedFile
from ocr.data.labels import shards
from ocr.data.labels.native_writer import sample_to_dict, write_native
from ocr.data.samples import Sample, load_samples
from ocr.data.stored_samples import StoredSamples
from ocr.data.tar_members import tar_members
from ocr.errors import InputError, UsageError

LINE = {"text": "두 줄", "polygon": [[10, 10], [90, 10], [90, 30], [10, 30]]}


@pytest.fixture
def labelled_set(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    (folder / "images").mkdir(parents=True)
    for split, count in (("train", 5), ("val", 1)):
        rows: list[dict[str, object]] = []
        for number in range(count):
            name = f"images/{split}{number}.png"
            Image.effect_noise((100, 50), 20 + number).convert("RGB").save(folder / name)
            rows.append({"image": name, "text": f" Zeile {number}"})
        rows[-1] = {"image": rows[-1]["image"], "width": 100, "height": 50, "lines": [LINE], "lang": "ko"}
        text = "\n".join(json.dumps(row) for row in rows)
        (folder / f"{split}.jsonl").write_text(text, encoding="utf-8")
    return folder


def write_tar(path: Path, members: dict[str, bytes], **options: int) -> Path:
    with tarfile.open(path, "w", **options) as tar:  # type: ignore[call-overload]
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def png(width: int = 40) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (width, 32), (9, 9, 9)).save(data, "PNG")
    return data.getvalue()


def same(sample: Sample, other: Sample) -> bool:
    equal = (sample.load() == other.load()).all() and sample.image_bytes() == other.image_bytes()
    return bool(equal) and sample_to_dict(sample, "") == sample_to_dict(other, "")


def test_a_set_is_the_same_in_shards(labelled_set: Path, tmp_path: Path) -> None:
    command = ["shards", str(labelled_set), "--output", str(tmp_path / "new"), "--megabytes", "0.001"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "new" / "train").glob("*.tar"))) > 1
    for split in ("train", "val"):
        pairs = zip(load_samples(tmp_path / "new", split=split), load_samples(labelled_set, split=split), strict=True)
        assert all(same(sample, other) for sample, other in pairs)
    assert isinstance(CliRunner().invoke(app, command).exception, UsageError), (
        "shards there are not mixed with new ones"
    )
    report = inspect_samples({"train": load_samples(tmp_path / "new" / "train")})
    assert not report.stop_reasons and not report.splits[0].bad


def test_the_same_set_gives_the_same_bytes(labelled_set: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        CliRunner().invoke(app, ["shards", str(labelled_set), "--output", str(tmp_path / name)])
    first, second = ((tmp_path / name / "train" / "000000.tar").read_bytes() for name in ("one", "two"))
    assert first == second


def test_other_tools_can_read_a_shard(labelled_set: Path, tmp_path: Path) -> None:
    CliRunner().invoke(app, ["shards", str(labelled_set), "--output", str(tmp_path / "new")])
    with tarfile.open(tmp_path / "new" / "train" / "000000.tar") as tar:
        names = tar.getnames()
        text = tar.extractfile(names[1]).read().decode()  # type: ignore[union-attr]
    assert names[:2] == ["000000000.png", "000000000.txt"] and text == " Zeile 0" and names[-1].endswith(".json")


def test_large_shards_stay_in_their_files(labelled_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CliRunner().invoke(app, ["shards", str(labelled_set), "--output", str(tmp_path / "new"), "--megabytes", "0.001"])
    monkeypatch.setattr(shards, "LARGE_BYTES", 1)
    stored = load_samples(tmp_path / "new", split="train")
    assert isinstance(stored, StoredSamples)
    pairs = zip(pickle.loads(pickle.dumps(stored)), load_samples(labelled_set, split="train"), strict=True)
    assert all(same(sample, other) for sample, other in pairs)
    assert "Z" in stored.characters and stored[3].text == " Zeile 3"


@pytest.mark.parametrize("kind", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_names_long_and_foreign(tmp_path: Path, kind: int) -> None:
    folder = "/".join(["a" * 60] * (1 if kind == tarfile.USTAR_FORMAT else 4))
    names = [f"{folder}/001.img.png", f"{folder}/002.png", *([] if kind == tarfile.USTAR_FORMAT else ["줄/é.png"])]
    members: dict[str, bytes] = {}
    for number, name in enumerate(names[1:]):
        members |= {name: png(50 + number), name.replace(".png", ".txt"): f"text {number}".encode()}
    path = write_tar(tmp_path / "a.tar", {names[0]: png()} | members, format=kind)
    assert [(s.text, s.load().shape[1]) for s in load_samples(path)] == [
        (f"text {number}", 50 + number) for number in range(len(names) - 1)
    ]


@pytest.mark.parametrize("kind", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_members_are_where_the_standard_library_finds_them(tmp_path: Path, kind: int) -> None:
    long, foreign = ("b" * 90, "b.png") if kind == tarfile.USTAR_FORMAT else ("b" * 200, "줄/é.png")
    sizes = {"a.png": 513, f"{long}/a.png": 0, foreign: 512, "last.txt": 1}
    path = write_tar(tmp_path / "a.tar", {name: bytes(size) for name, size in sizes.items()}, format=kind)
    with path.open("rb") as opened, tarfile.open(path) as tar:
        found = [(member.name, member.start, member.length) for member in tar_members(FixedFile.of(path), opened)]
        assert found == [(member.name, member.offset_data, member.size) for member in tar]


def test_nothing_leaves_the_tar_file(tmp_path: Path) -> None:
    """Links and devices are no members; names with ``..`` are names, nothing is written under them."""
    (tmp_path / "secret.png").write_bytes(png(99))
    path = tmp_path / "set.tar"
    with tarfile.open(path, "w") as tar:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE):
            member = tarfile.TarInfo("1.png")
            member.type, member.linkname = kind, str(tmp_path / "secret.png")
            tar.addfile(member)
        members = {"../../evil.png": png(), "../../evil.txt": b"a", "/etc/x.png": png(7), "/etc/x.txt": b"b"}
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    samples = load_samples(path)
    assert [(sample.text, sample.load().shape[1]) for sample in samples] == [("a", 40), ("b", 7)]
    manifest = write_native(samples, tmp_path / "out" / "deep" / "native")
    assert [s.image.parent.name for s in load_samples(manifest)] == ["images", "images"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "secret.png", "set.tar"]


def test_files_that_are_not_whole(tmp_path: Path) -> None:
    good = write_tar(tmp_path / "good.tar", {"1.png": png(), "1.txt": b"a"}).read_bytes()
    cases = {
        "truncated.tar": (good[:540], InputError, "ends within the member"),
        "header.tar": (good[:1200], InputError, "without the empty block"),
        "member.tar": (good[:2048], InputError, "without the empty block"),
        "empty.tar": (b"", InputError, "without the empty block"),
        "damaged.tar": (b"x" + good[1:], InputError, "no tar header at byte 0"),
        "packed.tar": (gzip.compress(good), UsageError, "gunzip it first"),
    }
    for name, (data, error, message) in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(error, match=message):
            load_samples(tmp_path / name)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"1.png": b"x"}, "1 images and the endings png"),
        ({"1.txt": b"a", "2.png": b"x", "2.txt": b"b"}, "'1' has 0 images"),
        ({"1.png": b"x", "1.jpg": b"x", "1.txt": b"b"}, "'1' has 2 images"),
        ({"1.png": b"x", "1.json": b"{"}, "not JSON"),
        ({"1.png": b"x", "1.json": b"[1]"}, "expected a .txt"),
        ({"1.png": b"x", "1.json": b"{}"}, "KeyError 'text'"),
        ({"1.png": b"x", "1.txt": b"\xff\xfe"}, "is not utf-8"),
    ],
)
def test_bad_samples_are_named(tmp_path: Path, members: dict[str, bytes], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_samples(write_tar(tmp_path / "a.tar", members))


def test_damaged_images_are_found_by_the_check(tmp_path: Path) -> None:
    members = {"1.png": png()[:40], "1.txt": b"a", "2.png": b"", "2.txt": b"b", "3.png": png(), "3.txt": b"c"}
    report = inspect_samples({"train": load_samples(write_tar(tmp_path / "a.tar", members))}).splits[0]
    assert [problem.rule for problem in report.bad] == ["damaged image", "empty image"] and len(report.kept) == 1
