"""The guides in docs/ can be walked: their commands run one after the other, on lines and pages drawn here."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer

from ocr.cli import build_app, main
from ocr.data.samples import load_samples

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "adapt.md").read_text(encoding="utf-8")
WALKED, _ = PAGE.split("## 7. With a GPU")  # what follows needs a GPU: its commands are only parsed

QUICK = ["loop.steps=2", "loop.threads=1", "data.workers=0", "data.line_pixels=1200"]
QUICK_PAGES = ["data.page_crops=1", "model.crops.size=128"]
"""Settings that are put behind those of the page, so that its training takes seconds."""

UNKNOWN = "\u2611"  # a ballot box: no symbol of the shipped models
WITHOUT_TORCH = "import sys; sys.modules['torch'] = None; from ocr.cli import main; sys.exit(main(sys.argv[1:]))"


def blocks(text: str) -> list[tuple[str, str]]:
    """Language and contents of the fenced bash and Python blocks, in their order."""
    return re.findall(r"^```(bash|python)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[list[str]]:
    """The arguments of each ``ocr`` command of a bash block. Raises AssertionError for any other command."""
    found = [shlex.split(line) for line in block.replace("\\\n", " ").splitlines()]
    assert all(words[0] == "ocr" for words in found), "the page shows a command that is not run here"
    return [words[1:] for words in found]


COMMANDS = [arguments for language, block in blocks(PAGE) if language == "bash" for arguments in commands(block)]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_commands_and_options_exist(arguments: list[str]) -> None:
    command, rest = typer.main.get_command(build_app()), list(arguments)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    command.make_context(command.name, rest)  # raises for an unknown option or a wrong number of arguments


@pytest.mark.parametrize("arguments", [a for a in COMMANDS if a[0] == "train"], ids=" ".join)
def test_settings_exist(arguments: list[str]) -> None:
    pytest.importorskip("fontTools", reason="training extra not installed")
    from ocr.config import find_config, load_config

    overrides = [argument for argument in arguments[2:] if re.match(r"[a-z_.]+=", argument)]
    assert overrides
    load_config(find_config(Path(arguments[1])), overrides)


def test_files_that_are_named_exist() -> None:
    for path in re.findall(r"`(ocr/[\w/.]+)`", PAGE):
        assert (ROOT / path).exists(), f"docs/adapt.md names {path}, which does not exist"
    assert "(docs/adapt.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_last_lines_are_quoted_as_they_are() -> None:
    pytest.importorskip("torch", reason="training extra not installed")
    from ocr.forgetting import Difference, WorseSymbol, symbol_rows, warnings

    (warning,) = warnings([Difference("cer/stock", 1.0, 2.0, -1.0)], limit=0.5)
    title = symbol_rows([WorseSymbol("stock", "a", 90.0, 80.0, 10)])[0]
    for line, quoted in ((warning, "warning: the model forgets"), (title, "symbols read worse than before")):
        assert line.startswith(quoted) and f"| `{quoted}` |" in PAGE


def test_label_examples_are_read(tmp_path: Path) -> None:
    (lines,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (boxes,) = re.findall(r"^```text\n(\d.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    native, folder, pages = tmp_path / "native", tmp_path / "folder", tmp_path / "pages"
    for part in (native, folder / "train", pages / "train"):
        part.mkdir(parents=True)
    (native / "train.jsonl").write_text(lines, encoding="utf-8")
    (folder / "train" / "metadata.jsonl").write_text(lines.replace('"image"', '"file_name"'), encoding="utf-8")
    draw(pages / "train" / "0001.png", [""])
    (pages / "train" / "0001.txt").write_text(boxes, encoding="utf-8")
    for labelled in (native, folder):
        samples = load_samples(labelled, split="train")
        assert [sample.image.name for sample in samples] == ["0001.png", "0002.png"]
        assert samples[0].text == "Total 12.50"
    (page,) = load_samples(pages, split="train")
    assert page.full_text == "Corner Bakery\nTotal 12.50" and page.image.name == "0001.png"


def draw(path: Path, texts: list[str]) -> list[tuple[int, int, int, int]]:
    """Lines of text below each other, dark on white; their boxes."""
    image = np.full((20 + 48 * len(texts), 440, 3), 255, np.uint8)
    boxes = []
    for number, text in enumerate(texts):
        (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.9, 2)
        foot = 40 + 48 * number
        cv2.putText(image, text, (20, foot), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (30, 30, 30), 2, cv2.LINE_AA)
        boxes.append((18, foot - height - 2, 22 + width, foot + below))
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)
    return boxes


def draw_documents(folder: Path) -> None:
    """What a user of the page brings: line images with a text file, labelled pages, and a page to read."""
    texts = [f"Bakery number {number}" for number in range(12)]
    for number, text in enumerate(texts):
        draw(folder / "MY_LINES" / f"{number:04}.png", [text])
    marks = [f" {UNKNOWN}" if number % 3 else "" for number in range(12)]
    rows = [f"{number:04}.png\t{text}{mark}\n" for number, (text, mark) in enumerate(zip(texts, marks, strict=True))]
    (folder / "MY_LINES" / "labels.txt").write_text("".join(rows), encoding="utf-8")
    for number, split in enumerate(("train", "train", "val")):
        lines = texts[3 * number : 3 * number + 3]
        image = folder / "MY_PAGES" / split / f"{number:04}.png"
        boxes = draw(image, lines)
        labels = [f"{','.join(map(str, box))},{text}\n" for box, text in zip(boxes, lines, strict=True)]
        image.with_suffix(".txt").write_text("".join(labels), encoding="utf-8")
    draw(folder / "page.png", texts[3:6])


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Standard output and error of a command, quickened; a model of its own is read without torch."""
    if arguments[0] == "train":
        arguments = arguments + QUICK + (QUICK_PAGES if arguments[1] == "adapt_end2end" else [])
    if "--model" in arguments:
        command = [sys.executable, "-c", WITHOUT_TORCH, *arguments]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False)
        assert done.returncode == 0, f"ocr {' '.join(arguments)}\n{done.stderr}"
        return done.stdout, done.stderr
    capsys.readouterr()
    code = main(arguments)
    told = capsys.readouterr()
    assert code == 0, f"ocr {' '.join(arguments)}\n{told.err}"
    return told.out, told.err


