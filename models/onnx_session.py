"""One way to open ONNX files, for every pipeline."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ocr.errors import ModelError
from ocr.models.aside import begin
from ocr.models.file_hashes import check_hash, remedy

Recording = dict[str, list[NDArray[np.float32]]]
"""What the networks of a reader were given, by the stem of their file: int8 is calibrated on it."""


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """The network in ONNX Runtime, with :func:`thread_count` threads. Raises ModelError if it is missing or damaged."""
    if not path.is_file():
        raise ModelError(f"{path.parent} has no {path.name}: write it with ocr export {path.parent}")
    check_hash(path)
    share_memory()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.enable_mem_pattern = False  # pages and lines are of ever new sizes
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises several classes of its own
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"cannot load {path}: {reason}; {remedy(path.parent)}") from error


def open_aside(path: Path) -> Callable[[], onnxruntime.InferenceSession]:
    """Have a network opened in a thread of its own, while the caller imports and opens what else it needs.

    The function returned waits for it, and returns and raises what :func:`open_session` does.
    """
    share_memory()
    return begin(functools.partial(open_session, path))


@functools.cache
def share_memory() -> None:
    """One store of working memory for all networks of this process, which grows by what is asked for, no more.

    Memory that goes back to the system after each run comes anew page by page with the next: a twentieth of the time.
    """
    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    as_requested = 1  # by doubling, the default, it would hold up to twice of what it needs
    with contextlib.suppress(Exception):  # there is one already: another library of this process made it
        onnxruntime.create_and_register_allocator(place, onnxruntime.OrtArenaCfg(0, as_requested, -1, -1))


def thread_count() -> int:
    """Threads of a network: ``OMP_NUM_THREADS`` where it is set, else the cores given to this process; 0 if unknown."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
