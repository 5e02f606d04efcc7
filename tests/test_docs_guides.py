"""The guides of each task: their commands exist and read, their Python runs, their tables are the truth."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
import pypdfium2
import pytest
import typer
from PIL import Image as PillowImage

import ocr
from ocr.cli import build_app, main
from ocr.data.page_options import PageOptions
from ocr.errors import ExitCode, InputErrorCode
from ocr.predict import load_once

ROOT = Path(__file__).parents[1]
GUIDES = ("predict", "api", "evaluate", "train", "speed")
TEXTS = {name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in GUIDES}


def blocks(guide: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXTS[guide], re.MULTILINE | re.DOTALL)


def commands(guide: str) -> list[list[str]]:
    lines = [shlex.split(line) for block in blocks(guide, "bash") for line in block.splitlines()]
    assert all(words[0] == "ocr" for words in lines), "the guide shows a command that is not run here"
    return [words[1:] for words in lines]


def draw(path: Path, text: str) -> None:
    image = np.full((120, 440, 3), 255, np.uint8)
    cv2.putText(image, text, (20, 70), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (30, 30, 30), 2, cv2.LINE_AA)
    path.parent.mkdir(exist_ok=True)
    PillowImage.fromarray(image).save(path, dpi=(200, 200))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What the reader of a guide has: ``scan.png``, ``scans/``, ``book.pdf`` of two pages, and ``MY_SET``."""
    monkeypatch.chdir(tmp_path)
    draw(tmp_path / "scan.png", "Bakery number 7")
    book = pypdfium2.PdfDocument.new()
    for number in (1, 2):
        draw(tmp_path / "scans" / f"{number}.png", f"Bakery number {number}")
        ocr.write(ocr.Document(f"scans/{number}.png", (ocr.Page(1, 440, 120),)), tmp_path / "one.pdf")
        book.import_pages(pypdfium2.PdfDocument(tmp_path / "one.pdf"))
        for split in ("train", "val"):
            draw(tmp_path / "MY_SET" / f"{split}{number}.png", f"Bakery number {number}")
            with (tmp_path / "MY_SET" / f"{split}.jsonl").open("a", encoding="utf-8") as labels:
                labels.write(f'{{"image": "{split}{number}.png", "text": "Bakery number {number}"}}\n')
    book.save(tmp_path / "book.pdf")
    (tmp_path / "one.pdf").unlink()
    load_once.cache_clear()
    yield tmp_path
    load_once.cache_clear()


@pytest.mark.parametrize(
    "arguments", [a for guide in GUIDES for a in commands(guide)], ids=lambda arguments: " ".join(arguments)
)
def test_commands_and_options_exist(arguments: list[str]) -> None:
    command, rest = typer.main.get_command(build_app()), list(arguments)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    command.make_context(command.name, rest)  # raises for an unknown option or a wrong number of arguments
    if arguments[0] == "train":
        pytest.importorskip("fontTools", reason="training extra not installed")
        from ocr.config import find_config, load_config

        overrides = [argument for argument in arguments[2:] if re.match(r"[a-z_.]+=", argument)]
        assert overrides
        load_config(find_config(Path(arguments[1])), overrides)


def test_the_reading_commands_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in commands("predict"):
        assert main(arguments) == 0, f"{arguments}\n{capsys.readouterr().err}"
    read = capsys.readouterr()
    assert read.out.startswith("Bakery number 7\nBakery number 7\n{"), "as text, with --overlay, and in JSON"
    assert '"chars"' in read.out
    assert len((folder / "results.jsonl").read_text(encoding="utf-8").splitlines()) == 6, "once more by --resume"
    names = {path.name for path in (folder / "results").iterdir()}
    assert names == {"book.hocr", "book.pdf", "1.txt", "1.hocr", "2.txt", "2.hocr"}
    assert list((folder / "pictures").iterdir())


def test_the_commands_about_speed_read(folder: Path) -> None:
    for arguments in commands("speed")[:2]:
        assert main(arguments) == 0


def test_the_python_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "results").mkdir()
    names: dict[str, Any] = {}
    for block in blocks("api", "python"):
        exec(compile(block, "docs/api.md", "exec"), names)
    printed = capsys.readouterr().out
    assert printed.startswith("Bakery number 7\n") and "not_found cannot read missing.pdf" in printed
    assert "".join(names["words"]) == "Bakerynumber7" and names["line"].text.endswith("number 7")
    assert {path.name for path in (folder / "results").iterdir()} == {
        f"{stem}.{ending}" for stem in ("book", "1", "2") for ending in ("hocr", "txt")
    }


def test_the_evaluating_commands_score(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ocr import evaluate

    monkeypatch.setattr(evaluate, "_read_in_process", evaluate.read_set)
    first, second, third = commands("evaluate")
    second[second.index("--against") + 1] = "end2end"  # Tesseract may not be installed
    for arguments in (first, second, third):
        assert main(arguments) == 0, capsys.readouterr().err
    table = capsys.readouterr().out
    assert "two-stage-small" in table and "end2end-small" in table
    assert (folder / "report.html").is_file() and (folder / "metrics.json").is_file()


def test_limits_and_codes_are_those_of_the_program() -> None:
    text = TEXTS["predict"]
    defaults = {field.name: field.default for field in fields(PageOptions)}
    rows = re.findall(r"^\| `--([\w-]+)` \| (\d+) \|", text, re.MULTILINE)
    assert len(rows) == 4
    assert all(float(value) == defaults[name.replace("-", "_")] for name, value in rows)
    assert set(re.findall(r"`([a-z]+_?[a-z]*)`\)", text)) <= set(get_args(InputErrorCode))
    codes = {int(code) for row in re.findall(r"^\| (\d[\d, ]*) \|", text, re.MULTILINE) for code in row.split(", ")}
    assert codes == set(ExitCode) - {ExitCode.INTERNAL, ExitCode.TRAINING}


def test_columns_of_the_table_are_those_of_the_report() -> None:
    from ocr.report import COLUMNS

    shown = set(re.findall(r"^\| ([\w ,]+?) \| (?!is)", TEXTS["evaluate"], re.MULTILINE))
    assert {name for names in shown for name in names.split(", ")} <= {column.heading for column in COLUMNS}


@pytest.mark.parametrize("guide", [*GUIDES, "adapt", "formats"])
def test_guides_are_linked_and_name_files_that_exist(guide: str) -> None:
    text = (ROOT / "docs" / f"{guide}.md").read_text(encoding="utf-8")
    assert f"(docs/{guide}.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / "docs" / target).exists(), target
    for path in re.findall(r"[` ]((?:ocr|scripts|data|models)/[\w/]+(?:\.\w+)?)`", text):
        assert (ROOT / path).exists(), path


@pytest.mark.slow
def test_pages_of_all_modules_are_built(tmp_path: Path) -> None:
    pytest.importorskip("pdoc", reason="pdoc is not installed")
    pytest.importorskip("torch", reason="training extra not installed")
    (rule,) = re.findall(r"^\t\$\(PYTHON\) (\S+ build/api)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    command = [sys.executable, *rule.replace("build/api", str(tmp_path)).split()]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True)
    first = (tmp_path / "ocr.html").read_text(encoding="utf-8")
    assert all(f'id="{name}"' in first for name in ("load", "read", "write", "DocumentReader.read", "Page.lines"))
    assert (tmp_path / "ocr" / "models" / "two_stage" / "reader.html").is_file()