def test_the_page_can_be_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("torch", "peft", "onnx"):
        pytest.importorskip(name, reason="training extra not installed")
    from ocr import evaluate

    monkeypatch.setattr(evaluate, "_read_in_process", evaluate.read_set)  # a fresh process each would load torch again
    monkeypatch.chdir(tmp_path)
    draw_documents(tmp_path)
    told: dict[str, tuple[str, str]] = {}
    for language, block in blocks(WALKED):
        if language == "python":
            exec(compile(block, "docs/adapt.md", "exec"), {})
        else:
            told |= {" ".join(arguments): run(arguments, capsys) for arguments in commands(block)}
    read = [out for command, (out, _) in told.items() if command.startswith("predict")]
    assert len(read) == 3 and all(out.count("Bakery") == 3 for out in read)
    check_training(told)
    for run_folder in ("mine", "grown", "pages"):
        assert (tmp_path / "runs" / run_folder / "report.json").is_file()
    evaluated = [out for command, (out, _) in told.items() if command.startswith("eval")]
    for engine in ("runs/mine/best ", "two-stage-small"):
        assert f"| MY_LINES | lines | {engine} | 3 " in evaluated[0]  # every fifth of twelve


def check_training(told: dict[str, tuple[str, str]]) -> None:
    """Standard error of the three runs says what the page says that it does."""
    lines, grown, pages = (err for command, (_, err) in told.items() if command.startswith("train"))
    for quoted in (
        "points",
        "before",
        "after",
        "cer/held_out",
        "cer/stock",
        "symbols of the labels are in the model's",
    ):
        assert quoted in PAGE and quoted in lines
    assert f"lacks: '{UNKNOWN}' U+2611" in lines and "lines with them are left out" in lines
    assert "the alphabet grows by 1" in grown
    assert UNKNOWN in Path("runs/grown/best/alphabet.txt").read_text(encoding="utf-8")
    for quoted in ("found/stock", "right/stock"):
        assert quoted in pages and f"`{quoted.split('/')[0]}`" in PAGE
