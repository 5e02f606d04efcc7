"""Labelled images: what training, evaluation and the checks are fed with.

:func:`load_samples` reads a labelled set of any known format (the table is in :mod:`ocr.data.labels.formats`) into a
list of :class:`Sample`. Only the labels are read; an image is decoded each time :meth:`Sample.load` is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ocr.data.fixed_file import Span
from ocr.data.image_file import check_size, describe, orientation, to_rgb, upright
from ocr.data.label_options import LabelOptions
from ocr.data.page_options import PageOptions
from ocr.document import Page
from ocr.errors import InputError, UsageError

SPLIT_FOLDERS = {
    "train": ("train", "training", "training_data"),
    "val": ("val", "validation", "valid", "dev"),
    "test": ("test", "testing_data"),
}
"""Names under which the parts of other people's sets are kept."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled image. Text is NFC; polygons are pixels of the displayed (EXIF-turned) image.

    A labelled page has ``page``, a tree of one block with confidence 1 (``Line.ignore`` marks what must be neither
    trained on nor scored), and ``text`` too if the set gives the page text apart from the lines. A line or word crop,
    and a page that was only transcribed, have ``page=None`` and ``text``; :attr:`is_crop` tells them apart.
    """

    image: Path
    page: Page | None = None
    text: str | None = None
    lang: str | None = None
    kind: str | None = None
    size: tuple[int, int] | None = None
    """Width and height in pixels as labelled; None where the label does not say."""
    source: str = ""
    """Where the label stands, for messages: ``train.jsonl:12``."""
    span: Span | None = None
    """Where the bytes of the image lie if it is a member of a tar file; ``image`` is then only its name."""

    @property
    def is_crop(self) -> bool:
        """Whether the image is one line or word: text without polygons and without line breaks."""
        return self.page is None and self.text is not None and "\n" not in self.text and self.kind != "page"

    @property
    def full_text(self) -> str:
        """All the text of the image: the given one, else that of the lines that are not ``ignore``."""
        if self.text is not None:
            return self.text
        return "\n".join(line.text for line in self.page.lines if not line.ignore) if self.page else ""

    def load(self) -> NDArray[np.uint8]:
        """The image (H, W, 3), RGB, upright by EXIF, transparency laid over white.

        Raises InputError (``not_found``, ``empty``, ``truncated``, ``damaged``, ``too_large``, ``unsupported``).
        """
        return decode_image(self.image, self.span)

    def image_bytes(self) -> bytes:
        """The image file as it is. Raises InputError or OSError."""
        return self.span.read() if self.span else self.image.read_bytes()


def label_texts(sample: Sample) -> Iterable[str]:
    """The text of each line that counts; of the text without polygons, each row."""
    if sample.page is not None:
        return [line.text for line in sample.page.lines if not line.ignore]
    return text_rows(sample.text or "")


def text_rows(text: str) -> list[str]:
    """The rows of a text without polygons that are not blank."""
    return [row for row in text.splitlines() if row.strip()]


def load_samples(path: Path, *, split: str | None = None, options: LabelOptions | None = None) -> Sequence[Sample]:
    """The samples of a manifest, a label file or a folder, in the order of the labels.

    A list, or for large sets :class:`~ocr.data.stored_samples.StoredSamples`.

    ``split`` names a part of a folder: ``val`` is ``val.jsonl``, or the folder ``val``; it is needed where a folder has
    several. Raises UsageError (no such set or split, unknown format, path outside the set), InputError (bad labels).
    """
    from ocr.data.labels.formats import READERS  # here, because the readers import Sample

    path = find_split(Path(path), split)
    for reader in READERS:
        if reader.recognises(path):
            return reader.read(path, options or LabelOptions())
    known = "; ".join(f"{reader.name}: {reader.looks_like}" for reader in READERS)
    raise UsageError(f"{path}: no label format recognised; known formats are {known}")


def list_splits(folder: Path) -> list[str]:
    """Names of the parts of a folder that holds several: ``["train", "val"]``; empty if it is one set or a file."""
    if not folder.is_dir() or (folder / "metadata.jsonl").exists():
        return []
    manifests = sorted(manifest.stem for manifest in folder.glob("*.jsonl"))
    return manifests or [split for split in SPLIT_FOLDERS if _split_folder(folder, split)]


def find_split(path: Path, split: str | None) -> Path:
    """The manifest or folder of a split. Raises UsageError if there is none, or if one must be chosen."""
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder; give a manifest, a label file or the folder of a set")
    splits = list_splits(path)
    if split is None and len(splits) > 1:
        raise UsageError(f"{path}: holds {', '.join(splits)}; choose one: {path / splits[0]}.jsonl, split={splits[0]}")
    if split is None and not splits:
        return path
    name = split or splits[0]
    manifest = path / f"{name}.jsonl"
    found = manifest if manifest.is_file() else _split_folder(path, name)
    if found is None:
        raise UsageError(f"{path}: has no split {name!r}; it has {', '.join(splits) or 'no splits'}")
    return found


def _split_folder(folder: Path, split: str) -> Path | None:
    names = SPLIT_FOLDERS.get(split, (split,))
    return next((folder / name for name in names if (folder / name).is_dir()), None)


def decode_image(path: Path, span: Span | None = None) -> NDArray[np.uint8]:
    """The file as (H, W, 3) RGB uint8, first frame only, with the same conversions as when a page is read.

    With a ``span`` its bytes lie there, and ``path`` is a name for messages.

    Decoded in this process, unlike user inputs, because training does it all the time. Raises InputError.
    """
    try:
        with Image.open(path if span is None else BytesIO(span.read())) as image:
            check_size(image.width, image.height, PageOptions().max_pixels)
            image.load()
            return np.array(upright(to_rgb(image), orientation(image)))
    except FileNotFoundError:
        raise InputError("not_found", f"{path}: the image does not exist; correct the label or add the file") from None
    except InputError as error:
        raise InputError(error.code, f"{path}: {error}") from None
    except Exception as error:  # Pillow raises OSError, ValueError, TypeError, SyntaxError, KeyError and more
        if (path.is_file() and path.stat().st_size == 0) if span is None else not span.length:
            raise InputError("empty", f"{path}: the image has 0 bytes; replace it") from None
        raise InputError(describe(error)[0], f"{path}: the image cannot be decoded ({error}); replace it") from error
