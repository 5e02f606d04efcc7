"""``ocr doctor``: what it finds, what it says to type, and that it stays light."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ocr.pipeline
from ocr import doctor
from ocr.cli import main
from ocr.errors import ModelError


def test_everything_is_looked_at() -> None:
    findings = list(doctor.examine())
    names = {(finding.part, finding.name) for finding in findings}
    assert {("packages", "onnxruntime"), ("extras", "train"), ("models", "two-stage-small")} <= names
    assert {("engines", "tesseract"), ("engines", "rapidocr"), ("fonts", "korean"), ("devices", "gpu")} <= names
    assert not [finding for finding in findings if finding.state == "fault"]
    assert all(bool(finding.remedy) == (finding.state != "ok") for finding in findings)


def test_what_is_missing_comes_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "version_of", lambda package: None if package in ("peft", "rapidocr") else "1.0")
    monkeypatch.setattr(doctor.shutil, "which", lambda program: None)
    found = {finding.name: finding for finding in (*doctor.packages(), *doctor.engines())}
    assert found["train"].state == "missing" and found["train"].detail == "without peft"
    assert found["train"].remedy == 'pip install "vitocr[train]"'
    assert found["rapidocr"].remedy == "pip install rapidocr"
    assert found["tesseract"].remedy.startswith("apt-get install")
    assert found["numpy"].state == "ok"


def test_a_broken_model_is_a_fault(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(name: str) -> None:
        raise ModelError("cannot load model.onnx: it is\ncut off")

    monkeypatch.setattr(ocr.pipeline, "load", broken)
    assert main(["doctor"]) == 4
    told = capsys.readouterr().out
    assert "! two-stage-small" in told and "it is cut off" in told and "type: pip install --force" in told
    assert told.endswith("pages cannot be read: see the lines with !\n")


def test_a_whole_install_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.endswith("\npages can be read\n")


def test_a_program_that_fails_or_hangs_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SECONDS", 0.2)
    assert doctor.said("no-such-program-anywhere") == ""
    assert doctor.said(sys.executable, "-c", "raise SystemExit('broken')") == ""
    assert doctor.said(sys.executable, "-c", "import time; print('late', flush=True); time.sleep(9)") == ""


def test_no_heavy_package_is_imported() -> None:
    code = (
        "import sys; from ocr.doctor import examine; list(examine());"
        "print(*(m for m in ('torch', 'timm', 'transformers', 'peft', 'rapidocr', 'matplotlib') if m in sys.modules))"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == ""
