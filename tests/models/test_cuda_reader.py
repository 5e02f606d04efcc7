"""Reading by PyTorch in bf16: on the CPU, which can do that too, and on a GPU where there is one."""

from __future__ import annotations

import sys

import cv2
import numpy as np
import pytest

import ocr
from ocr.cli import main
from ocr.correct.prior import GuidedReader
from ocr.errors import MissingExtraError, UsageError
from ocr.metrics.text import edit_distance
from ocr.models.interface import DoubtingReader
from ocr.pipeline import find_model

torch = pytest.importorskip("torch", reason="training extra not installed")

from ocr.models import cuda_reader  # noqa: E402
from ocr.models.codec import Alphabet  # noqa: E402
from ocr.models.end2end.config import End2EndConfig  # noqa: E402
from ocr.models.end2end.pipeline import End2End  # noqa: E402
from ocr.models.end2end.spotter_config import SpotterConfig  # noqa: E402
from ocr.models.weights import load_pipeline  # noqa: E402

TEXT = "Bakery number 17"


def page() -> np.ndarray:
    image = np.full((160, 460, 3), 255, np.uint8)
    return cv2.putText(image, TEXT, (30, 90), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 2, cv2.LINE_AA)


def test_lines_are_read_in_bf16_as_in_fp32() -> None:
    pipeline = load_pipeline(find_model(pipeline="two_stage"))
    reader = cuda_reader.open_on(pipeline, torch.device("cpu"), lambda reader: reader)
    crop = page()[50:110]
    (line,), (expected,) = reader.read_lines([crop]), pipeline.reader().read_lines([crop])
    assert line.text == expected.text == TEXT
    assert line.confidence != expected.confidence, "bf16 rounds, so it was not used"
    (again,) = reader.with_alternatives().read_lines([crop])
    assert again.text == TEXT


@pytest.mark.parametrize("pipeline", ["two_stage", "end2end"])
def test_reading_in_bf16_is_guided_and_can_be_corrected(pipeline: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_reader, "find_device", lambda name: torch.device("cpu"))
    reader = ocr.pipeline.load(pipeline=pipeline, device="cuda")
    assert isinstance(reader, cuda_reader.AutocastReader) and isinstance(reader.reader, GuidedReader)
    assert isinstance(reader, DoubtingReader) and reader.pipeline == pipeline
    ((mine,), (expected,)) = ([*r.predict([page()])[0].lines] for r in (reader, ocr.pipeline.load(pipeline=pipeline)))
    assert expected.text and not mine.doubts
    assert edit_distance(mine.text, expected.text) <= 1  # a space about the threshold falls as the processor rounds
    assert mine.confidence != expected.confidence, "bf16 rounds, so it was not used"
    (line,) = reader.read_lines([page()[50:110]])
    assert edit_distance(line.text, TEXT) <= 3 and not line.doubts
    blurred = cv2.GaussianBlur(page()[50:110], (0, 0), 3.5)
    (doubtful,) = reader.with_alternatives().read_lines([blurred])
    assert doubtful.doubts


def test_the_spotter_answers_in_fp32_whatever_it_computes_in() -> None:
    config = End2EndConfig(spotter=SpotterConfig(stem=(4, 8, 8), width=16, depth=1, heads=2))
    runner = End2End(config, Alphabet([*"ab "])).runner()
    with torch.autocast("cpu", torch.bfloat16):
        cells, maps, name = runner(np.zeros((1, 1, 64, 64), np.float32))
        probabilities, features = name(np.arange(len(cells)))
    assert cells.dtype == np.int64 and maps.dtype == probabilities.dtype == features.dtype == np.float32


def test_a_gpu_that_is_not_there_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match=r"no device cuda:1: PyTorch .* finds 0 GPUs for CUDA here; leave out"):
        ocr.load(device="cuda:1")
    with pytest.raises(UsageError, match="unknown device 'cdua': did you mean cuda"):
        ocr.load(device="cdua")
    assert main(["predict", "examples/letter.jpg", "--device", "cuda"]) == 2
    assert "no device cuda" in capsys.readouterr().err


def test_without_torch_the_message_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "ocr.models.cuda_reader")
    with pytest.raises(MissingExtraError, match=r"reading with --device cuda needs .*vitocr\[train\]"):
        ocr.load(device="cuda")


@pytest.mark.gpu
def test_a_gpu_reads_what_the_cpu_reads() -> None:
    (read,) = ocr.load(device="cuda").predict([page()])
    assert read.text == TEXT
