"""``ocr predict`` from the command line: what stands on standard output and standard error, and the exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from ocr.cli import main
from ocr.commands.progress import ReadingProgress, printable
from ocr.errors import Failure

WITH_READER = """
import sys, time
import ocr.pipeline

class Reader:
    def predict(self, images):
        return [self.page(image) for image in images]
    def page(self, image):
        from ocr.document import Block, Line, Page, Word
        from ocr.polygon import from_box
        height, width = image.shape[:2]
        if width == 13: raise RuntimeError("unlucky")
        if width == 14: time.sleep(60)
        box = from_box(0, 0, width, height)
        line = Line(f"width {width}", box, 0.9, (Word("width", box), Word(str(width), box)))
        return Page(1, width, height, (Block((line,)),) if image.min() < 255 else ())

ocr.pipeline.load = lambda name=None, pipeline=None, adapter=None, device=None: Reader()
import ocr.commands.predict
ocr.commands.predict.MOST_WORKERS = 1  # other processes would not know this reader
from ocr.cli import main
sys.exit(main())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "work").mkdir()
    yield tmp_path / "work"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", WITH_READER, *arguments]


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        env=os.environ | environment,
        check=False,
    )


def draw(path: Path, width: int, colour: int = 0) -> str:
    PillowImage.fromarray(np.full((20, width), colour, np.uint8)).save(path)
    return path.name


def test_one_page_gives_its_text_and_nothing_else(folder: Path) -> None:
    done = run(folder, "predict", draw(folder / "page.png", 30))
    assert (done.returncode, done.stdout, done.stderr) == (0, "width 30\n", "")


def test_a_blank_page_gives_no_text(folder: Path) -> None:
    done = run(folder, "predict", draw(folder / "blank.png", 30, 255))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_bad_files_give_one_line_each_and_the_others_their_results(folder: Path) -> None:
    draw(folder / "good.png", 30)
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("no image")
    noise = np.random.default_rng(0).integers(0, 255, (99, 99), np.uint8)
    PillowImage.fromarray(noise).save(folder / "cut.jpg")
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:2000])
    (folder / "locked.pdf").write_bytes(
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
        b"4 0 obj<</Filter/Standard/V 1/R 2/P -4/O<" + b"61" * 32 + b">/U<" + b"62" * 32 + b">>>endobj\n"
        b"trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]/Size 5>>\n%%EOF"
    )
    names = ["empty.png", "good.png", "text.png", "cut.jpg", "locked.pdf"]
    done = run(folder, "predict", *names, "--format", "jsonl")
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 3
    assert [entry["source"] for entry in entries] == names
    codes = [entry.get("error", {}).get("code") for entry in entries]
    assert codes == ["empty", None, "unsupported", "truncated", "encrypted"]
    assert entries[1]["pages"][0]["blocks"][0]["lines"][0]["text"] == "width 30"
    lines = done.stderr.splitlines()
    assert [line.split(": ")[1] for line in lines[:-1]] == [
        f"cannot read {name}" for name in names if name != "good.png"
    ]
    assert "--password" in lines[-2]
    assert lines[-1] == "ocr: 1 read, 4 failed"


def test_missing_files_alone_are_a_wrong_usage(folder: Path) -> None:
    done = run(folder, "predict", "missing.png")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "ocr: cannot read missing.png: there is no such file or folder\n"


def test_a_folder_gives_an_array_even_with_one_file(folder: Path) -> None:
    (folder / "scans").mkdir()
    draw(folder / "scans" / "page.png", 30)
    done = run(folder, "predict", "scans", "--format", "json", "--quiet")
    (entry,) = json.loads(done.stdout)
    assert entry["source"] == str(Path("scans", "page.png"))
    assert (done.returncode, done.stderr) == (0, "")
    single = run(folder, "predict", "scans/page.png", "--format", "json")
    assert json.loads(single.stdout)["pages"] == entry["pages"]


def test_standard_input(folder: Path) -> None:
    draw(folder / "page.png", 30)
    with (folder / "page.png").open("rb") as file:
        done = subprocess.run(command("predict", "-"), stdin=file, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "width 30\n", "")


def test_output_file_decides_the_format_and_overlay_is_drawn(folder: Path) -> None:
    done = run(folder, "predict", draw(folder / "page.png", 30), "--output", "result.json", "--overlay", "drawn")
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads((folder / "result.json").read_text("utf-8"))["source"] == "page.png"
    assert PillowImage.open(folder / "drawn" / "page.overlay.jpg").size == (60, 20)


@pytest.fixture
def keep_signals() -> Iterator[None]:
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


