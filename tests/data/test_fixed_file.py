"""Spans of a large file, read by many threads at once, with and without ``os.pread``, which Windows lacks."""

from __future__ import annotations

import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ocr.data import fixed_file
from ocr.data.fixed_file import FixedFile, Span
from ocr.errors import InputError


@pytest.fixture(params=["pread", "seek"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "seek":
        monkeypatch.delattr(os, "pread", raising=False)
    elif not hasattr(os, "pread"):
        pytest.skip("there is no os.pread here")


@pytest.fixture
def file(tmp_path: Path) -> FixedFile:
    """Blocks of eight digits, each its own number."""
    path = tmp_path / "numbers"
    path.write_bytes(b"".join(b"%08d" % number for number in range(5000)))
    return FixedFile.of(path)


def test_threads_do_not_disturb_each_other(file: FixedFile) -> None:
    def read(number: int) -> bool:
        return Span(file, 8 * number, 8).read() == b"%08d" % number

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(read, [number * 37 % 5000 for number in range(5000)]))


def test_many_files_are_read_with_few_open(tmp_path: Path) -> None:
    paths = [tmp_path / str(number) for number in range(2 * fixed_file.OPEN_FILES)]
    for path in paths:
        path.write_text(f"file {path.name}")
    files = [FixedFile.of(path) for path in paths] * 2
    assert [file.read(5, file.size - 5).decode() for file in files] == [file.path.name for file in files]


def test_what_is_not_there_or_not_the_same_is_told(file: FixedFile) -> None:
    with pytest.raises(InputError, match="ends within bytes 39996 to 40004"):
        file.read(39996, 8)
    assert pickle.loads(pickle.dumps(file)) == file
    file.path.write_bytes(b"something else")
    fixed_file._opened.cache_clear()
    with pytest.raises(InputError, match="was changed while it was in use"):
        file.read(0, 4)
