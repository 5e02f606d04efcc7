"""The readers of label formats without XML, the native writer, and what is refused."""

from __future__ import annotations

import contextlib
import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from ocr.data.label_options import LabelOptions
from ocr.data.labels.native_writer import write_native
from ocr.data.samples import Sample, load_samples
from ocr.document import Block, Char, Line, Page, Word
from ocr.errors import ExitCode, InputError, UsageError
from ocr.polygon import from_box
from tests.data.label_files import BOX, PAGE_XML, draw, only_page, write

# Native


def test_native_page_with_words_of_the_page(tmp_path: Path) -> None:
    words = [
        {"text": "world", "polygon": [[55, 12], [88, 12], [88, 28], [55, 28]]},
        {"text": "hello", "polygon": [[12, 12], [50, 12], [50, 28], [12, 28]]},
        {"text": "lost", "polygon": [[150, 80], [190, 80], [190, 95], [150, 95]]},
    ]
    lines = [{"text": "hello world", "polygon": BOX}, {"text": "", "polygon": BOX, "ignore": True}]
    entry = {"image": "a.png", "width": 200, "height": 100, "lines": lines, "words": words, "lang": "en"}
    (sample,) = load_samples(write(tmp_path / "val.jsonl", json.dumps(entry) + "\n"))
    assert sample.lang == "en" and sample.size == (200, 100) and sample.source.endswith("val.jsonl:1")
    assert sample.page is not None and len(sample.page.blocks) == 1
    hello, ignored = sample.page.lines
    assert [word.text for word in hello.words] == ["hello", "world"], "in reading direction"
    assert ignored.ignore and not hello.ignore


def test_native_crop_text_becomes_nfc(tmp_path: Path) -> None:
    text = unicodedata.normalize("NFD", "서울 café")
    manifest = write(tmp_path / "train.jsonl", json.dumps({"image": "a.png", "text": text}))
    (sample,) = load_samples(manifest)
    assert sample.text == "서울 café" and sample.page is None and sample.is_crop