@pytest.mark.usefixtures("keep_signals")
def test_wrong_usage_is_one_line_with_a_suggestion(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    draw(folder / "page.png", 30)
    for arguments, words in (
        (["predict", "page.png", "--formt", "json"], "--format"),
        (["predict", "page.png", "--format", "jsn"], "did you mean json"),
        (["predict", "page.png", "--pages", "3-1"], "--pages 3-1"),
        (["predict", "page.png", "--dpi", "many"], "--dpi"),
        (["predict"], "inputs'; type ocr predict --help"),
        (["predict", "page.png", "--pages", "2-"], "its last page is 1"),
        (["predict", "page.png", "--correct", "--corrector-weights", "nf5"], "did you mean nf4"),
        (["predit", "page.png"], "predict"),
    ):
        assert main(arguments) == 2
        written = capsys.readouterr()
        assert written.out == ""
        assert written.err.count("\n") == 1
        assert written.err.startswith("ocr: ")
        assert words.lower() in written.err.lower()


def test_an_internal_error_is_one_line_and_a_trace_in_a_file(folder: Path) -> None:
    draw(folder / "bug.png", 13)
    done = run(folder, "predict", "bug.png", TMPDIR=str(folder))
    (trace,) = folder.glob("ocr-trace-*")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "RuntimeError: unlucky" in done.stderr
    assert str(trace) in done.stderr
    assert "Traceback" in trace.read_text()
    assert "Traceback" in run(folder, "predict", "bug.png", "--debug").stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_code_5(folder: Path) -> None:
    draw(folder / "page.png", 30)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command("predict", "page.png"),
            cwd=folder,
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 5
    assert done.stderr.startswith("ocr: cannot write standard output: no space left")
    assert done.stderr.count("\n") == 1


def test_a_closed_pipe_ends_it_quietly(folder: Path) -> None:
    draw(folder / "page.png", 30)
    with subprocess.Popen(
        command("predict", *["page.png"] * 3), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_stop_it_without_a_trace_and_keep_whole_results(folder: Path, sent: signal.Signals, code: int) -> None:
    draw(folder / "page.png", 30)
    draw(folder / "slow.png", 14)
    arguments = command("predict", "page.png", "slow.png", "page.png", "--format", "json", "--output", "out.json")
    # a shell starts background jobs with SIGINT ignored, which children inherit: the signal must be able to arrive
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(arguments, cwd=folder, stderr=subprocess.PIPE, start_new_session=True)
    signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 30
    while b"width 30" not in ((folder / "out.json").read_bytes() if (folder / "out.json").exists() else b""):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(sent)
    _, messages = process.communicate(timeout=30)
    assert (process.returncode, messages.strip()) == (code, b"")  # old versions of typer print a line feed
    assert [entry["source"] for entry in json.loads((folder / "out.json").read_text("utf-8"))] == ["page.png"]
    with pytest.raises(ProcessLookupError):  # no orphan: the whole process group is gone
        os.killpg(process.pid, 0)


def test_odd_file_names(folder: Path) -> None:
    names = ["a b.png", "é😀.png", "new\nline.png", "'\"$(x).png", "-dash.png", "\x1b[31m.png"]
    for name in names:
        draw(folder / name, 30)
    PillowImage.new("L", (30, 20)).save(folder / "plain.png")
    strange = os.fsdecode(b"caf\xe9.png")
    (folder / "plain.png").rename(folder / strange)
    done = run(folder, "predict", "--format", "jsonl", "--quiet", "--", *names, strange, LC_ALL="C", PYTHONUTF8="0")
    assert [json.loads(line)["source"] for line in done.stdout.splitlines()] == [*names, strange]
    assert (done.returncode, done.stderr) == (0, "")
    (folder / "new\nline.png").write_bytes(b"")
    done = run(folder, "predict", "new\nline.png")
    assert done.stderr == "ocr: cannot read new\\nline.png: the file is empty\n"


def test_control_characters_are_escaped() -> None:
    assert printable("a\tb\x1b\udcff é 한") == "a\\tb\\x1b\\udcff é 한"


def test_progress_counts_and_says_so_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    progress = ReadingProgress(quiet=False)
    progress._started = progress._last = time.monotonic() - 100
    for _ in range(3):
        progress.page("page.png")
    progress.failure("bad.png", Failure("empty", "the file is empty"))
    damaged = Failure("damaged", "the page is damaged")
    progress.page_failures("some.pdf", [(3, damaged)])
    progress.page_failures("more.pdf", [(3, damaged), (5, damaged), (7, damaged)])
    progress.document(failed=True)
    progress.close()
    progress.total()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("info: 1 pages read, 0 files failed")
    assert lines[1:] == [
        "ocr: cannot read bad.png: the file is empty",
        "ocr: cannot read some.pdf: page 3: the page is damaged",
        "ocr: cannot read more.pdf: page 3 (and 2 more): the page is damaged",
        "ocr: 0 read, 1 failed",
    ]


@pytest.mark.usefixtures("keep_signals")
def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in ((["--version"], "."), (["--help"], "predict"), (["predict", "--help"], "--overlay")):
        assert main(arguments) == 0
        assert words in capsys.readouterr().out


def test_the_light_path_imports_no_torch() -> None:
    modules = "ocr, ocr.cli, ocr.predict, ocr.commands.predict, ocr.writers.output, ocr.writers.overlay"
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_several_formats_and_wrong_ones(folder: Path) -> None:
    draw(folder / "a.png", 40)
    draw(folder / "b.png", 50)
    done = run(folder, "predict", "a.png", "b.png", "--format", "pdf,tsv,md", "--output", "out/")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        f"{stem}.{ending}" for stem in "ab" for ending in ("md", "pdf", "tsv")
    ]
    wrong = run(folder, "predict", "a.png", "--format", "pfd")
    assert wrong.returncode == 2 and "did you mean pdf?" in wrong.stderr
    assert run(folder, "predict", "a.png", "b.png", "--output", "both.pdf").returncode == 2
