"""Evaluations as a text table, as JSON and as a self-contained HTML page with the worst lines and the confusions."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.errors import OutputError
from ocr.evaluate import Evaluation
from ocr.metrics.text import align
from ocr.models.interface import Image
from ocr.polygon import Polygon, bounds
from ocr.scoring import Kind, LineResult

WORST_LINES = 30
"""Lines shown for each engine and set."""
CONFUSIONS = 30
"""Confusion pairs shown for each engine and set."""
CROP_MARGIN = 6
"""Pixels of surroundings shown around the box of a line."""
CROP_WIDTH = 900
CROP_HEIGHT = 120
PAGE_HEIGHT = 700
"""Pictures of lines, and of whole pages, are shrunk to fit into this many pixels, to keep the file small."""
JPEG_QUALITY = 80
SPACE_MARK = "␣"


def _rate(value: Any) -> str:
    return f"{value:.3f}"


def _seconds(value: Any) -> str:
    return f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: key of :meth:`Evaluation.to_dict`, heading, how a value is written, what it means."""

    key: str
    heading: str
    write: Callable[[Any], str]
    meaning: str


COLUMNS = (
    Column("set", "set", str, "folder; (folded): its labels are all upper case, so case is not compared"),
    Column("kind", "kind", str, "line crops, pages with line polygons, or page texts alone"),
    Column("engine", "engine", str, ""),
    Column("samples", "n", str, "number of pages or line crops"),
    Column("cer", "CER", _rate, "character errors over label characters; lines: of the line; pages: located, words on "
           "no labelled line are insertions; texts: of the page text in reading order"),
    Column("cer_no_spaces", "CER-sp", _rate, "the same without spaces"),
    Column("wer", "WER", _rate, "word errors over label words"),
    Column("line_accuracy", "exact", _rate, "lines without any error"),
    Column("eojeol_accuracy", "eojeol", _rate, "Korean spaced words without any error"),
    Column("word_f1", "wordF1", _rate, "multiset match of words a page (SROIE task 2)"),
    Column("word_precision", "wordP", _rate, "its precision"),
    Column("word_recall", "wordR", _rate, "its recall"),
    Column("detection_f1", "boxF1", _rate, "line boxes at IoU 0.5"),
    Column("detection_precision", "boxP", _rate, "their precision"),
    Column("detection_recall", "boxR", _rate, "their recall"),
    Column("reading_order", "order", _rate, "steps from line to line of the label that the reading makes too"),
    Column("calibration_error", "ECE", _rate, "expected calibration error of word confidence"),
    Column("seconds_per_sample", "s/item", _seconds, "wall time of one page or line"),
    Column("cpu_seconds_per_sample", "cpu s", _seconds, "processor time of one, over all threads"),
    Column("peak_memory_mb", "MB", str, "peak memory of the largest process"),
)  # fmt: skip


def to_table(evaluations: Sequence[Evaluation]) -> str:
    """A Markdown table, sets by engines; columns that no row has are left out."""
    headings, rows = _cells(evaluations)
    widths = [max(len(row[i]) for row in [headings, *rows]) for i in range(len(headings))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
             for row in [headings, ["-" * width for width in widths], *rows]]  # fmt: skip
    return "\n".join(lines)


def to_json(evaluations: Sequence[Evaluation]) -> str:
    """``{"results": [row, ...]}`` with every metric of every row."""
    return json.dumps({"results": [evaluation.to_dict() for evaluation in evaluations]}, ensure_ascii=False, indent=1)


def to_html(evaluations: Sequence[Evaluation], changes: str = "") -> str:
    """One file without links to others: the table, and for every row its worst lines with crops and its confusions.

    ``changes`` is HTML that stands before the rows' sections, see :func:`ocr.correction_html.changes_to_html`.
    """
    headings, rows = _cells(evaluations)
    sections = "".join(_section(evaluation) for evaluation in evaluations)
    meanings = "".join(
        f"<dt>{escape(column.heading)}</dt><dd>{escape(column.meaning)}</dd>" for column in COLUMNS if column.meaning
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>OCR evaluation</title>'
        f"<style>{STYLE}</style></head><body><h1>OCR evaluation</h1>"
        f"{_html_table(headings, rows)}<details><summary>What the columns mean</summary><dl>{meanings}</dl></details>"
        f"{changes}{sections}</body></html>\n"
    )


