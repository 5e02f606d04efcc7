"""What ``scripts/benchmark_streaming.py`` reads, and which samples it compares."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from benchmark_streaming import NAMES, MemoryWatch, make_input  # noqa: E402

from ocr.data.pages import PageReader  # noqa: E402


@pytest.mark.parametrize("kind", NAMES)
def test_every_page_is_another_one(tmp_path: Path, kind: str) -> None:
    source = tmp_path / NAMES[kind]
    make_input(source, 3)
    files = [source] if source.is_file() else sorted(source.iterdir())
    with PageReader() as reader:
        pages = [page for file in files for _, page in reader.pages(str(file))]
    assert len(pages) == 3 and all(isinstance(page, np.ndarray) and page.shape[1] > 400 for page in pages)
    assert len({np.asarray(page).tobytes() for page in pages}) == 3


def test_memory_is_compared_near_the_two_pages() -> None:
    watch = MemoryWatch()
    watch.samples = [(page, 100.0 + page / 10, 50.0) for page in range(10, 1001, 10)]
    assert watch.around(50) == pytest.approx((105.0, 50.0))
    assert watch.around(1000) == pytest.approx((199.0, 50.0), abs=0.1)


def test_memory_is_looked_at_while_pages_are_read() -> None:
    watch = MemoryWatch()
    for _ in range(25):
        watch.page("book.pdf")
    assert [sample[0] for sample in watch.samples] == [10, 20]
    assert all(20 < sample[2] <= sample[1] for sample in watch.samples)
