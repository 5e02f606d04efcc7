"""Reading files with a reader made here: order, failures, streaming, and that decoding is asked for ahead of time."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

import ocr
from ocr.data.page_options import PageOptions
from ocr.document import Block, Line, Page
from ocr.errors import InputError, UsageError
from ocr.models.interface import Image
from ocr.polygon import from_box
from ocr.predict import read, read_documents, stream_documents


class WidthReader:
    """Reads one line on each page: the width of the page. A page without ink gives no text."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def predict(self, images: Sequence[Image]) -> list[Page]:
        self.shapes += [image.shape for image in images]
        return [self._page(image) for image in images]

    @staticmethod
    def _page(image: Image) -> Page:
        height, width = image.shape[:2]
        line = Line(f"width {width}", from_box(0, 0, width, height), 0.9)
        return Page(1, width, height, (Block((line,)),) if image.min() < 255 else ())


class FailingReader:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def predict(self, images: Sequence[Image]) -> list[Page]:
        if images[0].shape[1] == 13:
            raise self.error
        return WidthReader().predict(images)


def draw(path: Path, width: int, colour: int = 0) -> str:
    PillowImage.fromarray(np.full((20, width), colour, np.uint8)).save(path)
    return str(path)


def test_every_file_gives_a_document_in_order(tmp_path: Path) -> None:
    names = [draw(tmp_path / f"{width}.png", width) for width in (30, 10, 20)]
    documents = list(read_documents(names, WidthReader()))
    assert [document.source for document in documents] == names
    assert [document.text for document in documents] == ["width 30", "width 10", "width 20"]


def test_bad_files_do_not_stop_the_others(tmp_path: Path) -> None:
    good = draw(tmp_path / "good.png", 10)
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("hello")
    missing, folder = str(tmp_path / "missing.png"), tmp_path / "folder"
    folder.mkdir()
    inputs = [str(tmp_path / "empty.png"), good, missing, str(folder), str(tmp_path / "text.png"), good]
    documents = list(read_documents(inputs, WidthReader()))
    codes = [document.error.code if document.error else document.text for document in documents]
    assert codes == ["empty", "width 10", "not_found", "not_found", "unsupported", "width 10"]


def test_a_blank_page_gives_no_text(tmp_path: Path) -> None:
    (document,) = read_documents([draw(tmp_path / "blank.png", 10, 255)], WidthReader())
    assert (document.text, document.failed) == ("", False)
    assert len(document.pages) == 1


def test_pages_are_numbered_and_streamed(tmp_path: Path) -> None:
    frames = [PillowImage.new("L", (width, 10)) for width in (10, 11, 12)]
    frames[0].save(tmp_path / "pages.tif", save_all=True, append_images=frames[1:])
    reader = WidthReader()
    (stream,) = stream_documents([str(tmp_path / "pages.tif")], lambda: reader)
    assert list(stream.pages) == []  # asking for the next document skipped what was not taken
    streams = stream_documents([str(tmp_path / "pages.tif")], lambda: reader)
    first = next(next(streams).pages)
    assert (first.number, first.text) == (1, "width 10")
    streams.close()
    (document,) = read_documents([str(tmp_path / "pages.tif")], reader)
    assert [(page.number, page.text) for page in document.pages] == [(1, "width 10"), (2, "width 11"), (3, "width 12")]


def test_the_model_is_loaded_once_and_only_if_there_is_a_file(tmp_path: Path) -> None:
    loads: list[WidthReader] = []

    def load() -> WidthReader:
        loads.append(WidthReader())
        return loads[-1]

    assert list(stream_documents([], load)) == []
    assert loads == []
    names = [draw(tmp_path / f"{width}.png", width) for width in (10, 20)]
    for stream in stream_documents(names, load):
        list(stream.pages)
    assert len(loads) == 1


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("onnxruntime: Failed to allocate memory for 8 GB")])
def test_a_page_for_which_the_memory_does_not_suffice_fails_alone(tmp_path: Path, error: Exception) -> None:
    names = [draw(tmp_path / f"{width}.png", width) for width in (12, 13, 14)]
    documents = list(read_documents(names, FailingReader(error)))
    (page,) = documents[1].pages
    assert page.error is not None
    assert (page.error.code, page.width, page.height) == ("out_of_memory", 13, 20)
    assert [document.failed for document in documents] == [False, True, False]


