"""What correction did on labelled sets: errors before and after, lines fixed and broken, time added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ocr.evaluate import CORRECTED, Evaluation


@dataclass(frozen=True, slots=True)
class CorrectionResult:
    """Before and after on one set.

    Attributes:
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
    """Each engine that was evaluated with and without correction, on each set."""
    return [result_of(before, after) for before, after in pairs_of(evaluations)]


def pairs_of(evaluations: Sequence[Evaluation]) -> list[tuple[Evaluation, Evaluation]]:
    """Evaluations without correction, each with the one of the same engine and set with it."""
    plain = {(e.labelled.name, e.labelled.kind, e.engine): e for e in evaluations}
    pairs = []
    for after in evaluations:
        before = plain.get((after.labelled.name, after.labelled.kind, after.engine.removesuffix(CORRECTED)))
        if after.engine.endswith(CORRECTED) and before is not None:
            pairs.append((before, after))
    return pairs


def result_of(before: Evaluation, after: Evaluation) -> CorrectionResult:
    """An engine before and after on one set."""
    pairs = list(zip(before.lines, after.lines, strict=True))
    return CorrectionResult(
        before.labelled.name,
        before.labelled.kind.value,
        before.engine,
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

    parts = [f"{result.set} ({result.kind}), {result.engine} corrected:"]
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
