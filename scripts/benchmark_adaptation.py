"""Full fine-tuning, LoRA and QLoRA of a line recognizer on ViT-S, B and L: parameters, bytes, speed.

    python scripts/benchmark_adaptation.py --models S --methods full lora qlora --steps 3

Bytes are counted over the tensors there are after the last step. Random weights: only sizes and times are measured.
Rows go to scripts/results/adaptation.csv; peak memory is CUDA's, on a CPU the highest resident set of the process, so
measure one row a process there.
"""

from __future__ import annotations

import argparse
import datetime
import os
import resource
import sys
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import peft
import torch
from result_rows import append_rows
from torch import Tensor, nn

from ocr.models.quantize import optimizer_class, quantize_backbone
from ocr.models.two_stage.recognizer import Recognizer
from ocr.models.two_stage.recognizer_config import RecognizerConfig

RESULTS = Path(__file__).parent / "results" / "adaptation.csv"
MODELS = {"S": "vit_small_patch16_224", "B": "vit_base_patch16_224", "L": "vit_large_patch16_224"}
METHODS = ("full", "lora", "qlora")
RANK, CLASSES, WIDTH = 8, 360, 320


def prepare(model: str, method: str, device: torch.device) -> nn.Module:
    """A recognizer with what the method trains left trainable: everything, or adapters in the blocks and the head."""
    network: Any = Recognizer(RecognizerConfig(backbone=MODELS[model]), CLASSES).to(device)
    if method == "full":
        return network
    network.requires_grad_(False)
    if method == "qlora":
        quantize_backbone(network, 4, torch.bfloat16 if device.type == "cuda" else torch.float32)
    config = peft.LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=r".*\.blocks\..*\.(qkv|proj|fc1|fc2)")
    network = peft.inject_adapter_in_model(config, network)
    network.head.requires_grad_(True)
    return network


def size(tensors: Iterable[object]) -> int:
    """Bytes of the tensors among these values."""
    return sum(tensor.nbytes for tensor in tensors if isinstance(tensor, Tensor))


def quantization_state(network: nn.Module) -> list[Tensor]:
    """Scales that 4-bit weights carry beside their parameter."""
    states = [parameter.quant_state for parameter in network.parameters() if hasattr(parameter, "quant_state")]
    return [tensor for state in states for tensor in state.as_dict(packed=True).values() if isinstance(tensor, Tensor)]


def measure(model: str, method: str, steps: int, batch: int, device: torch.device) -> dict[str, object]:
    """A row: one warm-up step, then so many timed ones."""
    torch.manual_seed(0)
    network = prepare(model, method, device).train()
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    kind = optimizer_class(device) if method == "qlora" else torch.optim.AdamW
    optimizer = kind(trained, lr=1e-4)  # type: ignore[call-arg]
    images = torch.rand(batch, 1, 32, WIDTH, device=device) * 255
    for step in range(steps + 1):
        if step == 1:
            started = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            loss = network(images).float().logsumexp(2).mean()
        loss.backward()
        optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()
    seconds = time.perf_counter() - started
    peak = torch.cuda.max_memory_allocated() if device.type == "cuda" else _resident_peak()
    return {
        "date": datetime.date.today().isoformat(), "model": f"ViT-{model}", "method": method,
        "trained_parameters": sum(parameter.numel() for parameter in trained),
        "weight_bytes": size(network.parameters()) + size(network.buffers()) + size(quantization_state(network)),
        "gradient_bytes": size(parameter.grad for parameter in trained),
        "optimizer_bytes": size(value for state in optimizer.state.values() for value in state.values()),
        "peak_mb": round(peak / 2**20), "images_s": round(steps * batch / seconds, 2), "batch": batch, "steps": steps,
        "device": torch.cuda.get_device_name() if device.type == "cuda" else f"cpu, {torch.get_num_threads()} threads",
        "load": round(os.getloadavg()[0], 1),
        "versions": "; ".join(f"{name} {version(name)}" for name in ("torch", "timm", "peft", "bitsandbytes")),
        "command": " ".join(["python", "scripts/benchmark_adaptation.py", *sys.argv[1:]]),
    }  # fmt: skip


def _resident_peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=["S"])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    for model in options.models:
        for method in options.methods:
            if device.type == "cuda":
                torch.cuda.reset_peak_memory_stats()
            row = measure(model, method, options.steps, options.batch, device)
            append_rows([row], options.output)
            print(" ".join(f"{key}={value}" for key, value in list(row.items())[1:9]))


if __name__ == "__main__":
    main()