class SlowReader:
    def predict(self, images: Sequence[Image]) -> list[Page]:
        for _ in range(6_000 if images[0].shape[1] == 13 else 0):
            time.sleep(0.01)
        return WidthReader().predict(images)


def test_a_page_that_takes_too_long_fails_alone(tmp_path: Path) -> None:
    names = [draw(tmp_path / f"{width}.png", width) for width in (12, 13, 14)]
    before = signal.getsignal(signal.SIGALRM)
    started = time.monotonic()
    documents = list(read_documents(names, SlowReader(), PageOptions(reading_timeout=0.2)))
    assert time.monotonic() - started < 30
    (page,) = documents[1].pages
    assert page.error is not None and page.error.code == "timeout" and "--reading-timeout" in page.error.message
    assert [document.failed for document in documents] == [False, True, False]
    assert signal.getsignal(signal.SIGALRM) == before and signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_an_alarm_of_the_program_is_left_alone(tmp_path: Path) -> None:
    signal.setitimer(signal.ITIMER_REAL, 1000)
    try:
        (document,) = read_documents([draw(tmp_path / "12.png", 12)], WidthReader(), PageOptions(reading_timeout=0.01))
        assert not document.failed and signal.getitimer(signal.ITIMER_REAL)[0] > 900
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def test_pages_are_read_outside_the_main_thread_too(tmp_path: Path) -> None:
    name = draw(tmp_path / "12.png", 12)
    with ThreadPoolExecutor(1) as pool:
        (document,) = pool.submit(lambda: list(read_documents([name], WidthReader()))).result()
    assert document.text == "width 12"


def test_other_errors_of_the_model_are_bugs_and_come_through(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="a bug"):
        list(read_documents([draw(tmp_path / "13.png", 13)], FailingReader(RuntimeError("a bug"))))


def test_the_watcher_sees_each_page_with_its_picture(tmp_path: Path) -> None:
    seen: list[tuple[str, int, tuple[int, ...]]] = []

    def watch(source: str, page: Page, image: Image | None) -> None:
        assert image is not None
        seen.append((source, page.number, image.shape))

    name = draw(tmp_path / "page.png", 10)
    list(read_documents([name], WidthReader(), watch=watch))
    assert seen == [(name, 1, (20, 10, 3))]


def test_options_reach_the_decoder(tmp_path: Path) -> None:
    (document,) = read_documents([draw(tmp_path / "page.png", 10)], WidthReader(), PageOptions(max_pixels=50))
    assert document.error is not None
    assert document.error.code == "too_large"


def test_read_takes_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocr.predict.load_once", lambda model, pipeline, adapter, correct: WidthReader())
    assert read(tmp_path / draw(tmp_path / "page.png", 10)).text == "width 10"
    with pytest.raises(UsageError, match="read_documents"):
        read(tmp_path)
    with pytest.raises(InputError, match=r"missing\.png: there is no such file"):
        read(tmp_path / "missing.png")


def test_three_lines_read_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def load(*model: object) -> WidthReader:
        asked.append(model)
        return WidthReader()

    monkeypatch.setattr("ocr.pipeline.load", load)
    path = draw(tmp_path / "page.png", 10)
    reader = ocr.load(pipeline="end2end")
    assert reader.read(path).text == reader.read(Path(path)).text == "width 10"
    assert [document.text for document in reader.read_documents([str(tmp_path), path])] == ["width 10"] * 2
    assert reader.predict([np.zeros((5, 7, 3), np.uint8)])[0].text == "width 7"
    with pytest.raises(InputError, match="--max-pixels"):
        reader.read(path, PageOptions(max_pixels=20))
    assert asked == [(None, "end2end", None, None)], "the model is loaded once"


def test_the_package_offers_what_it_lists() -> None:
    assert set(ocr.__all__) <= set(dir(ocr))
    for name in set(ocr.__all__) - {"load"}:
        assert getattr(ocr, name) is not None
    assert ocr.__version__[0].isdigit()
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = ocr.no_such_name
