"""One way to open ONNX files, for every pipeline."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ocr.errors import ModelError
from ocr.models.file_hashes import check_hash, remedy

Recording = dict[str, list[NDArray[np.float32]]]
"""What the networks of a reader were given, by the stem of their file: int8 is calibrated on it."""


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """The network in ONNX Runtime, with :func:`thread_count` threads. Raises ModelError if it is missing or damaged."""
    if not path.is_file():
        raise ModelError(f"{path.parent} has no {path.name}: write it with ocr export {path.parent}")
    check_hash(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False  # keeps the peak memory of a page near what it needs at once
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises several classes of its own
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"cannot load {path}: {reason}; {remedy(path.parent)}") from error


def thread_count() -> int:
    """Threads of a network: ``OMP_NUM_THREADS`` where it is set, else the cores given to this process; 0 if unknown."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
