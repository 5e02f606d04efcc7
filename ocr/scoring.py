"""Readings of labelled samples against their labels: all metrics of ``ocr eval`` from one walk over a set.

What can be measured depends on the labels, see :class:`Kind`. Texts are compared in NFC with whitespace collapsed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from ocr.data.samples import Sample
from ocr.document import Block, Page, Word
from ocr.metrics.calibration import expected_calibration_error
from ocr.metrics.detection import DetectionTally
from ocr.metrics.page import WordTally, count_words, locate_words, reading_order_kept, words_of
from ocr.metrics.text import Ratio, TextTally, confusions, edit_distance, normalise
from ocr.polygon import Polygon


class Kind(str, Enum):
    """What the labels of a sample allow to measure, and so what its CER means."""

    LINES = "lines"
    """Crops of lines or words: CER of the line."""
    PAGES = "pages"
    """Whole pages whose lines have polygons: located CER. Words read where no line is labelled count as insertions."""
    TEXTS = "texts"
    """Whole pages with the text alone: CER of the page text, so reading order counts."""


@dataclass(frozen=True, slots=True)
class Scores:
    """All metrics of a set, summed over it before dividing (micro average); None where the labels do not allow one.

    Rates are fractions: 0.05 is 5%. ``cer`` and ``wer`` can exceed 1.
    """

    samples: int
    characters: int
    cer: float | None
    cer_no_spaces: float | None
    wer: float | None
    line_accuracy: float | None
    eojeol_accuracy: float | None
    word_precision: float | None
    word_recall: float | None
    word_f1: float | None
    detection_precision: float | None
    detection_recall: float | None
    detection_f1: float | None
    reading_order: float | None
    calibration_error: float | None


@dataclass(frozen=True, slots=True)
class LineResult:
    """A labelled line and what was read on it; ``polygon`` is None without line labels."""

    sample: Sample
    polygon: Polygon | None
    label: str
    reading: str
    errors: int


@dataclass
class Tally:
    """Everything that is summed over a set."""

    fold_case: bool = False
    text: TextTally = field(default_factory=TextTally)
    words: WordTally = field(default_factory=WordTally)
    boxes: DetectionTally = field(default_factory=DetectionTally)
    order: Ratio = field(default_factory=Ratio)
    confidences: list[float] = field(default_factory=list)
    correct: list[bool] = field(default_factory=list)
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)
    lines: list[LineResult] = field(default_factory=list)

    def add_text(self, sample: Sample, polygon: Polygon | None, label: str, reading: str) -> None:
        """Count one line, or the text of a page; both texts normalised."""
        self.text.add(label, reading)
        if label != reading:
            self.confusions += confusions(label, reading)
        self.lines.append(LineResult(sample, polygon, label, reading, edit_distance(label, reading)))

    def add_words(self, labels: Counter[str], words: Sequence[Word]) -> None:
        """Judge the confidence of words that were read where these labels stand; a label serves one word only."""
        left = labels.copy()
        for word in words:
            spelling = count_words([word.text], fold_case=self.fold_case)
            right = bool(spelling) and spelling <= left
            left = left - spelling if right else left
            self.confidences.append(word.confidence)
            self.correct.append(right)


def score(kind: Kind, samples: Sequence[Sample], pages: Sequence[Page], *, fold_case: bool) -> tuple[Scores, Tally]:
    """Score the pages that were read from samples of one kind; a line crop is read as a page of one line."""
    tally = Tally(fold_case)
    for sample, page in zip(samples, pages, strict=True):
        _COUNT[kind](tally, sample, page)
    return _scores(kind, len(samples), tally), tally


def _count_line(tally: Tally, sample: Sample, page: Page) -> None:
    label = normalise(sample.full_text, fold_case=tally.fold_case)
    tally.add_text(sample, None, label, normalise(page.text, fold_case=tally.fold_case))
    tally.add_words(Counter(label.split()), words_of(page))


def _count_text(tally: Tally, sample: Sample, page: Page) -> None:
    _count_line(tally, sample, page)
    labels = count_words([sample.full_text], fold_case=tally.fold_case)
    tally.words.add(labels, count_words([page.text], fold_case=tally.fold_case))


def _count_page(tally: Tally, sample: Sample, page: Page) -> None:
    truth = _scorable(sample.page or Page(1, page.width, page.height))
    located = locate_words(truth, words_of(page))
    for line, found in located.on_lines:
        label = normalise(line.text, fold_case=tally.fold_case)
        reading = normalise(" ".join(item.word.text for item in found), fold_case=tally.fold_case)
        tally.add_text(sample, line.polygon, label, reading)
        tally.add_words(Counter(label.split()), [item.word for item in found])
    for item in located.on_no_line:
        tally.text.add_insertion(normalise(item.word.text, fold_case=tally.fold_case))
    tally.add_words(Counter(), [item.word for item in located.on_no_line])

    kept = [item for _, found in located.on_lines for item in found] + located.on_no_line
    labels = count_words([line.text for line, _ in located.on_lines], fold_case=tally.fold_case)
    tally.words.add(labels, count_words([item.word.text for item in kept], fold_case=tally.fold_case))
    ignored = [line.polygon for line in truth.lines if line.ignore]
    polygons = [line.polygon for line in truth.lines if not line.ignore]
    tally.boxes.add(polygons, [line.polygon for line in page.lines], ignored)
    tally.order.add(*reading_order_kept(located))


_COUNT: dict[Kind, Callable[[Tally, Sample, Page], None]] = {
    Kind.LINES: _count_line,
    Kind.PAGES: _count_page,
    Kind.TEXTS: _count_text,
}


def _scorable(truth: Page) -> Page:
    """The labelled page with lines that have no text turned into ignore regions."""
    lines = tuple(replace(line, ignore=line.ignore or not line.text.strip()) for line in truth.lines)
    return replace(truth, blocks=(Block(lines),) if lines else ())


def _scores(kind: Kind, samples: int, tally: Tally) -> Scores:
    text, words, boxes = tally.text, tally.words, tally.boxes
    return Scores(
        samples=samples,
        characters=text.characters.total,
        cer=text.characters.value,
        cer_no_spaces=text.letters.value,
        wer=text.words.value,
        line_accuracy=None if kind is Kind.TEXTS else text.lines.value,
        eojeol_accuracy=text.eojeol.value,
        word_precision=words.precision,
        word_recall=words.recall,
        word_f1=words.f1,
        detection_precision=boxes.precision,
        detection_recall=boxes.recall,
        detection_f1=boxes.f1,
        reading_order=tally.order.value,
        calibration_error=expected_calibration_error(tally.confidences, tally.correct),
    )