def test_native_page_without_size_takes_it_from_the_image(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    manifest = write(tmp_path / "train.jsonl", json.dumps({"image": "a.png", "lines": [{"text": "a", "polygon": BOX}]}))
    assert load_samples(manifest)[0].size == (200, 100)


def test_native_lines_of_ignored_kinds(tmp_path: Path) -> None:
    lines = [{"text": "a", "polygon": BOX, "kind": kind} for kind in ("print", "Handwritten")]
    entry = {"image": "a.png", "width": 200, "height": 100, "lines": lines}
    manifest = write(tmp_path / "train.jsonl", json.dumps(entry))
    page = only_page(load_samples(manifest, options=LabelOptions(ignore_kinds=frozenset({"handwritten"}))))
    assert [line.ignore for line in page.lines] == [False, True]


def test_native_round_trip_keeps_words_and_characters(tmp_path: Path) -> None:
    chars = (Char("가", from_box(10, 10, 30, 30)), Char("나", from_box(30, 10, 50, 30)))
    line = Line("가나", from_box(10, 10, 50, 30), words=(Word("가나", from_box(10, 10, 50, 30), chars=chars),))
    ignored = Line("", from_box(60, 10, 90, 30), ignore=True)
    page = Page(1, 200, 100, (Block((line, ignored)),))
    inside = Sample(draw(tmp_path / "set" / "images" / "a.png"), page, lang="ko")
    outside = Sample(draw(tmp_path / "elsewhere" / "a.png", (20, 10)), text="줄", kind="line")
    manifest = write_native(iter([inside, outside]), tmp_path / "set", "train")
    first, second = load_samples(manifest)
    assert first.page == page and first.lang == "ko"
    assert second.text == "줄" and second.kind == "line" and second.load().shape == (10, 20, 3)
    assert second.image.name == "a_2.png", "two images of one name both stay"
    assert not list((tmp_path / "set").glob("*.part"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", r"train\.jsonl:2: not JSON"),
        ('{"image": "a.png"}', r":2: KeyError 'text'"),
        ('{"image": "a.png", "text": 3}', ":2: TypeError"),
        (
            '{"image": "a.png", "width": 9, "height": 9, "lines": [{"text": "a", "polygon": [1, 2, 3]}]}',
            ":2: TypeError",
        ),
        (
            '{"image": "a.png", "width": 9, "height": 9, "lines": [{"text": "a", "polygon": [[1, 2, 3]]}]}',
            ":2: ValueError",
        ),
        ("[]", ":2: TypeError"),
    ],
)
def test_native_bad_rows_name_file_and_line(tmp_path: Path, row: str, message: str) -> None:
    manifest = write(tmp_path / "train.jsonl", '{"image": "a.png", "text": "good"}\n' + row + "\n")
    with pytest.raises(InputError, match=message) as caught:
        load_samples(manifest)
    assert caught.value.exit_code == ExitCode.INPUT


# Encodings (RELIABILITY I15)


def test_byte_order_mark_and_crlf_are_accepted(tmp_path: Path) -> None:
    rows = '\ufeff{"image": "a.png", "text": "é"}\r\n{"image": "b.png", "text": "b"}\r\n'
    manifest = tmp_path / "train.jsonl"
    manifest.write_bytes(rows.encode())
    assert [sample.text for sample in load_samples(manifest)] == ["é", "b"]


def test_other_encodings_name_line_and_byte_and_can_be_given(tmp_path: Path) -> None:
    manifest = tmp_path / "train.jsonl"
    manifest.write_bytes('{"image": "a.png", "text": "a"}\n{"image": "b.png", "text": "값"}\n'.encode("cp949"))
    with pytest.raises(InputError, match=r"train\.jsonl:2: byte \d+ .*--encoding"):
        load_samples(manifest)
    assert load_samples(manifest, options=LabelOptions(encoding="cp949"))[1].text == "값"
    with pytest.raises(UsageError, match="unknown encoding"):
        load_samples(manifest, options=LabelOptions(encoding="utf-99"))


def test_nul_is_refused(tmp_path: Path) -> None:
    manifest = write(tmp_path / "train.jsonl", '{"image": "a.png", "text": "a"}\n{"image": "b.png", "text": "\0"}\n')
    with pytest.raises(InputError, match=r"train\.jsonl:2: a NUL"):
        load_samples(manifest)


# Paths (RELIABILITY S4)


@pytest.mark.parametrize(
    "name", ["../a.png", "/etc/a.png", "x/../../a.png", "C:\\a.png", "..\\a.png", "\\\\host\\a.png"]
)
def test_paths_out_of_the_set_are_refused(tmp_path: Path, name: str) -> None:
    manifest = write(tmp_path / "set" / "train.jsonl", json.dumps({"image": name, "text": "a"}))
    with pytest.raises(UsageError, match=r"train\.jsonl:1: .*--allow-outside") as caught:
        load_samples(manifest)
    assert caught.value.exit_code == ExitCode.USAGE
    assert len(load_samples(manifest, options=LabelOptions(allow_outside=True))) == 1


def test_links_out_of_the_set_are_refused(tmp_path: Path) -> None:
    outside = draw(tmp_path / "outside" / "a.png")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "file.png").symlink_to(outside)
    (tmp_path / "set" / "folder").symlink_to(outside.parent)
    for name in ("file.png", "folder/a.png"):
        manifest = write(tmp_path / "set" / f"{Path(name).stem}.jsonl", json.dumps({"image": name, "text": "a"}))
        with pytest.raises(UsageError, match="link that leaves"):
            load_samples(manifest)
        assert load_samples(manifest, options=LabelOptions(allow_outside=True))[0].load().shape == (100, 200, 3)


# ICDAR


def test_icdar_quadrilaterals(tmp_path: Path) -> None:
    draw(tmp_path / "img_1.jpg")
    rows = "\ufeff10,10,90,12,90,32,10,30,Total, 12.50\r\n10,40,90,40,90,60,10,60,###\r\n"
    write(tmp_path / "gt_img_1.txt", rows)
    write(tmp_path / "readme.txt", "not labels")
    total, ignored = only_page(load_samples(tmp_path)).lines
    assert total.text == "Total, 12.50" and total.polygon == ((10, 10), (90, 12), (90, 32), (10, 30))
    assert ignored.ignore and ignored.text == ""


