"""Labels by a teacher for images that have none, only where it is sure."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ocr.config import TrainConfig
from ocr.data.labels.native_writer import write_native
from ocr.data.samples import Sample, decode_image
from ocr.data.unlabelled import find_images
from ocr.document import Block, Page
from ocr.errors import UsageError
from ocr.models.distil_config import DistilConfig
from ocr.models.interface import LineReader
from ocr.models.weights import load_pipeline
from ocr.pipeline import find_model

FOLDER = "taught"
"""Folder in that of the run where the labelled images are kept."""


def with_taught_labels(config: TrainConfig, output: Path) -> TrainConfig:
    """The configuration with ``distil.unlabelled``, labelled by the teacher, among the sets to train on.

    The set is written to ``output / "taught"`` (``ocr data show`` draws it); a run that is resumed takes it from there.
    Raises UsageError if the teacher is nowhere sure.
    """
    distil = config.distil
    if not distil.unlabelled:
        return config
    folder = output / FOLDER
    if not (folder / "train.jsonl").is_file():
        reader = load_pipeline(find_model(distil.teacher)).eval().reader()
        paths = [path for source in distil.unlabelled for path in find_images(Path(source))]
        manifest = write_native(label_images(paths, reader, distil), folder)
        if not manifest.stat().st_size:
            manifest.unlink()
            raise UsageError(
                f"distil.teacher={distil.teacher} is sure (distil.sure={distil.sure:g}) of no line in {len(paths)} "
                "images; lower distil.sure, or give other images"
            )
    return replace(config, data=replace(config.data, train=(*config.data.train, str(folder))))


def label_images(paths: list[Path], reader: LineReader, distil: DistilConfig) -> Iterator[Sample]:
    """The images in which the teacher is sure of a line, with what it reads there."""
    taken = 0
    for number, path in enumerate(paths, start=1):
        image = decode_image(path)
        if distil.lines:
            line = reader.read_lines([image])[0]
            sample = Sample(path, text=line.text) if line.text and line.confidence >= distil.sure else None
        else:
            page = sure_lines(reader.predict([image])[0], distil.sure)
            sample = Sample(path, page) if any(not line.ignore for line in page.lines) else None
        if sample is not None:
            taken += 1
            yield sample
        if number % 20 == 0 or number == len(paths):
            print(f"teacher: {number} of {len(paths)} images read, {taken} taken", file=sys.stderr)  # noqa: T201


def sure_lines(page: Page, sure: float) -> Page:
    """The page with the lines that the teacher is less sure of marked to be ignored."""
    blocks = (
        Block(tuple(replace(line, ignore=line.confidence < sure or not line.text) for line in block.lines))
        for block in page.blocks
    )
    return replace(page, blocks=tuple(blocks))
