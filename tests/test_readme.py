"""What README.md shows is true: commands, options and settings exist, its Python runs, its file tree is that of git."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer

import ocr.pipeline
from ocr.cli import build_app
from ocr.document import Block, Line, Page
from ocr.models.interface import Image
from ocr.polygon import from_box

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Contents of the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


COMMANDS = [
    shlex.split(command)[1:]
    for block in blocks("bash")
    for line in block.splitlines()
    for command in line.split("&&")
    if command.strip().startswith("ocr ")
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_commands_and_options_exist(arguments: list[str]) -> None:
    command, rest = typer.main.get_command(build_app()), list(arguments)
    while hasattr(command, "commands"):
        name = rest.pop(0)
        assert name in command.commands, f"README shows the command {name}, which does not exist"
        command = command.commands[name]
    command.make_context(command.name, rest)  # raises for an unknown option or a wrong number of arguments


@pytest.mark.parametrize("arguments", [a for a in COMMANDS if a[0] == "train"], ids=" ".join)
def test_settings_exist(arguments: list[str]) -> None:
    pytest.importorskip("fontTools", reason="training extra not installed")
    from ocr.config import find_config, load_config

    overrides = [argument for argument in arguments[2:] if re.match(r"[a-z_.]+=", argument)]
    assert overrides
    load_config(find_config(Path(arguments[1])), overrides)


def test_every_command_is_shown() -> None:
    app = typer.main.get_command(build_app())
    groups = {name: getattr(command, "commands", None) for name, command in app.commands.items()}  # type: ignore[attr-defined]
    shown = {" ".join(a[:2]) if groups.get(a[0]) else a[0] for a in COMMANDS}
    known = {f"{name} {sub}" if subs else name for name, subs in groups.items() for sub in subs or [""]}
    assert shown == known
    assert {name for name in known if f"| `ocr {name}` |" in README} == known


def test_python_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Reader:
        def predict(self, images: Sequence[Image]) -> list[Page]:
            height, width = images[0].shape[:2]
            return [Page(1, width, height, (Block((Line("as read", from_box(0, 0, width, height)),)),))]

    monkeypatch.setattr(ocr.pipeline, "load", lambda name=None, pipeline=None, adapter=None, device=None: Reader())
    monkeypatch.chdir(ROOT)
    (example,) = blocks("python")
    assert len(example.splitlines()) == 4  # three, and what they give
    exec(compile(example, "README.md", "exec"), {})
    assert capsys.readouterr().out == "as read\n"


def test_examples_exist() -> None:
    for path in re.findall(r"examples/[\w.]+\.\w+", README):
        assert (ROOT / path).is_file(), f"README names {path}, which does not exist"


def tree() -> dict[str, str]:
    """Paths of the file tree, with their comments."""
    (block,) = blocks("text")
    entries, folder = {}, ""
    for line in block.splitlines():
        name, comment = line.split(None, 1)
        if not line.startswith(" "):
            folder = name if name.endswith("/") else ""
            entries[name] = comment
        else:
            entries[folder + name] = comment
    return entries


def test_file_tree_is_true() -> None:
    for path in tree():
        found = ROOT / path
        assert found.is_dir() if path.endswith("/") else found.is_file(), f"README's tree shows {path}"


def test_file_tree_shows_every_folder() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no git checkout here")
    tracked = [path.split("/") for path in listed.stdout.splitlines()]
    folders = {parts[0] + "/" for parts in tracked if len(parts) > 1} - {".ci/"}
    folders |= {f"{parts[0]}/{parts[1]}/" for parts in tracked if parts[0] in ("ocr", "models", "data") and parts[2:]}
    assert folders <= set(tree()), f"README's tree lacks {sorted(folders - set(tree()))}"


def test_the_command_of_ci_is_marked() -> None:
    between = re.findall(r"<!-- test command -->\n(.*?)<!-- /test command -->", README, re.DOTALL)
    assert len(between) == 1 and "pytest" in between[0]