def test_icdar_boxes_scripts_and_images_in_a_folder_beside(tmp_path: Path) -> None:
    image = draw(tmp_path / "images" / "b.png")
    write(tmp_path / "boxes" / "b.txt", '10 10 90 30 "Hello"\n')
    write(tmp_path / "mlt" / "gt_b.txt", "10,10,90,10,90,30,10,30,Korean,안녕, 서울\n")
    (sample,) = load_samples(tmp_path / "boxes")
    assert sample.image.resolve() == image and only_page([sample]).text == "Hello"
    assert only_page(load_samples(tmp_path / "mlt")).text == "안녕, 서울"


def test_icdar_bad_rows_name_file_and_line(tmp_path: Path) -> None:
    draw(tmp_path / "a.jpg")
    write(tmp_path / "a.txt", "10,10,90,12,90,32,10,30,good\nbad row\n")
    with pytest.raises(InputError, match=r"a\.txt:2: 'bad row' is not 8"):
        load_samples(tmp_path)


# FUNSD


def test_funsd_entities_become_lines(tmp_path: Path) -> None:
    draw(tmp_path / "images" / "f.png")
    words = [
        {"text": "second", "box": [10, 40, 60, 50]},
        {"text": "line", "box": [65, 41, 90, 51]},
        {"text": "third", "box": [10, 60, 60, 70]},
        {"text": "", "box": [0, 0, 1, 1]},
    ]
    form = [
        {"text": "second line third", "box": [10, 40, 90, 70], "words": words, "label": "answer"},
        {"text": "title", "box": [10, 10, 50, 20], "words": [{"text": "title", "box": [10, 10, 50, 20]}]},
        {"text": "", "box": [100, 80, 120, 90], "words": [], "label": "other"},
    ]
    write(tmp_path / "annotations" / "f.json", json.dumps({"form": form}))
    lines = list(only_page(load_samples(tmp_path)).lines)
    assert [line.text for line in lines] == ["title", "second line", "third", ""]
    assert lines[1].polygon == from_box(10, 40, 90, 51) and len(lines[1].words) == 2
    assert lines[3].ignore


# Hugging Face imagefolder


def test_imagefolder_text_and_donut_ground_truth(tmp_path: Path) -> None:
    donut = json.dumps({"gt_parse": {"text_sequence": "가 나"}})
    rows = [
        {"file_name": "a.png", "text": "{braces}"},
        {"file_name": "b.png", "ground_truth": donut},
        {"file_name": "c.png", "ground_truth": "plain"},
    ]
    write(tmp_path / "train" / "metadata.jsonl", "\n".join(json.dumps(row) for row in rows))
    assert [sample.text for sample in load_samples(tmp_path, split="train")] == ["{braces}", "가 나", "plain"]


def test_imagefolder_without_text_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "metadata.jsonl", json.dumps({"file_name": "a.png", "ground_truth": '{"gt_parse": {"total": 3}}'}))
    with pytest.raises(InputError, match=r"metadata\.jsonl:1: .*text_sequence"):
        load_samples(tmp_path)


@pytest.mark.parametrize("suffix", [".txt", ".json", ".xml", ".jsonl"])
def test_fuzzed_label_files_raise_only_our_errors(tmp_path: Path, suffix: str) -> None:
    seeds = [
        b'{"image": "a.png", "text": "a"}\n',
        PAGE_XML.encode(),
        b"1,2,3,4,5,6,7,8,a\n",
        b'{"form": [{"words": []}]}',
    ]
    random = np.random.default_rng(0)
    for round_number in range(150):
        data = bytearray(seeds[round_number % len(seeds)])
        for position in random.integers(0, len(data), 5):
            data[position] = random.integers(0, 256)
        path = tmp_path / f"f{suffix}"
        path.write_bytes(bytes(data[: random.integers(1, len(data) + 1)]))
        with contextlib.suppress(InputError, UsageError):
            load_samples(path)
