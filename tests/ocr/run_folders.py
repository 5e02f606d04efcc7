"""Folders of training runs: by a training of seconds, and by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

pytest.importorskip("fontTools", reason="the training extra is not installed")

from ocr.config import TrainConfig, load_config
from ocr.data.labels.native_writer import write_native
from ocr.data.samples import Sample
from ocr.document import Block, Line, Page
from ocr.polygon import from_box
from ocr.run_folder import Run, Session

TINY = [
    "parts=recognizer", "model.recognizer.stem=[4,4,8]", "model.recognizer.width=16", "model.recognizer.depth=1",
    "model.recognizer.heads=2", "model.detector.stem=[4,8,8]", "model.detector.width=16", "model.detector.depth=1",
    "model.detector.heads=2", "model.detector.head=8", "data.workers=0", "data.line_pixels=512", "data.page_crops=1",
    "loop.threads=1", "loop.evaluate_every=2", "loop.log_every=1", "loop.steps=4", "loop.device=cpu",
]  # fmt: skip


def draw_set(folder: Path) -> Path:
    """Two labelled lines for each split."""
    for split, words in (("train", ("alpha beta", "gamma")), ("val", ("delta", "eta theta"))):
        samples = []
        for word in words:
            image = np.full((40, 220, 3), 255, np.uint8)
            cv2.putText(image, word, (8, 28), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 0, 0), 2)
            path = folder / f"{word.replace(' ', '_')}.png"
            folder.mkdir(exist_ok=True)
            cv2.imwrite(str(path), image)
            samples.append(
                Sample(path, Page(1, 220, 40, (Block((Line(word, from_box(4, 4, 216, 36)),)),)), size=(220, 40))
            )
        write_native(samples, folder, split=split)
    return folder


def tiny_config(folder: Path, *overrides: str) -> TrainConfig:
    sets = f"[{draw_set(folder)}]"
    return load_config(None, [*TINY, f"data.train={sets}", f"data.val={sets}", *overrides])


def trained(config: TrainConfig, output: Path, **options: Any) -> Run:
    pytest.importorskip("torch", reason="the training extra is not installed")
    from ocr.train import train

    train(config, output, **options)
    return Run(output)


def write_run(folder: Path, session: Session | None = None, **files: Any) -> Run:
    """A run's folder by hand; ``curve`` and ``scores`` are rows, ``settings`` and ``report`` are objects."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(files.get("settings", {"loop": {"steps": 100}})))
    for name in ("curve", "scores"):
        rows = files.get(name, [])
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    if "report" in files:
        (folder / "report.json").write_text(json.dumps(files["report"]))
    if session is not None:
        from ocr.run_record import write_sessions

        write_sessions(folder, [session])
    return Run(folder)


FINISHED = Session(started="2026-11-21T10:00:00+00:00", ended="2026-11-21T11:00:00+00:00", ending="finished")
