"""Sample pictures of a training run: what the model reads at each evaluation in the same few lines and pages.

``samples/step-00001000.png`` shows one evaluation, ``samples/over_time.png`` the lines with what was read in them at
some of the steps; ``samples/readings.jsonl`` holds the texts. Letters that differ from the label are red.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw

from ocr.data.drawing import font
from ocr.document import Page
from ocr.metrics.text import align
from ocr.models.interface import Image
from ocr.models.trainable import SampleReading
from ocr.run_folder import READINGS, SAMPLES, SAMPLES_PICTURE, Run, spread
from ocr.run_record import append_row
from ocr.writers.overlay import LINE_COLOUR, draw_overlay, outline

WIDTH, HEIGHT, MARGIN = 1000, 700, 12
"""Pixels of a picture, of the highest page in it, and around it."""

COLOURS = 64
"""Of a picture: scans in all their shades would take megabytes at each evaluation."""

SIZE, SMALL = 18, 12
"""Of the letters, pixels."""

INK, GREY, WRONG = (20, 20, 20), (120, 120, 120), (205, 20, 30)

KEPT = 100
"""Most pictures of single evaluations that a run keeps."""

MISSING = ("_", False)
"""What stands for letters that were not read."""

SHOWN_STEPS = 8
"""Steps that the picture over time shows of each line: the first, the last, and some between."""


class SampleFolder:
    """Writes the pictures of one run."""

    def __init__(self, output: Path) -> None:
        self.output = output

    def write(self, step: int, readings: Sequence[SampleReading]) -> Image | None:
        """Write what was read at a step and give its picture (H, W, 3); None if there is nothing to show.

        Raises OSError if a picture, OutputError if the texts cannot be written.
        """
        if not readings:
            return None
        (self.output / SAMPLES).mkdir(parents=True, exist_ok=True)
        for reading in readings:
            if reading.page is None or reading.text:
                row = {"step": step, "name": reading.name, "label": reading.label, "text": reading.text}
                append_row(self.output / READINGS, row)
        picture = draw_readings(step, readings)
        save(picture, self.output / SAMPLES / f"step-{step:08d}.png")
        thin_out(self.output / SAMPLES)
        lines = [reading for reading in readings if reading.page is None]
        if lines:
            save(draw_over_time(lines, Run(self.output).readings), self.output / SAMPLES_PICTURE)
        return picture


def thin_out(folder: Path) -> None:
    """Of more than KEPT pictures remove every second one, but for the newest."""
    pictures = sorted(folder.glob("step-*.png"))
    for picture in pictures[-2::-2] if len(pictures) > KEPT else ():
        picture.unlink()


def draw_readings(step: int, readings: Sequence[SampleReading]) -> Image:
    """One evaluation: lines above their label and what was read, pages beside what was read in its place."""
    rows = [write_text(f"step {step:,}", SIZE)]
    for reading in readings:
        rows.append(write_text(reading.name, SMALL, GREY))
        if reading.page is None:
            rows += [fit(reading.image), labelled("label", reading.label), compared("reads", reading)]
        elif reading.text:
            rows.append(fit(draw_overlay(reading.page, reading.image)[0]))
        else:
            rows.append(draw_found(reading.page, reading.image))
    return stack(rows)


def draw_found(page: Page, image: Image) -> Image:
    """The page with boxes around what was found, fitted into the picture."""
    thickness = max(1, round(1.5 / fitting(image)))  # as it was before it is reduced
    boxed = np.ascontiguousarray(image).copy()
    outline(boxed, (line.polygon for line in page.lines), LINE_COLOUR, thickness)
    return fit(boxed)


def draw_over_time(lines: Sequence[SampleReading], rows: Sequence[dict[str, Any]]) -> Image:
    """Each line with its label and what was read in it at some of the steps, earliest first."""
    picture = []
    for line in lines:
        texts = {row["step"]: row["text"] for row in rows if row["name"] == line.name}
        picture += [write_text(line.name, SMALL, GREY), fit(line.image), labelled("label", line.label)]
        for step in spread(sorted(texts), SHOWN_STEPS):
            reading = SampleReading(line.name, line.image, line.label, texts[step])
            picture.append(compared(f"{step:,}", reading))
    return stack(picture)


def labelled(title: str, text: str) -> Image:
    return write_text(text, SIZE, INK, title)


def compared(title: str, reading: SampleReading) -> Image:
    """What was read, with the letters in red that the label does not have there; a red mark where some are missing."""
    label, text = (unicodedata.normalize("NFC", value) for value in (reading.label, reading.text))
    if not text:
        return write_text("(nothing)", SIZE, WRONG, title)
    letters: list[tuple[str, bool]] = []
    for expected, found in align(label, text):
        if found is not None:
            letters.append((found, found == expected))
        elif not letters or letters[-1] != MISSING:  # one for a whole run of missing letters
            letters.append(MISSING)
    return write_letters(letters, title)


def write_letters(letters: Sequence[tuple[str, bool]], title: str) -> Image:
    """A row of letters, those that are not right in red."""
    picture, draw = blank_row(title)
    text = "".join(letter for letter, _ in letters)
    shown, start = font(SIZE, text), 0
    while start < len(letters):
        end = start
        while end < len(letters) and letters[end][1] == letters[start][1]:
            end += 1
        place = TITLE_WIDTH + shown.getlength(text[:start])
        draw.text((place, 2), text[start:end], fill=INK if letters[start][1] else WRONG, font=shown)
        start = end
    return np.asarray(picture)


TITLE_WIDTH = 90
"""Pixels left of labels and readings."""


def blank_row(title: str) -> tuple[PillowImage.Image, ImageDraw.ImageDraw]:
    picture = PillowImage.new("RGB", (WIDTH, SIZE + 10), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((TITLE_WIDTH - 12, 6), title, fill=GREY, font=font(SMALL), anchor="ra")
    return picture, draw


def write_text(text: str, size: int, colour: tuple[int, int, int] = INK, title: str = "") -> Image:
    """A row of text (h, WIDTH, 3); with a title it stands below the readings' column."""
    if title:
        picture, draw = blank_row(title)
        draw.text((TITLE_WIDTH, 2), text, fill=colour, font=font(size, text))
        return np.asarray(picture)
    picture = PillowImage.new("RGB", (WIDTH, size + 10), "white")
    ImageDraw.Draw(picture).text((0, 6), text, fill=colour, font=font(size, text))
    return np.asarray(picture)


def fit(image: Image) -> Image:
    """The image on white, (h, WIDTH, 3); one that is wider, or higher than HEIGHT, is reduced."""
    height, width = image.shape[:2]
    if (scale := fitting(image)) < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    row = np.full((image.shape[0], WIDTH, 3), 255, np.uint8)
    row[:, : image.shape[1]] = image
    return row


def fitting(image: Image) -> float:
    """By what an image is reduced, at most 1."""
    return min(1.0, WIDTH / image.shape[1], HEIGHT / image.shape[0])


def stack(rows: Sequence[Image]) -> Image:
    """The rows below each other, with a margin around them."""
    return np.pad(np.vstack(rows), ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), constant_values=255)


def save(picture: Image, path: Path) -> None:
    """Write a PNG, whole or not at all. Raises OSError."""
    unfinished = path.with_name(f".{path.name}")
    PillowImage.fromarray(picture).quantize(COLOURS).save(unfinished, format="PNG")
    unfinished.replace(path)
