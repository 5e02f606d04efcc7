"""What all tests share: a header that says why tests may be skipped, and one thread for each numerical library."""

from __future__ import annotations

import importlib.util
import os
import shutil

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # tiny inputs: threads only cost, above all on a busy machine


def pytest_report_header() -> str:
    """Optional packages and programs that are here or missing."""
    packages = ("torch", "timm", "albumentations", "onnx", "rapidocr")
    found = {name: importlib.util.find_spec(name) is not None for name in packages}
    found["tesseract"] = shutil.which("tesseract") is not None
    listed = {state: ", ".join(n for n, here in found.items() if here is state) or "none" for state in (True, False)}
    return f"optional: found {listed[True]}; missing {listed[False]}"
