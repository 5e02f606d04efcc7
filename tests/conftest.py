"""What all tests share: a header that says why tests may be skipped, one thread for each numerical library, a set."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # tiny inputs: threads only cost, above all on a busy machine


def pytest_report_header() -> str:
    """Optional packages and programs that are here or missing."""
    packages = ("torch", "timm", "albumentations", "onnx", "rapidocr")
    found = {name: importlib.util.find_spec(name) is not None for name in packages}
    found["tesseract"] = shutil.which("tesseract") is not None
    listed = {state: ", ".join(n for n, here in found.items() if here is state) or "none" for state in (True, False)}
    return f"optional: found {listed[True]}; missing {listed[False]}"


@pytest.fixture(scope="session")
def lettered_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with two lines for each split, with a box for every character. Not to be written to."""
    import cv2  # here, after the number of threads was set
    import numpy as np

    from ocr.data.labels.native_writer import write_native
    from ocr.data.samples import Sample
    from ocr.document import Block, Char, Line, Page, Word

    folder = tmp_path_factory.mktemp("lettered") / "set"
    folder.mkdir()
    for split, texts in (("train", ("alpha", "beta")), ("val", ("delta", "map"))):
        page = np.full((160, 320, 3), 255, np.uint8)
        lines = []
        for row, text in enumerate(texts):
            x, y, chars = 20, 60 + 60 * row, []
            for character in text:
                (advance, _), _ = cv2.getTextSize(character, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
                cv2.putText(page, character, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (0, 0, 0), 2)
                chars.append(Char(character, ((x, y - 26), (x + advance, y - 26), (x + advance, y + 8), (x, y + 8))))
                x += advance
            box = ((20, y - 26), (x, y - 26), (x, y + 8), (20, y + 8))
            lines.append(Line(text, box, words=(Word(text, box, chars=tuple(chars)),)))
        cv2.imwrite(str(folder / f"{split}.png"), page)
        sample = Sample(folder / f"{split}.png", Page(1, 320, 160, (Block(tuple(lines)),)), size=(320, 160))
        write_native([sample], folder, split=split)
    return folder
