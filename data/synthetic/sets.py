"""Whole sets of rendered pages or lines as files, in the native format; sample i depends on the seed and i alone."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from ocr.data.samples import Sample
from ocr.data.synthetic.crops import CropStyle, render_crop
from ocr.data.synthetic.degrade import PROFILES
from ocr.data.synthetic.fonts import FontLibrary, evaluation_library
from ocr.data.synthetic.pages import PageOptions, render_page
from ocr.data.synthetic.text import TextSampler
from ocr.data.synthetic.textures import Image
from ocr.errors import OutputError, UsageError

LINE_HEIGHT = 48
LINE_WIDTH = 1600
LINE_STRENGTHS = {"clean": 0.0, "light": 0.25, "medium": 0.5, "strong": 0.8, "mixed": 0.5}
"""Mean strength of line crops for the profiles of pages."""


@dataclass(frozen=True, slots=True)
class SetOptions:
    """What to render and where to. ``strength`` names a profile; ``layout`` and ``rotation`` concern pages only.

    ``evaluation_fonts`` takes only the families that training never sees. Defaults live in ``ocr data synth``.
    """

    output: Path
    fonts: tuple[Path, ...]
    corpora: tuple[Path, ...]
    kind: Literal["pages", "lines"]
    count: int
    seed: int
    split: str
    strength: str
    layout: str
    language: str | None
    rotation: float
    evaluation_fonts: bool


def render_set(options: SetOptions, workers: int = 1) -> Iterator[Sample]:
    """The samples in order, each written under ``output/images`` by the time it is yielded.

    Raises :class:`~ocr.errors.UsageError` for wrong names and :class:`~ocr.errors.OutputError`.
    """
    _check(options)
    (options.output / "images").mkdir(parents=True, exist_ok=True)
    numbers = range(options.count)
    if workers <= 1:
        yield from (_render(options, number) for number in numbers)
        return
    with ProcessPoolExecutor(workers, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        yield from pool.map(_render, [options] * options.count, numbers, chunksize=4)


def _check(options: SetOptions) -> None:
    if options.strength not in PROFILES:
        near = difflib.get_close_matches(options.strength, PROFILES, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"unknown strength {options.strength!r}: it must be {', '.join(PROFILES)}{hint}")
    if options.kind not in ("pages", "lines"):
        raise UsageError(f"unknown kind {options.kind!r}: it must be pages or lines")


@lru_cache(maxsize=1)
def _sources(options: SetOptions) -> tuple[FontLibrary, TextSampler]:
    """Fonts and texts, loaded once a process."""
    library = evaluation_library if options.evaluation_fonts else FontLibrary
    texts = TextSampler(options.corpora)
    if options.language:
        if options.language not in texts.corpora:
            found = ", ".join(sorted(texts.corpora))
            raise UsageError(f"no text of language {options.language!r}: the corpora hold {found}")
        texts.corpora = {options.language: texts.corpora[options.language]}
    return library(options.fonts), texts


def _render(options: SetOptions, number: int) -> Sample:
    fonts, texts = _sources(options)
    rng = np.random.default_rng([options.seed, number])
    name = f"{options.split}_{options.seed}_{number:06d}"
    if options.kind == "lines":
        style = CropStyle(strength=LINE_STRENGTHS[options.strength])
        image, text = render_crop(rng, fonts, texts, LINE_HEIGHT, LINE_WIDTH, style)
        path = _write(options.output / "images" / f"{name}.png", image)
        return Sample(path, text=text, size=(image.shape[1], image.shape[0]))
    page_options = PageOptions(options.layout, degradation=PROFILES[options.strength], rotation=options.rotation)
    image, page = render_page(rng, fonts, texts, page_options)
    path = _write(options.output / "images" / f"{name}.jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return Sample(path, page=page, size=(page.width, page.height))


def _write(path: Path, image: Image) -> Path:
    done, data = cv2.imencode(path.suffix, image, (cv2.IMWRITE_JPEG_QUALITY, 92))
    assert done  # uint8 images always can be encoded
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error}); free space") from error
    return path
