"""What correction did on labelled sets: errors before and after, lines fixed and broken, time added.

Our readers are guided by n-grams, which is a correction that is always on; so there are three steps, ``STEPS``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ocr.evaluate import CORRECTED, UNGUIDED, Evaluation

STEPS = {
    "picture alone to guided": (UNGUIDED, ""),
    "guided to --correct": ("", CORRECTED),
    "picture alone to --correct": (UNGUIDED, CORRECTED),
}
"""What stands behind an engine's name before and after each step."""


@dataclass(frozen=True, slots=True)
class CorrectionResult:
    """Before and after on one set.

    Attributes:
        engine: The guided engine's name.
        step: A key of ``STEPS``.
        fixed: Lines with errors that have none any more.
        broken: Lines without errors that have some now.
        better: Lines with fewer errors than before, the fixed ones among them.
        worse: Lines with more, the broken ones among them.
        untouched: Lines that read as before.
        right: Lines without errors before.
        seconds: Wall time of a page or line without and with correction.
        cpu_seconds: Processor time of the same.
        memory: Peak memory in bytes, None if not measured.
    """

    set: str
    kind: str
    engine: str
    step: str
    cer: tuple[float | None, float | None]
    word_f1: tuple[float | None, float | None]
    calibration: tuple[float | None, float | None]
    lines: int
    right: int
    fixed: int
    broken: int
    better: int
    worse: int
    untouched: int
    seconds: tuple[float, float]
    cpu_seconds: tuple[float, float]
    memory: tuple[int | None, int | None]

    @property
    def reduction(self) -> float | None:
        """Share of the character errors that are gone; None without any before."""
        before, after = self.cer
        return None if not before or after is None else 1 - after / before


def compare(evaluations: Sequence[Evaluation]) -> list[CorrectionResult]:
    """Every step of each engine, set by set."""
    return [result_of(*step) for step in steps_of(evaluations)]


def steps_of(evaluations: Sequence[Evaluation]) -> Iterator[tuple[str, Evaluation, Evaluation]]:
    """A key of ``STEPS`` and the evaluations of one engine on one set before and after, where there are both."""
    read = {(e.labelled.name, e.labelled.kind, e.engine): e for e in evaluations}
    engines = {(e.labelled.name, e.labelled.kind, e.engine.removesuffix(UNGUIDED)): None for e in evaluations}
    for name, kind, engine in engines:
        for step, (end_before, end_after) in STEPS.items():
            before, after = (read.get((name, kind, engine + end)) for end in (end_before, end_after))
            if before is not None and after is not None:
                yield step, before, after


def result_of(step: str, before: Evaluation, after: Evaluation) -> CorrectionResult:
    """What a step did to one engine on one set."""
    pairs = list(zip(before.lines, after.lines, strict=True))
    return CorrectionResult(
        before.labelled.name,
        before.labelled.kind.value,
        before.engine.removesuffix(UNGUIDED),
        step,
        (before.scores.cer, after.scores.cer),
        (before.scores.word_f1, after.scores.word_f1),
        (before.scores.calibration_error, after.scores.calibration_error),
        len(pairs),
        sum(not a.errors for a, _ in pairs),
        sum(bool(a.errors) and not b.errors for a, b in pairs),
        sum(not a.errors and bool(b.errors) for a, b in pairs),
        sum(b.errors < a.errors for a, b in pairs),
        sum(b.errors > a.errors for a, b in pairs),
        sum(a.reading == b.reading for a, b in pairs),
        (before.reading.seconds_per_sample, after.reading.seconds_per_sample),
        (before.reading.cpu_seconds_per_sample, after.reading.cpu_seconds_per_sample),
        (before.reading.peak_memory, after.reading.peak_memory),
    )


def to_lines(results: Sequence[CorrectionResult]) -> str:
    """A line of text for each result."""
    return "\n".join(_line(result) for result in results)


def _line(result: CorrectionResult) -> str:
    def pair(values: tuple[float | None, float | None]) -> str:
        return " -> ".join("-" if value is None else f"{value:.4f}" for value in values)

    parts = [f"{result.set} ({result.kind}), {result.engine}, {result.step}:"]
    if result.cer[0] is not None:
        gone = "" if result.reduction is None else f" ({result.reduction:.1%} of the errors gone)"
        parts.append(f"CER {pair(result.cer)}{gone},")
    if result.word_f1[0] is not None:
        parts.append(f"word F1 {pair(result.word_f1)},")
    if None not in result.calibration:
        parts.append(f"calibration error {pair(result.calibration)},")
    wall, processor = (after - before for before, after in (result.seconds, result.cpu_seconds))
    parts.append(
        f"of {result.lines} lines {result.right} were right; {result.fixed} fixed, {result.broken} broken, "
        f"{result.better} better, {result.worse} worse, {result.untouched} untouched; {wall:+.3f} s each, "
        f"{processor:+.3f} s of processor time"
    )
    return " ".join(parts)
