"""The header of a safetensors file: names, types and shapes of its tensors, read without torch and without the numbers.

A file is 8 bytes (length of the header, little endian), the header (a JSON object), and the numbers of all tensors one
behind the other: https://github.com/huggingface/safetensors#format.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocr.errors import ModelError

HEADER_LIMIT = 16 << 20
"""Largest header in bytes that is read: enough for 100,000 tensors (the format itself allows 100 MB)."""

BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "U16": 16, "I16": 16, "F16": 16, "BF16": 16,
    "U32": 32, "I32": 32, "F32": 32, "U64": 64, "I64": 64, "F64": 64,
}  # fmt: skip
"""Bits of a number of each type."""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor as the header tells of it; ``dtype`` is a key of :data:`BITS`."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @property
    def is_floating_point(self) -> bool:
        return self.dtype.startswith(("F", "BF"))


def read_header(path: Path) -> tuple[StoredTensor, ...]:
    """The tensors of a safetensors file, in the order of the header; their numbers are not read.

    Raises ModelError if the file cannot be read, if the header is damaged or too large, or if the numbers behind it are
    not as many as it says (a file that was cut off).
    """
    try:
        with path.open("rb") as file:
            start = file.read(8)
            length = int.from_bytes(start, "little")
            if len(start) < 8 or not 2 <= length <= HEADER_LIMIT:
                raise damaged(path, f"its header would have {length} bytes, allowed are 2 to {HEADER_LIMIT}")
            text = file.read(length)
            stored = path.stat().st_size - 8 - length
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}; give a folder that holds the weights") from error
    if len(text) < length:
        raise damaged(path, f"its header has {len(text)} of {length} bytes")
    try:
        header = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"its header is no JSON: {' '.join(str(error).split())[:80]}") from error
    if not isinstance(header, dict):
        raise damaged(path, "its header is no JSON object")
    tensors = tuple(parse_tensor(path, name, entry) for name, entry in header.items() if name != "__metadata__")
    if (told := sum(tensor.size * BITS[tensor.dtype] // 8 for tensor in tensors)) != stored:
        raise damaged(path, f"{stored} bytes of numbers follow the header, which tells of {told}")
    return tensors


def parse_tensor(path: Path, name: str, entry: Any) -> StoredTensor:
    """One entry of the header: ``{"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12]}``."""
    if not isinstance(entry, dict) or entry.get("dtype") not in BITS:
        raise damaged(path, f"tensor {name!r} has no known type")
    shape, offsets = entry.get("shape"), entry.get("data_offsets")
    for numbers in (shape, offsets):
        if not isinstance(numbers, list) or any(type(n) is not int or not 0 <= n < 1 << 60 for n in numbers):
            raise damaged(path, f"tensor {name!r} has no shape or no place")
    tensor = StoredTensor(name, entry["dtype"], tuple(entry["shape"]))
    if len(entry["data_offsets"]) != 2:
        raise damaged(path, f"tensor {name!r} has no shape or no place")
    first, last = entry["data_offsets"]
    if (last - first) * 8 != tensor.size * BITS[tensor.dtype]:
        raise damaged(path, f"tensor {name!r} of shape {list(tensor.shape)} lies in {last - first} bytes")
    return tensor


def damaged(path: Path, reason: str) -> ModelError:
    return ModelError(f"{path} is no whole safetensors file: {reason[:300]}; fetch or export it again")
