"""The speed benchmark measures what it says: pages of every engine, ratios over tesseract."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "scripts"))

import benchmark


def test_every_engine_gets_all_pages_and_ratios_are_over_tesseract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    seconds = {"two_stage": 5.0, "tesseract": 10.0, "rapidocr": 40.0}

    def watch(command: list[str]) -> tuple[float, float, float]:
        seen.append(command)
        (engine,) = [name for name in seconds if any(name in word for word in command)]
        return 300.0, 200.0, seconds[engine]

    monkeypatch.setattr(benchmark, "watch", watch)
    monkeypatch.setattr(benchmark.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(benchmark.importlib.util, "find_spec", lambda name: True)
    pages = [tmp_path / "a b.png", tmp_path / "c.png"]
    options = argparse.Namespace(pipelines=["two_stage"], cores=2, rounds=3)
    rows = benchmark.rows_of("scans", 2, benchmark.measure(pages, options), options)
    assert [(row["engine"], row["pages_per_second"], row["speed_ratio"]) for row in rows] == [
        ("two_stage", 0.4, 2.0), ("tesseract", 0.2, 1.0), ("rapidocr", 0.05, 0.25),
    ]  # fmt: skip
    assert {row["peak_mb"] for row in rows} == {200}
    many = [command for command in seen if str(pages[1]) in command]
    assert len(seen) == 18 and len(many) == 6  # tesseract's pages stand in a file
    listing = benchmark.commands(pages, options, tmp_path)["tesseract"]
    assert Path(listing[2]).read_text(encoding="utf-8").splitlines() == [str(page) for page in pages]
