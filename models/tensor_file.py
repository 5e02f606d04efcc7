"""Our safetensors files: the SHA-256 of what they hold is written into the header and checked when they are read."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ocr.errors import ModelError
from ocr.models.safetensors_header import damaged, read_header

HASH = "sha256"
"""Key of the hash in the header's metadata."""


def save_tensors(tensors: Mapping[str, Any], path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write torch tensors, the same bytes for the same numbers. Raises OSError or SafetensorError."""
    from safetensors.torch import save

    whole = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    digest, _ = content_hash(io.BytesIO(whole))
    start = 8 + int.from_bytes(whole[:8], "little")
    told = {"__metadata__": {**(metadata or {}), HASH: digest}}  # by hand: safetensors shuffles what has several keys
    header = json.dumps(told | json.loads(whole[8:start]), separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.write(memoryview(whole)[start:])


def load_tensors(path: Path) -> dict[str, Any]:
    """The torch tensors of a safetensors file by name.

    Raises ModelError if it is none, if its header is damaged or too large, or if it does not hold what its hash says;
    files of others have no hash.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    read_header(path)
    try:
        with path.open("rb") as file:
            found, wanted = content_hash(file)
        if wanted is not None and found != wanted:
            raise damaged(path, "it does not hold what the hash in its header says")
        tensors: dict[str, Any] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"cannot load {path}: {error}; only safetensors files are loaded") from error
    return tensors


def content_hash(file: BinaryIO) -> tuple[str, str | None]:
    """SHA-256 of the names, types, shapes and numbers of a safetensors file, and the one that its header tells."""
    header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    metadata = header.pop("__metadata__", {})
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest(), metadata.get(HASH) if isinstance(metadata, dict) else None