def write(path: Path, text: str) -> None:
    """Write a report. Raises OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


STYLE = """
body{font:15px/1.4 system-ui,sans-serif;margin:2em auto;max-width:75em;padding:0 1em;color:#222;background:#fff}
table{border-collapse:collapse;margin:.5em 0}td,th{border:1px solid #ccc;padding:.2em .5em;text-align:left}
th{background:#f3f3f3}.line{margin:.8em 0;border-left:3px solid #ccc;padding-left:.8em}
.line img{max-width:100%;display:block;border:1px solid #ddd}
.text{font-family:ui-monospace,monospace;white-space:pre-wrap}
.where{color:#666;font-size:85%}del{background:#fdd;text-decoration:none}ins{background:#dfd;text-decoration:none}
.columns{columns:14em}dt{font-weight:bold}
.fixed{border-color:#2a2}.better{border-color:#9d9}.worse{border-color:#e99}.broken{border-color:#c00}
"""


def _cells(evaluations: Sequence[Evaluation]) -> tuple[list[str], list[list[str]]]:
    entries = [evaluation.to_dict() for evaluation in evaluations]
    columns = [column for column in COLUMNS if any(entry[column.key] is not None for entry in entries)]
    for entry in entries:
        entry["set"] += " (folded)" if entry["case_folded"] else ""
    rows = [["" if e[c.key] is None else c.write(e[c.key]) for c in columns] for e in entries]
    return [column.heading for column in columns], rows


def _html_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _section(evaluation: Evaluation) -> str:
    title = f"{evaluation.labelled.name} ({evaluation.labelled.kind.value}), {evaluation.engine}"
    worst = sorted((line for line in evaluation.lines if line.errors), key=lambda line: -line.errors)[:WORST_LINES]
    height = PAGE_HEIGHT if evaluation.labelled.kind is Kind.TEXTS else CROP_HEIGHT
    # Lines of one image together, so that it is decoded once.
    by_image = sorted(range(len(worst)), key=lambda i: str(worst[i].sample.image))
    crops: dict[int, str] = {}
    for _, group in groupby(by_image, key=lambda i: worst[i].sample.image):
        indices = list(group)
        image = worst[indices[0]].sample.load()
        crops |= {i: data_uri(crop(image, worst[i].polygon), height) for i in indices}
    lines = "".join(_line(line, crops[i]) for i, line in enumerate(worst))
    pairs = [[_visible(a), _visible(b), str(n)] for (a, b), n in evaluation.confusions.most_common(CONFUSIONS)]
    return (
        f"<h2>{escape(title)}</h2><h3>Confusions</h3><div class=columns>"
        f"{_html_table(['label', 'read as', 'times'], pairs) if pairs else '<p>None.</p>'}</div>"
        f"<h3>Lines with most errors</h3>{lines or '<p>None.</p>'}"
    )


def _line(line: LineResult, uri: str) -> str:
    label, reading = marked(line.label, line.reading)
    where = f"{line.sample.image.name}: {line.errors} errors in {len(line.label)} characters"
    return (
        f'<div class="line"><img src="{uri}" alt="" loading="lazy">'
        f'<div class="text">{label}<br>{reading or "&nbsp;"}</div>'
        f'<div class="where">{escape(where)}</div></div>'
    )


def marked(label: str, reading: str) -> tuple[str, str]:
    """Both texts escaped, with what was lost marked in the label and what was put in its place in the reading."""
    above, below = [], []
    for wrong, run in groupby(align(label, reading), key=lambda pair: pair[0] != pair[1]):
        pairs = list(run)
        lost = escape("".join(a for a, _ in pairs if a is not None))
        found = escape("".join(b for _, b in pairs if b is not None))
        above.append(f"<del>{lost}</del>" if wrong and lost else lost)
        below.append(f"<ins>{found}</ins>" if wrong and found else found)
    return "".join(above), "".join(below)


def _visible(text: str) -> str:
    return text.replace(" ", SPACE_MARK) or "(nothing)"


def crop(image: Image, polygon: Polygon | None) -> Image:
    """The line with some surroundings, upright box; the whole image where the label has no polygon."""
    if polygon is None:
        return image
    left, top, right, bottom = bounds(polygon)
    rows = slice(max(int(top) - CROP_MARGIN, 0), max(int(bottom) + CROP_MARGIN, 1))
    columns = slice(max(int(left) - CROP_MARGIN, 0), max(int(right) + CROP_MARGIN, 1))
    part = image[rows, columns]
    return part if part.size else image


def data_uri(image: Image, max_height: int) -> str:
    """The image (H, W, 3) RGB as a ``data:`` address of a JPEG, shrunk to at most CROP_WIDTH by ``max_height``."""
    height, width = image.shape[:2]
    scale = min(1.0, CROP_WIDTH / width, max_height / height)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small: NDArray[Any] = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(np.asarray(encoded).tobytes()).decode("ascii")
