"""What `loop.compile` and `loop.gradient_checkpointing` cost and save: steps of the recognizer as it is shipped.

    python scripts/benchmark_loop_options.py [--lines 16] [--widths 256 384] [--steps 12] [--set key.path=value ...]

Each option runs in a process of its own on random lines of the given widths in turn, single-threaded unless
`OMP_NUM_THREADS` says otherwise: seconds of the first step of each width (with compile: making the kernels), median
milliseconds of the later ones in wall and in processor time, peak resident memory, and the floats that the forward pass
keeps for the backward pass. Rows go to scripts/results/loop_options.csv.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import torch
from result_rows import append_rows

from ocr.config import load_config
from ocr.distributed import Processes
from ocr.models.trainable import Batch
from ocr.train import begin, build_pipeline, choose_trained, prepare_device, set_learning_rate, train_step

RESULTS = Path(__file__).parent / "results" / "loop_options.csv"

OPTIONS = {
    "plain": [],
    "gradient_checkpointing": ["loop.gradient_checkpointing=true"],
    "compile": ["loop.compile=true"],
}


def lines(count: int, width: int) -> Batch:
    """Random lines with labels of a symbol every 16 px."""
    length = width // 16
    return {
        "recognizer": {
            "images": torch.rand(count, 1, 32, width) * 255,
            "targets": torch.randint(1, 100, (count, length)),
            "target_lengths": torch.full((count,), length),
            "widths": torch.full((count,), width // 4),
        }
    }


def measure(options: argparse.Namespace, overrides: list[str]) -> dict[str, float]:
    """One option, in this process."""
    config = load_config(None, ["parts=[recognizer]", "loop.device=cpu", *options.overrides, *overrides])
    device, loop = prepare_device(config.loop)
    pipeline = build_pipeline(config, None)
    choose_trained(pipeline, config, ["recognizer"], None)
    state = begin(pipeline.train(), config, loop, device, Processes())
    set_learning_rate(state.optimizer, loop, 0, 0.0)
    batches = [lines(options.lines, width) for width in options.widths]
    first, wall, processor, kept = 0.0, [], [], 0

    def count(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal kept
        kept += tensor.numel()
        return tensor

    for step in range(options.steps):
        for batch in batches:
            began, used = time.perf_counter(), time.process_time()
            train_step(state, iter([batch]), loop, device)
            state.step += 1
            if step == 0:
                first += time.perf_counter() - began
            elif step > 1:  # a second compilation, for any width, comes with the second width
                wall.append(time.perf_counter() - began)
                processor.append(time.process_time() - used)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if not loop.compile:  # hooks would be compiled as well
        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            state.network(batches[-1])
    return {
        "first_steps_s": round(first, 1),
        "step_ms": round(1000 * statistics.median(wall)),
        "step_processor_ms": round(1000 * statistics.median(processor)),
        "peak_rss_mb": round(peak),
        "kept_mb": round(kept * 4 / 1e6),
    }


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=16)
    parser.add_argument("--widths", type=int, nargs="+", default=[256, 384])
    parser.add_argument("--steps", type=int, default=12, help="of each width")
    parser.add_argument("--set", dest="overrides", action="append", default=[], help="key.path=value for ocr train")
    parser.add_argument("--only", choices=list(OPTIONS), help="measure this in this process and print it")
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


def main() -> None:
    options = parse()
    if options.only:
        print(json.dumps(measure(options, OPTIONS[options.only])))
        return
    options.output.parent.mkdir(exist_ok=True)
    for option in OPTIONS:
        result = subprocess.run(
            [sys.executable, __file__, *sys.argv[1:], "--only", option], capture_output=True, text=True, check=False
        )
        if result.returncode:
            raise SystemExit(f"{option}: code {result.returncode}\n{result.stderr[-2000:]}")
        measured = json.loads(result.stdout.splitlines()[-1])
        row = {"date": datetime.date.today().isoformat(), "option": option, "lines": options.lines}
        row |= {"widths": " ".join(map(str, options.widths)), "settings": " ".join(options.overrides)} | measured
        row |= {"threads": os.environ.get("OMP_NUM_THREADS", ""), "load": round(os.getloadavg()[0], 1)}
        row |= {"cpus": os.cpu_count(), "versions": f"Python {platform.python_version()}; torch {version('torch')}"}
        append_rows([row], options.output)
        print(option, measured, flush=True)


if __name__ == "__main__":
    main()
