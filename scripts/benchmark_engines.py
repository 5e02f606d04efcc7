"""ONNX Runtime against OpenVINO on the shipped networks: the very inputs of a few pages, one thread, processor time.

    pip install openvino
    python scripts/benchmark_engines.py PAGE... [--model two-stage-small] [--rounds 3]

Pages are read once, what each network was given is kept, and both engines then take it in turn. Of the rounds the
fastest counts. Rows go to scripts/results/engines.csv.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import datetime
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from result_rows import append_rows

from ocr.models.onnx_session import Recording, open_session
from ocr.models.registry import PIPELINES
from ocr.pipeline import find_model, pipeline_of

RESULTS = Path(__file__).parent / "results" / "engines.csv"
Array = NDArray[np.float32]
Engine = Callable[[Array], Array]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path, nargs="+")
    parser.add_argument("--model", default="two-stage-small")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    folder = find_model(arguments.model)
    for name, inputs in recorded(folder, arguments.pages).items():
        path = folder / f"{name}.onnx"
        seconds, apart = compare(
            {"onnxruntime": onnx_runtime(path), "openvino": openvino(path)}, inputs, arguments.rounds
        )
        row = {"date": datetime.date.today().isoformat(), "model": arguments.model, "network": name}
        row |= {"pages": len(arguments.pages), "calls": len(inputs)}
        row |= {f"{engine}_s": round(value, 3) for engine, value in seconds.items()}
        row |= {"ratio": round(seconds["onnxruntime"] / seconds["openvino"], 3), "largest_difference": f"{apart:.2g}"}
        append_rows([row], arguments.output)
        print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)


def recorded(folder: Path, pages: Sequence[Path]) -> Recording:
    """What each network of the model is given when these pages are read."""
    import importlib

    recording: Recording = {}
    module = importlib.import_module(f"{PIPELINES[pipeline_of(folder)]}.onnx_reader")
    reader = module.open_onnx_reader(folder, recording)
    for path in pages:
        reader.predict([cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)])
    return recording


def onnx_runtime(path: Path) -> Engine:
    session = open_session(path)
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})[0]


def openvino(path: Path) -> Engine:
    from openvino import Core

    settings: dict[str, Any] = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    request = Core().compile_model(str(path), "CPU", settings).create_infer_request()
    return lambda images: np.array(request.infer([images])[0])


def compare(engines: dict[str, Engine], inputs: Sequence[Array], rounds: int) -> tuple[dict[str, float], float]:
    """Processor seconds of each engine for all inputs, and the largest difference between their outputs."""
    seconds = dict.fromkeys(engines, float("inf"))
    for _ in range(rounds):
        outputs = {}
        for name, engine in engines.items():
            start = time.process_time()
            outputs[name] = [engine(images) for images in inputs]
            seconds[name] = min(seconds[name], time.process_time() - start)
    first, second = outputs.values()
    return seconds, max(float(np.abs(a - b).max()) for a, b in zip(first, second, strict=True))


if __name__ == "__main__":
    main()
