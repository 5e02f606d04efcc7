from __future__ import annotations

from collections.abc import Iterator

import pytest

from ocr.data.pages import PageReader


@pytest.fixture(scope="module")
def reader() -> Iterator[PageReader]:
    with PageReader() as opened:
        yield opened
