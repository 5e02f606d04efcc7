"""The wheel and the source archive hold what the checkout has, as real folders, and stay small."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LARGEST_WHEEL = 40_000_000
BUILD = "from setuptools import build_meta as b; b.build_sdist('dist'); b.build_wheel('dist')"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both archives, built from the tracked files alone."""
    setuptools = pytest.importorskip("setuptools", reason="setuptools is not installed")
    if int(setuptools.__version__.split(".")[0]) < 77:
        pytest.skip(f"setuptools {setuptools.__version__} is older than what pyproject.toml asks for")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("no git checkout here")
    copy = tmp_path_factory.mktemp("checkout")
    for name in filter(None, listed.stdout.decode().split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
    (copy / "dist").mkdir()
    subprocess.run([sys.executable, "-c", BUILD], cwd=copy, check=True, capture_output=True)
    return copy / "dist"


def expected() -> set[str]:
    """Every module, configuration and weight file of the checkout, by its place in the installed package."""
    listed = subprocess.run(
        ["git", "ls-files", "ocr", "models", "data"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = {name for name in listed.stdout.splitlines() if not (ROOT / name).is_symlink() and (ROOT / name).exists()}
    return {name if name.startswith("ocr/") else f"ocr/{name}" for name in names}


def test_the_wheel_holds_everything(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == expected()
    assert wheel.stat().st_size < LARGEST_WHEEL


def test_the_source_archive_holds_everything(built: Path) -> None:
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    assert {
        name.removeprefix("ocr/") if name.startswith(("ocr/data/", "ocr/models/")) else name for name in expected()
    } <= names
