"""``hashes.json`` of a model folder: the SHA-256 of its ONNX files and n-grams, checked before they are opened.

A file with a few flipped bits is a valid network that reads nonsense, and ONNX itself has no hash. Folders of others
have no such file, and are read as they are.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ocr.errors import ModelError

HASHES = "hashes.json"


def save_hash(path: Path) -> None:
    """Note the hash of a file as it is now in the ``hashes.json`` beside it. Raises OSError."""
    noted = path.with_name(HASHES)
    try:
        hashes = read_hashes(noted)
    except ModelError:
        hashes = {}  # it is damaged, and the files that it told of are written again
    text = json.dumps(dict(sorted((hashes | {path.name: hash_of_file(path)}).items())), indent=1)
    noted.write_text(text + "\n", encoding="utf-8")


def check_hash(path: Path) -> None:
    """Raises ModelError if a file is not the one whose hash was noted, or ``hashes.json`` is damaged."""
    wanted = read_hashes(path.with_name(HASHES)).get(path.name)
    try:
        whole = wanted is None or hash_of_file(path) == wanted
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}; {remedy(path.parent)}") from error
    if not whole:
        raise ModelError(f"{path} is damaged: it does not have the hash that {HASHES} names; {remedy(path.parent)}")


def read_hashes(path: Path) -> dict[str, str]:
    """The hashes by file name; none if there is no such file. Raises ModelError if it is damaged."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"cannot read {path} ({' '.join(str(error).split())}); {remedy(path.parent)}") from error
    if not isinstance(data, dict):
        raise ModelError(f"{path} is damaged: it names no files; {remedy(path.parent)}")
    return data


def remedy(folder: Path) -> str:
    """What to do about a file of a model folder that is not whole."""
    return (
        f"copy the model again, or write the file again with ocr export {folder} (n-grams: with ocr lexicon ngrams; "
        "shipped models: reinstall vitocr)"
    )


def hash_of_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
