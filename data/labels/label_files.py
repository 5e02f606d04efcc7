"""Reading label files with care: encodings, and image paths that must stay inside the folder of the set."""

from __future__ import annotations

import os
import unicodedata
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import Image

from ocr.data.fixed_file import Span
from ocr.data.image_file import orientation
from ocr.data.label_options import LabelOptions
from ocr.errors import InputError, UsageError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")


def read_text(path: Path, options: LabelOptions) -> str:
    """The whole file, without byte order mark, line ends as ``\\n``.

    Raises InputError naming line and byte where the file is not of the encoding, or holds a NUL byte.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError("not_found", f"{path}: the label file cannot be read ({error.strerror})") from error
    return _decode(raw, path, options).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def decode_row(raw: bytes, path: Path, options: LabelOptions, row: int) -> str:
    """One row of a file, cut out at line ends; errors as in :func:`read_text`."""
    return _decode(raw, path, options, row).removeprefix("\ufeff")


def _decode(raw: bytes, path: Path, options: LabelOptions, first: int = 1) -> str:
    """Bytes of a label file that begin in row ``first``."""
    try:
        text = raw.decode(options.encoding)
    except LookupError:
        raise UsageError(f"encoding={options.encoding}: unknown encoding; give one as utf-8, utf-16, cp949") from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + first
        raise InputError(
            "damaged",
            f"{path}:{line}: byte {error.start} (0x{raw[error.start]:02x}) is not {options.encoding};"
            " save the labels as UTF-8 or name their encoding with --encoding",
        ) from error
    nul = text.find("\0")
    if nul >= 0:
        line = text.count("\n", 0, nul) + first
        raise InputError("damaged", f"{path}:{line}: a NUL character in the labels; remove it or see --encoding")
    return text


def resolve_image(root: Path, name: str, options: LabelOptions, source: str) -> Path:
    """The path of an image that a label names, relative to ``root``, the folder of the set.

    Raises UsageError if it leaves the folder, by an absolute path, ``..`` or a link, unless ``allow_outside``.
    """
    if not options.allow_outside and (rule := refused(os.fspath(root), name)):
        raise UsageError(_outside(source, name, rule))
    return root / name


def refused(folder: str, name: str) -> str:
    """The rule by which an image leaves the folder of its set; empty if it does not. Text, not paths: this is done a
    million times."""
    parts = name.replace("\\", "/").split("/")  # both kinds, since sets travel between systems
    if parts[0] == "" or parts[0][1:2] == ":" or ".." in parts:
        return "absolute paths and '..' are refused"
    path = f"{folder}/{name}"
    if os.path.islink(path):  # noqa: PTH114
        inside = Path(path).resolve().is_relative_to(Path(folder).resolve())
    else:
        inside = len(parts) == 1 or _folder_is_inside(path[: path.rindex("/")], folder)
    return "" if inside else "it is a link that leaves the folder of the set"


def image_size(image: Path, span: Span | None = None) -> tuple[int, int]:
    """Width and height of the displayed image (or of the one whose bytes lie there), from its header; (0, 0) if it
    cannot be opened.

    An unreadable image must not stop the reading of the other labels: the checks find and count it.
    """
    try:
        with Image.open(image if span is None else BytesIO(span.read())) as header:
            turned = orientation(header) >= 5  # lies on its side
            return (header.height, header.width) if turned else header.size
    except Exception:  # Pillow raises OSError, ValueError, TypeError, SyntaxError, KeyError and more
        return 0, 0


def nfc(text: str) -> str:
    """Text in composed form, as everywhere outside the models."""
    return unicodedata.normalize("NFC", text)


@lru_cache(maxsize=4096)  # a manifest of a million crops names few folders
def _folder_is_inside(folder: str, root: str) -> bool:
    return Path(folder).resolve().is_relative_to(Path(root).resolve())


def _outside(source: str, name: str, rule: str) -> str:
    return f"{source}: image {name!r}: {rule}; put the image inside the folder of the set, or pass --allow-outside"
