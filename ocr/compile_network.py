"""``loop.compile``: the network's forward and backward pass as kernels that torch.compile makes for this processor."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec

import torch
from torch import nn

from ocr.errors import UsageError

COMPILERS = ("g++", "clang++")


def compile_network(network: nn.Module, device: torch.device) -> nn.Module:
    """The network with the same weights, compiled when it is first called; evaluation stays with the plain one.

    Raises UsageError where what torch.compile needs is not installed: a C++ compiler, or Triton on CUDA.
    """
    if device.type == "cuda" and find_spec("triton") is None:
        raise UsageError("loop.compile=true needs Triton on CUDA; install it, or leave the setting out")
    wanted = (os.environ["CXX"],) if os.environ.get("CXX") else COMPILERS
    if device.type == "cpu" and not any(shutil.which(compiler) for compiler in wanted):
        raise UsageError(
            f"loop.compile=true needs a C++ compiler ({' or '.join(wanted)}); install one, or leave it out"
        )
    compiled: nn.Module = torch.compile(network)  # type: ignore[assignment]
    return compiled
