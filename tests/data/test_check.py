"""The checks before training, and the drawings of labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr.data.check import check_samples, inspect_samples
from ocr.data.drawing import draw_sample, write_drawings
from ocr.data.samples import Sample
from ocr.document import Block, Char, Line, Page, Word
from ocr.errors import ExitCode, InputError
from ocr.polygon import from_box

ALPHABET = frozenset("abc ")
BOX = from_box(10, 10, 90, 30)


def draw(path: Path, value: int, size: tuple[int, int] = (200, 100)) -> Path:
    Image.new("RGB", size, (value % 256, value // 256, 0)).save(path)
    return path


def crops(folder: Path, count: int, start: int = 0) -> list[Sample]:
    """Different images, each labelled ``abc``."""
    names = [f"{number}.png" for number in range(start, start + count)]
    images = [draw(folder / name, start + number, (8, 4)) for number, name in enumerate(names)]
    return [Sample(image, text="abc", source=f"labels:{number}") for number, image in enumerate(images, start + 1)]


def page_of(folder: Path, *lines: Line) -> Sample:
    image = draw(folder / "page.png", 7)
    return Sample(image, Page(1, 200, 100, (Block(lines),)), size=(200, 100), source="page:1")


def test_a_good_set_passes(tmp_path: Path) -> None:
    report = check_samples(crops(tmp_path, 3), crops(tmp_path, 2, start=3), ALPHABET)
    assert len(report.train) == 3 and len(report.val) == 2 and not report.overlap
    assert "nothing wrong found" in str(report)


def test_no_validation_set_is_needed(tmp_path: Path) -> None:
    report = check_samples(crops(tmp_path, 3), [], ALPHABET)
    assert len(report.train) == 3 and report.val == []


def test_one_percent_of_bad_samples_is_skipped_by_name(tmp_path: Path) -> None:
    train = crops(tmp_path, 100)
    train[41].image.write_bytes(train[41].image.read_bytes()[:45])
    report = check_samples(train, crops(tmp_path, 1, start=200), ALPHABET)
    assert len(report.train) == 99
    assert "labels:42: truncated image" in str(report) and "41.png" in str(report)


def test_more_than_one_percent_stops_with_code_3(tmp_path: Path) -> None:
    train = crops(tmp_path, 100)
    for number in (3, 4):
        train[number].image.unlink()
    val = crops(tmp_path, 1, start=200)
    with pytest.raises(InputError, match=r"2 of 100 samples of train are bad, more than 1\.0%; .*3\.png") as caught:
        check_samples(train, val, ALPHABET)
    assert caught.value.exit_code == ExitCode.INPUT
    assert len(check_samples(train, val, ALPHABET, max_bad_fraction=0.02).train) == 98


@pytest.mark.parametrize(
    ("change", "rule"),
    [({"text": "  "}, "no text"), ({"size": (99, 4)}, "wrong size: 0.png is 8 x 4, labelled as 99 x 4")],
)
def test_bad_samples(tmp_path: Path, change: dict[str, object], rule: str) -> None:
    sample = replace(crops(tmp_path, 1)[0], **change)  # type: ignore[arg-type]
    report = inspect_samples({"train": [sample]})
    assert not report.train and rule in str(report) and "STOP" in str(report)


def test_an_empty_set_stops() -> None:
    with pytest.raises(InputError, match="train holds no samples"):
        check_samples([], [], ALPHABET)


@pytest.mark.parametrize(
    ("polygon", "rule"),
    [
        (from_box(150, 10, 260, 30), "outside the page"),
        (from_box(10, 10, 11, 11), "no area"),
        (BOX[:3], "bad polygon"),
        ((*BOX[:3], (float("nan"), 1.0)), "bad polygon"),
    ],
)
def test_bad_lines_become_ignore_regions(tmp_path: Path, polygon: tuple[tuple[float, float], ...], rule: str) -> None:
    good = [Line("abc", BOX) for _ in range(100)]
    report = inspect_samples({"train": [page_of(tmp_path, Line("bad", polygon), *good)]}, ALPHABET)
    assert rule in str(report) and not report.stop_reasons, "1 of 101 lines is below 1 %"
    page = report.train[0].page
    assert page is not None and sum(not line.ignore for line in page.lines) == 100
    assert not inspect_samples({"train": [page_of(tmp_path, Line("bad", polygon, ignore=True))]}).splits[0].bad_lines


def test_too_many_bad_lines_stop(tmp_path: Path) -> None:
    sample = page_of(tmp_path, Line("abc", BOX), Line("abc", from_box(900, 900, 1000, 950)))
    with pytest.raises(InputError, match=r"1 of 2 lines of train are bad.*outside the page"):
        check_samples([sample], [sample], ALPHABET)


def test_lines_sticking_out_a_little_are_fine(tmp_path: Path) -> None:
    report = inspect_samples({"train": [page_of(tmp_path, Line("abc", from_box(-3, 10, 203, 30)))]})
    assert not report.splits[0].bad_lines


def test_lines_without_text_become_ignore_regions(tmp_path: Path) -> None:
    report = inspect_samples({"train": [page_of(tmp_path, Line("", BOX), Line("abc", BOX))]})
    page = report.train[0].page
    assert page is not None and [line.ignore for line in page.lines] == [True, False]
    assert "lines without text, ignored: 1" in str(report) and not report.stop_reasons


def test_unknown_symbols_are_counted_in_nfd(tmp_path: Path) -> None:
    lines = (Line("cab é", BOX), Line("가가", BOX), Line("Z", BOX, ignore=True))
    report = inspect_samples({"train": [page_of(tmp_path, *lines)]}, frozenset("abc e\u1100"))
    assert report.splits[0].unknown == {"\u0301": 1, "\u1161": 2}
    assert "U+1161 2 times, first at page:1 in '가가'" in str(report)
    folded = inspect_samples({"train": [page_of(tmp_path, *lines)]}, ALPHABET, normalise=lambda text: "abc")
    assert not folded.splits[0].unknown


def test_duplicates_contradictions_and_overlap(tmp_path: Path) -> None:
    first, second = crops(tmp_path, 2)
    copy = replace(first, source="copy", image=tmp_path / "copy.png")
    copy.image.write_bytes(first.image.read_bytes())
    other = replace(second, text="bca", source="other")
    report = inspect_samples({"train": [first, second, copy, other], "val": [replace(first, source="val:1")]}, ALPHABET)
    assert report.splits[0].duplicates == [["labels:1", "copy"]]
    assert report.splits[0].contradictions == [["labels:2", "other"]]
    assert report.overlap == (("labels:1", "val:1"),)
    assert not report.stop_reasons and "images that are in two splits: 1" in str(report)


def test_draw_page_shows_outlines_and_text(tmp_path: Path) -> None:
    chars = (Char("가", from_box(12, 12, 30, 28)),)
    line = Line("가 abc", BOX, words=(Word("가", from_box(12, 12, 32, 28), chars=chars),))
    upside_down = Line("abc", ((90, 60), (10, 60), (10, 40), (90, 40)))
    sample = page_of(tmp_path, line, upside_down, Line("", from_box(10, 70, 90, 90), ignore=True))
    drawing = draw_sample(sample)
    assert drawing.shape == (100, 400, 3)
    colours = {tuple(colour) for colour in drawing.reshape(-1, 3).tolist()}
    assert {(0, 140, 60), (40, 90, 230), (240, 130, 0), (215, 30, 30)} <= colours
    assert (drawing[10:30, 210:290] < 128).any(), "text beside its line"


def test_draw_crop_and_text_page(tmp_path: Path) -> None:
    crop = crops(tmp_path, 1)[0]
    assert draw_sample(crop).shape[0] > 64, "enlarged, text below"
    assert draw_sample(replace(crop, text="two\nlines")).shape[1] > 8, "text beside"


def test_write_drawings_names_what_cannot_be_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = crops(tmp_path, 6)
    samples[0].image.unlink()
    assert write_drawings(samples, tmp_path / "out", limit=3) == 2
    assert len(list((tmp_path / "out").glob("*.png"))) == 2
    assert "0.png" in capsys.readouterr().err


def test_check_reads_the_pixels_not_only_the_header(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / "cut.jpg"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:2000])
    assert inspect_samples({"train": [Sample(path, text="abc", source="a:1")]}).splits[0].bad
