"""Made-up lines of receipts and forms: what they hold, and that a seed gives the same ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ocr.data.synthetic.record_words import COMPANIES, NOTICES
from ocr.data.synthetic.records import printed_record, record_lines
from ocr.data.synthetic.text import TextSampler


@pytest.fixture()
def texts(tmp_path: Path) -> TextSampler:
    for language, line in (("en", "A {i}. line of plain words"), ("ko", "보통 말로 된 {i}번째 줄")):
        (tmp_path / language).mkdir()
        lines = "\n".join(line.format(i=i) for i in range(300))
        (tmp_path / language / "lines.txt").write_text(lines, encoding="utf-8")
    return TextSampler([tmp_path])


def test_records_tell_of_sums_companies_and_notices(texts: TextSampler) -> None:
    rng = np.random.default_rng(0)
    lines = [printed_record(texts, rng, korean=False) for _ in range(1500)]
    assert all(lines)
    assert sum(any(c.isdecimal() for c in line) for line in lines) > 900
    assert any(line.upper() == notice.upper() for line in lines for notice in NOTICES)
    endings = {company.upper() for company in COMPANIES}
    assert sum(any(line.upper().endswith(" " + company) for company in endings) for line in lines) > 40
    assert 300 < sum(line.isupper() for line in lines) < 1200


def test_korean_records_are_korean(texts: TextSampler) -> None:
    rng = np.random.default_rng(0)
    lines = [printed_record(texts, rng, korean=True) for _ in range(300)]
    assert sum(any("가" <= c <= "힣" for c in line) for line in lines) > 150
    assert not any(line.endswith(("Ltd", "GmbH")) for line in lines)


def test_record_lines_are_as_long_as_asked_for_and_the_same_for_a_seed(texts: TextSampler) -> None:
    first, again, other = ("\n".join(record_lines(texts, 2000, seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert 1900 < len(first) < 2200
