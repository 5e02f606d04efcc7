"""What the checks found in a labelled set, as data and as text to read."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ocr.data.samples import Sample
from ocr.errors import InputError

SHOWN = 8
"""How many examples of each finding the text shows."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a label. ``rule`` is short and the same for all problems of its sort."""

    source: str
    rule: str
    detail: str

    def __str__(self) -> str:
        return f"{self.source}: {self.rule}: {self.detail}"


@dataclass(slots=True)
class SplitReport:
    """The findings in one split. Groups of sources name the samples that share an image."""

    name: str
    samples: int = 0
    looked_at: int = 0
    """As many as ``samples``, or those that were drawn from them; all findings are of these."""
    crops: int = 0
    boxed: int = 0
    texts: int = 0
    lines: int = 0
    ignored: int = 0
    kept: Sequence[Sample] = ()
    """What to train on or score: without the bad samples, and with the bad lines as ignore regions."""
    bad: list[Problem] = field(default_factory=list)
    bad_lines: list[Problem] = field(default_factory=list)
    empty_lines: list[str] = field(default_factory=list)
    characters: Counter[str] = field(default_factory=Counter)
    """NFD symbols of the labels that are kept."""
    unknown: Counter[str] = field(default_factory=Counter)
    unknown_example: dict[str, str] = field(default_factory=dict)
    duplicates: list[list[str]] = field(default_factory=list)
    contradictions: list[list[str]] = field(default_factory=list)

    def count(self, sample: Sample) -> None:
        """Count a sample that is good."""
        self.crops += sample.is_crop
        self.boxed += sample.page is not None
        self.texts += sample.page is None and not sample.is_crop
        self.ignored += sum(line.ignore for line in sample.page.lines) if sample.page else 0

    def stop_reason(self, max_bad_fraction: float) -> str | None:
        """Why this split must not be used, if more of it is bad than allowed."""
        for bad, total, what in ((self.bad, self.looked_at, "samples"), (self.bad_lines, self.lines, "lines")):
            if len(bad) > max_bad_fraction * total:
                return (
                    f"{len(bad)} of {total} {what} of {self.name} are bad, more than {max_bad_fraction:.1%};"
                    f" the first is {bad[0]}; repair or remove them, or allow more with max_bad_fraction"
                )
        return f"{self.name} holds no samples" if not self.samples else None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The findings in a training set and its validation set. ``str(report)`` is the text to read."""

    splits: tuple[SplitReport, ...]
    overlap: tuple[tuple[str, str], ...]
    """Images of the first split that are also in another one: the two sources."""
    max_bad_fraction: float
    has_alphabet: bool

    @property
    def train(self) -> Sequence[Sample]:
        """The samples to train on."""
        return self.splits[0].kept

    @property
    def val(self) -> Sequence[Sample]:
        """The samples to validate on."""
        return self.splits[1].kept if len(self.splits) > 1 else []

    @property
    def stop_reasons(self) -> list[str]:
        reasons = (split.stop_reason(self.max_bad_fraction) for split in self.splits)
        return [reason for reason in reasons if reason]

    def require_usable(self) -> None:
        """Raises InputError if more is bad than allowed."""
        if self.stop_reasons:
            raise InputError("damaged", "; ".join(self.stop_reasons))

    def __str__(self) -> str:
        parts = [line for split in self.splits for line in _split_text(split, self.has_alphabet)]
        if len(self.splits) > 1:
            parts += _findings("images that are in two splits", [f"{a} = {b}" for a, b in self.overlap])
        return "\n".join([*parts, *(f"STOP: {reason}" for reason in self.stop_reasons)])


def _split_text(split: SplitReport, has_alphabet: bool) -> list[str]:
    drawn = "" if split.looked_at == split.samples else f"{split.looked_at} drawn from them to be checked: "
    kinds = f"{split.boxed} pages with lines, {split.texts} with text only, {split.crops} crops"
    head = f"{split.name}: {split.samples} images ({drawn}{kinds})"
    symbols = f"{sum(split.characters.values())} symbols, {len(split.characters)} different"
    counts = f"{split.lines} lines, {split.ignored} of them ignored; {symbols}"
    parts = [
        f"{head}, {counts}",
        *_findings("bad samples, skipped", [str(problem) for problem in split.bad]),
        *_findings("bad lines, ignored", [str(problem) for problem in split.bad_lines]),
        *_findings("lines without text, ignored", split.empty_lines),
        *_findings("images that stand twice with one label", [" = ".join(group) for group in split.duplicates]),
        *_findings("images with two different labels", [" = ".join(group) for group in split.contradictions]),
    ]
    if has_alphabet:
        unknown = [
            f"{describe(symbol)} {count} times, first at {split.unknown_example[symbol]}"
            for symbol, count in split.unknown.most_common()
        ]
        parts += _findings("symbols that the alphabet lacks", unknown, shown=40)
    else:
        rare = [describe(symbol) for symbol, count in sorted(split.characters.items()) if count <= 2]
        parts += _findings("symbols seen once or twice", [", ".join(rare)] if rare else [], count=len(rare))
    return parts if len(parts) > 1 else [*parts, "  nothing wrong found"]


def _findings(title: str, findings: list[str], *, shown: int = SHOWN, count: int | None = None) -> list[str]:
    """A title with the number of findings and the first of them; nothing if there are none."""
    if not findings:
        return []
    number = len(findings) if count is None else count
    more = [f"    ... and {len(findings) - shown} more"] if len(findings) > shown else []
    return [f"  {title}: {number}", *(f"    {finding}" for finding in findings[:shown]), *more]


def describe(symbol: str) -> str:
    """``'é' U+00E9``; marks stand on a dotted circle, control characters by their number only."""
    shown = f"◌{symbol}" if unicodedata.combining(symbol) else symbol
    printable = unicodedata.category(symbol)[0] not in "CZ" or symbol == " "
    return f"'{shown}' U+{ord(symbol):04X}" if printable else f"U+{ord(symbol):04X}"
