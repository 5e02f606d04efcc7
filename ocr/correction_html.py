"""The part of an HTML report that shows every line that correction changed, with its picture and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from ocr.correction_report import steps_of
from ocr.data.samples import Sample
from ocr.document import Correction, Line, Page
from ocr.evaluate import Evaluation
from ocr.metrics.text import edit_distance
from ocr.polygon import Polygon, centre, contains
from ocr.report import CROP_HEIGHT, crop, data_uri, marked

VERDICTS = {
    "broken": "was right, is wrong now",
    "worse": "more errors than before",
    "other": "other errors, as many as before",
    "unlabelled": "no label says what stands here",
    "better": "fewer errors than before",
    "fixed": "was wrong, is right now",
}
"""What correction did to a line, in the order of showing, and what it means."""


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A line that reads otherwise after correction; ``truth`` is None where no label says what stands there."""

    sample: Sample
    polygon: Polygon | None
    truth: str | None
    before: str
    after: str
    corrections: tuple[Correction, ...]

    @property
    def verdict(self) -> str:
        """A key of ``VERDICTS``."""
        if self.truth is None:
            return "unlabelled"
        before, after = (edit_distance(self.truth, text) for text in (self.before, self.after))
        if before != after and 0 in (before, after):
            return "broken" if before == 0 else "fixed"
        return "better" if after < before else "worse" if after > before else "other"


def changes_to_html(evaluations: Sequence[Evaluation]) -> str:
    """A section for each engine and set that was read by the picture alone and corrected; empty without any.

    That is the step whose changes a corrected document records.
    """
    steps = steps_of(evaluations)
    return "".join(_section(before, after) for step, before, after in steps if step == "picture alone to --correct")


def changed_lines(before: Evaluation, after: Evaluation) -> list[ChangedLine]:
    """Every line that reads otherwise after correction, by verdict.

    Labelled lines are shown as they were scored; what was corrected elsewhere, or on pages without labelled lines, as
    it was read.
    """
    pages = {id(s): page for s, page in zip(after.labelled.samples, after.reading.pages, strict=True)}
    by_sample: dict[int, list[ChangedLine]] = {}
    for old, new in zip(before.lines, after.lines, strict=True):
        if old.reading != new.reading and (new.polygon is not None or new.sample.is_crop):
            found = tuple(c for c, _ in corrections_on(pages[id(new.sample)], new.polygon))
            line = ChangedLine(new.sample, new.polygon, new.label, old.reading, new.reading, found)
            by_sample.setdefault(id(new.sample), []).append(line)
    lines = [line for some in by_sample.values() for line in some]
    for sample in after.labelled.samples:
        shown = {id(c) for line in by_sample.get(id(sample), []) for c in line.corrections}
        for read in pages[id(sample)].lines:
            if read.corrections and not shown & {id(c) for c in read.corrections}:
                lines.append(ChangedLine(sample, read.polygon, None, uncorrected(read), read.text, read.corrections))
    order = list(VERDICTS)
    return sorted(lines, key=lambda line: order.index(line.verdict))


def corrections_on(page: Page, polygon: Polygon | None) -> Iterator[tuple[Correction, Line]]:
    """The corrections whose words have their centre in the polygon, or all of the page."""
    for line in page.lines:
        for correction in line.corrections:
            if polygon is None or contains(polygon, centre(place_of(line, correction))):
                yield correction, line


def place_of(line: Line, correction: Correction) -> Polygon:
    """The polygon of the word that a correction stands in, or ends before."""
    stop = 0
    for word in line.words:
        stop += len(word.text) + 1
        if correction.start < stop:
            return word.polygon
    return line.words[-1].polygon if line.words else line.polygon


def uncorrected(line: Line) -> str:
    """The text of a line as it was before its corrections."""
    text = line.text
    for change in sorted(line.corrections, key=lambda change: -change.start):
        text = text[: change.start] + change.original + text[change.start + len(change.text) :]
    return text


def _section(before: Evaluation, after: Evaluation) -> str:
    lines = changed_lines(before, after)
    counts = ", ".join(
        f"{sum(line.verdict == verdict for line in lines)} {verdict} ({meaning})"
        for verdict, meaning in VERDICTS.items()
        if any(line.verdict == verdict for line in lines)
    )
    by_image = sorted(range(len(lines)), key=lambda i: str(lines[i].sample.image))
    crops: dict[int, str] = {}
    for _, group in groupby(by_image, key=lambda i: id(lines[i].sample)):  # each image is decoded once
        indices = list(group)
        image = lines[indices[0]].sample.load()
        crops |= {i: data_uri(crop(image, lines[i].polygon), CROP_HEIGHT) for i in indices}
    title = f"{before.labelled.name} ({before.labelled.kind.value}), {before.engine}: changed by correction"
    rows = "".join(_line(line, crops[i]) for i, line in enumerate(lines))
    return f"<h2>{escape(title)}</h2><p>{escape(counts or 'No line was changed.')}</p>{rows}"


def _line(line: ChangedLine, uri: str) -> str:
    if line.truth is None:
        texts = [("before", escape(line.before)), ("after", marked(line.before, line.after)[1])]
    else:
        before, after = (marked(line.truth, text)[1] for text in (line.before, line.after))
        texts = [("truth", escape(line.truth)), ("before", before), ("after", after)]
    rows = "".join(f"<tr><th>{name}</th><td class=text>{text or '&nbsp;'}</td></tr>" for name, text in texts)
    reasons = "".join(
        f"<div class=where>{escape(f'{c.original!r} to {c.text!r} (read with {c.confidence:.2f}): {c.reason}')}</div>"
        for c in line.corrections
    )
    return (
        f'<div class="line {line.verdict}"><img src="{uri}" alt="" loading="lazy"><b>{line.verdict}</b>'
        f"<span class=where> {escape(line.sample.image.name)}</span><table>{rows}</table>{reasons}</div>"
    )
