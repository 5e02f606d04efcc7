"""``ocr predict --resume``: killed at any moment and started again, a run ends as if it had never been stopped."""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

import ocr.pipeline
from ocr.cli import main
from ocr.document import Block, Line, Page
from ocr.models.interface import Image
from ocr.polygon import from_box
from ocr.writers.resume import LEFT_SECONDS, remove_left


class WidthReader:
    """Reads the width of the page, many times, so that lines are long; counts the pages."""

    def __init__(self) -> None:
        self.widths: list[int] = []

    def predict(self, images: Sequence[Image]) -> list[Page]:
        pages = []
        for image in images:
            height, width = image.shape[:2]
            self.widths.append(width)
            lines = (Line(f"width {width}", from_box(0, 0, width, height), 0.9),) * 20
            pages.append(Page(1, width, height, (Block(lines),)))
        return pages


SLOW = """
import sys, time
sys.path.insert(0, {tests!r})
from test_resume import WidthReader
import ocr.pipeline

class SlowReader(WidthReader):
    def predict(self, images):
        time.sleep(0.002)
        return super().predict(images)

ocr.pipeline.load = lambda *_: SlowReader()
import ocr.commands.predict
ocr.commands.predict.MOST_WORKERS = 1  # other processes would not know this reader
from ocr.cli import main
sys.exit(main())
"""


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> WidthReader:
    reader = WidthReader()
    monkeypatch.setattr(ocr.pipeline, "load", lambda *_: reader)
    monkeypatch.setattr("ocr.commands.predict.MOST_WORKERS", 1)  # other processes would not know this reader
    return reader


def draw(path: Path, *widths: int) -> Path:
    """A page of each width; later than everything else is written, unless the test says otherwise."""
    pages = [PillowImage.fromarray(np.zeros((12, width), np.uint8)) for width in widths]
    if len(pages) > 1:
        pages[0].save(path, save_all=True, append_images=pages[1:])
    else:
        pages[0].save(path)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    return path


@pytest.fixture
def scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``scans/`` with 10.png to 14.png, of which 12.png is empty."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scans").mkdir()
    for width in range(10, 15):
        draw(tmp_path / "scans" / f"{width}.png", width)
    (tmp_path / "scans" / "12.png").write_bytes(b"")
    os.utime(tmp_path / "scans" / "12.png", (1_000_000_000, 1_000_000_000))
    return tmp_path / "scans"


def predict(*arguments: str) -> int:
    return main(["predict", "scans", "--resume", *arguments])


