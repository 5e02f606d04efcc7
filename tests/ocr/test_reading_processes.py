"""Pages read by several processes: the same results in the same order, failures that cost one page, no process left."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from ocr.commands.predict import default_workers
from ocr.data.page_options import PageOptions
from ocr.document import Block, Line, Page
from ocr.errors import ModelError
from ocr.models.interface import Image
from ocr.polygon import from_box
from ocr.predict import DocumentStream, stream_documents
from ocr.reading_processes import ReadingProcesses, can_fork


class CarefulReader:
    """Reads the width and the thread count; dies, fails or sleeps on certain widths."""

    def predict(self, images: Sequence[Image]) -> list[Page]:
        return [self._page(image) for image in images]

    @staticmethod
    def _page(image: Image) -> Page:
        height, width = image.shape[:2]
        if width == 13:
            os._exit(3)
        if width == 14:
            raise MemoryError
        if width in (15, 16):
            time.sleep(0.3 if width == 16 else 30)
        text = f"{width} {os.environ['OMP_NUM_THREADS']}"
        return Page(1, width, height, (Block((Line(text, from_box(0, 0, width, height)),)),))


def broken_loader() -> CarefulReader:
    raise ModelError("no such model")


def load_careful(*model: str | None) -> CarefulReader:
    return CarefulReader()


def draw(folder: Path, *widths: int) -> list[str]:
    names = []
    for number, width in enumerate(widths):
        names.append(str(folder / f"{number}.png"))
        PillowImage.fromarray(np.zeros((20, width), np.uint8)).save(names[-1])
    return names


def summary(document: DocumentStream) -> str:
    pages = list(document.pages)
    errors = [failure.code for _, failure in document.page_failures]
    return "; ".join([*(line.text for page in pages for line in page.lines), *errors]) or str(
        document.error and document.error.code
    )


@pytest.mark.parametrize("forked", [False, True])
def test_results_come_in_order_and_a_failure_costs_one_page(tmp_path: Path, forked: bool) -> None:
    names = draw(tmp_path, 16, 30, 13, 40, 14, 50)
    names.insert(2, str(tmp_path / "missing.png"))
    tall = tmp_path / "three.tif"
    pages = [PillowImage.fromarray(np.zeros((20, width), np.uint8)) for width in (60, 13, 61)]
    pages[0].save(tall, save_all=True, append_images=pages[1:])
    with ReadingProcesses(CarefulReader, 2, forked=forked) as reader:
        seen = [summary(document) for document in stream_documents([*names, str(tall)], reader.load)]
    assert seen == [
        "16 1",
        "30 1",
        "not_found",
        "worker_crash",
        "40 1",
        "out_of_memory",
        "50 1",
        "60 1; 61 1; worker_crash",
    ]
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("forked", [False, True])
def test_a_page_has_its_time(tmp_path: Path, forked: bool) -> None:
    options = PageOptions(reading_timeout=0.5)
    with ReadingProcesses(CarefulReader, 2, forked=forked) as reader:
        seen = [summary(document) for document in stream_documents(draw(tmp_path, 15, 20), reader.load, options)]
    assert seen == ["timeout", "20 1"]


def test_a_model_that_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    with ReadingProcesses(broken_loader, 2) as reader, pytest.raises(ModelError, match="no such model"):
        [summary(document) for document in stream_documents(draw(tmp_path, 20), reader.load)]


def test_forked_processes_have_what_the_parent_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    if not can_fork():
        pytest.skip("other tests have left threads in this process, or it is not Linux")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    loaded: list[str] = []

    def load() -> CarefulReader:  # no other process could import it
        loaded.append(os.environ["OMP_NUM_THREADS"])
        return CarefulReader()

    with ReadingProcesses(load, 3, forked=True) as reader:
        assert not loaded
        reader.load()
        assert len(reader._pool._processes) == 3
        texts = [line.text for page in reader.predict([np.zeros((20, 30, 3), np.uint8)] * 5) for line in page.lines]
    assert (texts, loaded, os.environ["OMP_NUM_THREADS"]) == (["30 1"] * 5, ["1"], "7")
    assert not multiprocessing.active_children()
    with ReadingProcesses(broken_loader, 2, forked=True) as reader, pytest.raises(ModelError, match="no such model"):
        reader.load()


def test_processes_start_when_they_are_needed_or_at_once() -> None:
    with ReadingProcesses(CarefulReader, 3) as reader:
        assert not reader._pool._processes
        reader.predict([np.zeros((20, 30, 3), np.uint8)])
        assert len(reader._pool._processes) == 1
    with ReadingProcesses(broken_loader, 2, at_once=True) as reader:
        assert len(reader._pool._processes) == 2
        with pytest.raises(ModelError, match="no such model"):
            reader.predict([np.zeros((20, 30, 3), np.uint8)])


def test_processes_that_were_not_needed_are_not_waited_for() -> None:
    started = time.monotonic()
    with ReadingProcesses(functools.partial(time.sleep, 30), 2, at_once=True):  # type: ignore[arg-type]
        pass
    assert time.monotonic() - started < 25 and not multiprocessing.active_children()


def test_no_more_processes_than_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    numbers = [default_workers(inputs, large=False) for inputs in (["a.png", "b.png"], ["a.png"] * 9, ["a.pdf"])]
    assert numbers == [2, 4, 4]


def test_pages_are_read_side_by_side(tmp_path: Path) -> None:
    images = [np.zeros((20, 16, 3), np.uint8)] * 6
    with ReadingProcesses(CarefulReader, 3) as reader:
        reader.predict(images[:3])  # until all are there
        started = time.monotonic()
        assert [page.width for page in reader.predict(images)] == [16] * 6
        assert time.monotonic() - started < 6 * 0.3


@pytest.mark.parametrize("forked", [False, True])
def test_no_process_outlives_a_killed_parent(tmp_path: Path, forked: bool) -> None:
    script = (
        "import sys, time, numpy as np; sys.path[:0] = [sys.argv[1]]\n"
        "from test_reading_processes import CarefulReader\n"
        "from ocr.reading_processes import ReadingProcesses\n"
        "if __name__ == '__main__':\n"
        f"    reader = ReadingProcesses(CarefulReader, 2, forked={forked}).load()\n"
        "    reader.predict([np.zeros((9, 9, 3), np.uint8)])\n"
        "    print(*reader._pool._processes, flush=True); time.sleep(60)\n"
    )
    file = tmp_path / "parent.py"
    file.write_text(script)
    command = [sys.executable, str(file), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        children = [int(word) for word in parent.stdout.readline().split()]
        parent.kill()
    assert children
    for _ in range(100):
        if not any(Path(f"/proc/{child}").exists() for child in children):
            return
        time.sleep(0.1)
    pytest.fail(f"processes {children} are still there")


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_stop_all_processes_at_once(tmp_path: Path, sent: signal.Signals, code: int) -> None:
    script = tmp_path / "command.py"
    script.write_text(
        "import sys; sys.path[:0] = [sys.argv.pop(1)]\n"
        "import ocr.commands.predict, test_reading_processes\n"
        "ocr.commands.predict.load_model = test_reading_processes.load_careful\n"
        "from ocr.cli import main\n"
        "if __name__ == '__main__': sys.exit(main())\n"
    )
    names = draw(tmp_path, 30, 15, 15)  # the last two take half a minute each
    arguments = [sys.executable, str(script), str(Path(__file__).parent), "predict", *names, "--workers", "2"]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [*arguments, "--format", "jsonl"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    signal.signal(signal.SIGINT, before)
    assert process.stdout is not None
    assert b"30 1" in process.stdout.readline()
    started = time.monotonic()
    process.send_signal(sent)
    _, messages = process.communicate(timeout=25)
    assert time.monotonic() - started < 25
    assert (process.returncode, messages.strip()) == (code, b"")
    for _ in range(100):  # multiprocessing's own tracker ends a moment after its parent
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("a process of the group is left")


def test_a_signal_that_another_thread_gets_ends_the_wait() -> None:
    """Also what happens to one that comes just before the main thread waits: the system interrupts no wait."""
    script = (
        "import signal, sys, threading, time\n"
        "from concurrent.futures import Future\n"
        "from ocr.interruptible import result_of\n"
        "def send():\n"
        "    time.sleep(0.2); signal.pthread_kill(threading.get_ident(), signal.SIGINT); time.sleep(20)\n"
        "threading.Thread(target=send, daemon=True).start()\n"
        "try: result_of(Future())\n"
        "except KeyboardInterrupt: print('heard')\n"
    )
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # what a background job would be told to ignore
    try:
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=15)
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.stdout == "heard\n"


@pytest.mark.parametrize(
    ("inputs", "adapter", "many"),
    [
        (["a.png"], None, False), (["a.png", "b.png"], None, True), (["scans/"], None, True), (["a.pdf"], None, True),
        (["a.png", "b.png"], "runs/mine", False), (["-", "b.png"], None, False),
    ],
)  # fmt: skip
def test_processes_are_started_where_they_pay(
    inputs: list[str], adapter: str | None, many: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scans").mkdir()
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(2)), raising=False)
    assert default_workers(inputs, bool(adapter)) == (2 if many else 1)


def test_loaders_can_be_sent_to_other_processes() -> None:
    import pickle

    from ocr.commands.predict import load_model

    pickle.dumps(functools.partial(load_model, "two-stage-small", None, None, "cpu"))