def test_json_lines_are_continued_behind_the_last_whole_one(
    scans: Path, reader: WidthReader, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Path("results.jsonl")
    assert predict("--output", "results.jsonl") == 3  # there is nothing to resume, and 12.png cannot be read
    whole = output.read_bytes()
    lines = whole.splitlines(keepends=True)
    assert len(lines) == 5
    for kept in (0, 1, 8, 30, len(lines[0]), len(b"".join(lines[:3])) + 50, len(whole) - 1, len(whole)):
        output.write_bytes(whole[:kept])
        reader.widths.clear()
        capsys.readouterr()
        assert predict("--output", "results.jsonl") == 3, "one of them has no result, in whichever run"
        assert output.read_bytes() == whole
        done = whole[:kept].count(b"\n")
        assert len(reader.widths) == 4 - done + (done > 2)
        assert ("done before" in capsys.readouterr().err) == (done > 0)


def test_a_file_that_was_given_twice_has_two_lines(scans: Path, reader: WidthReader) -> None:
    arguments = ["predict", "scans/10.png", "scans/11.png", "scans/10.png", "--resume", "--output", "results.jsonl"]
    assert main(arguments) == 0
    whole = Path("results.jsonl").read_text()
    Path("results.jsonl").write_text("".join(whole.splitlines(keepends=True)[:2]))
    assert main(arguments) == 0
    assert Path("results.jsonl").read_text() == whole


@pytest.mark.parametrize("text", ["my notes", '{"name": "other"}\n', "[1, 2]\nnot json\n", '{"source": "x"}\n'])
def test_a_file_of_other_lines_is_left_alone(
    scans: Path, reader: WidthReader, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("results.jsonl").write_text(text)
    assert predict("--output", "results.jsonl") == 5
    assert Path("results.jsonl").read_text() == text and reader.widths == []
    assert "line 1 of results.jsonl is no result" in capsys.readouterr().err


def test_a_folder_is_filled_up(scans: Path, reader: WidthReader, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict("--output", "out/", "--format", "txt,hocr") == 3
    Path("out/11.txt").unlink()
    (scans / "13.png").touch()  # changed after it was read
    os.utime("out/13.txt", (1_000_000_001, 1_000_000_001))
    reader.widths.clear()
    assert predict("--output", "out/", "--format", "txt,hocr") == 3
    assert reader.widths == [11, 13]
    assert capsys.readouterr().err.endswith("ocr: 2 read, 1 failed; 2 done before\n")
    draw(scans / "12.png", 12)
    reader.widths.clear()
    assert predict("--output", "out/", "--format", "txt,hocr") == 0
    assert reader.widths == [12]


def test_what_could_not_be_read_is_tried_again(scans: Path, reader: WidthReader) -> None:
    assert predict("--output", "out/", "--format", "json") == 3
    assert "error" in json.loads(Path("out/12.json").read_text())
    draw(scans / "12.png", 12)
    reader.widths.clear()
    assert predict("--output", "out/", "--format", "json") == 0
    assert reader.widths == [12] and "pages" in json.loads(Path("out/12.json").read_text())


def test_of_a_page_a_file_the_first_comes_last(scans: Path, reader: WidthReader) -> None:
    draw(scans / "12.png", 12)
    draw(scans / "book.tif", 20, 21, 22)
    assert predict("--output", "out/", "--format", "page") == 0
    written = [path.stat().st_mtime_ns for path in sorted(Path("out").glob("book*"))]
    assert len(written) == 3
    Path("out/book.page.xml").unlink()
    reader.widths.clear()
    assert predict("--output", "out/", "--format", "page") == 0
    assert reader.widths == [20, 21, 22]
    Path("out/book.page.xml").unlink()
    reader.widths.clear()
    assert predict("--output", "out/", "--format", "page", "--pages", "1-2") == 0
    assert reader.widths == [20, 21]
    assert predict("--output", "out/", "--format", "page", "--pages", "2-") == 3, "the other files have one page"
    assert reader.widths == [20, 21], "book-0002.page.xml was there"


def test_files_whose_results_could_change_names_are_read_again(scans: Path, reader: WidthReader) -> None:
    draw(scans / "12.png", 12)
    draw(scans / "10.bmp", 30)
    assert predict("--output", "out/") == 0
    reader.widths.clear()
    assert predict("--output", "out/") == 0
    assert reader.widths == [30, 10]
    assert Path("out/10.txt").read_text().startswith("width 30")
    assert Path("out/10.png.txt").read_text().startswith("width 10")


@pytest.mark.parametrize(
    "arguments", [[], ["--output", "results.txt"], ["--output", "x.json"], ["--output", "x", "--format", "jsonl,txt"]]
)
def test_other_outputs_cannot_be_resumed(
    scans: Path, reader: WidthReader, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(*arguments) == 2
    assert "--resume needs a folder as --output" in capsys.readouterr().err
    assert reader.widths == []


def test_pictures_are_not_resumed(scans: Path, reader: WidthReader, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict("--output", "out/", "--overlay", "pictures") == 2
    assert "leave out --overlay" in capsys.readouterr().err


def test_an_input_is_never_cut(scans: Path, reader: WidthReader) -> None:
    Path("list.jsonl").write_text('{"source": ')
    assert main(["predict", "list.jsonl", "--resume", "--output", "list.jsonl"]) == 5
    assert Path("list.jsonl").read_text() == '{"source": '


def test_what_killed_runs_left_is_removed_but_not_what_is_being_written(tmp_path: Path) -> None:
    names = (".ocr-left", ".ocr-written", ".ocr-new", "kept.txt")
    for name in names:
        (tmp_path / name).write_text("half")
        if name != ".ocr-new":
            os.utime(tmp_path / name, (time.time() - 10 * LEFT_SECONDS,) * 2)
    with (tmp_path / ".ocr-written").open() as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        remove_left(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(names) - {".ocr-left"}
    remove_left(tmp_path / "missing")


@pytest.mark.parametrize("most", [3, pytest.param(20, marks=pytest.mark.slow)])
@pytest.mark.parametrize("output", ["results.jsonl", "out/"])
def test_kill_9_at_any_moment(tmp_path: Path, output: str, most: int) -> None:
    """120 files, killed again and again within a run; the end is that of a run that never stopped."""
    (tmp_path / "scans").mkdir()
    for width in range(10, 130):
        draw(tmp_path / "scans" / f"{width}.png", width)
    program = SLOW.format(tests=str(Path(__file__).parent))
    command = [sys.executable, "-c", program, "predict", "scans", "--format", "jsonl", "--quiet", "--output"]
    subprocess.run([*command, f"whole-{output}"], cwd=tmp_path, check=True)
    chance = random.Random(7)
    kills = 0
    while kills < most:
        with subprocess.Popen([*command, output, "--resume"], cwd=tmp_path, start_new_session=True) as process:
            before = size(tmp_path / output)
            while process.poll() is None and size(tmp_path / output) == before:
                time.sleep(0.005)
            time.sleep(chance.random() * 0.03)
            if process.poll() is not None:
                assert process.returncode == 0
                break
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
    time.sleep(LEFT_SECONDS)
    subprocess.run([*command, output, "--resume"], cwd=tmp_path, check=True)
    assert kills > min(most, 4) / 2
    assert contents(tmp_path / output) == contents(tmp_path / f"whole-{output}")


def size(output: Path) -> int:
    if output.is_dir():
        return len(list(output.iterdir()))
    return output.stat().st_size if output.exists() else 0


def contents(output: Path) -> dict[str, bytes]:
    return {
        path.name.removeprefix("whole-"): path.read_bytes()
        for path in (output.iterdir() if output.is_dir() else [output])
    }
