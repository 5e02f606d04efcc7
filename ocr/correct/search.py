"""The best text of a line among all combinations of its doubts' readings: a beam search, many lines in step.

A combination is worth the recogniser's log-probability, plus that of the language model times its weight, plus a bonus
for each character (Maas et al., arXiv 1408.2873).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ocr.correct.config import CorrectionConfig
from ocr.correct.language import LanguageModel
from ocr.document import Line


@dataclass(frozen=True, slots=True)
class Combination:
    """A text of a line: ``chosen`` numbers the reading of each doubt, 0 is as it was read."""

    text: str
    chosen: tuple[int, ...]
    recogniser: float
    language: float
    second: float | None = None
    """What a second language model gives the whole text; None: it was not asked."""

    def worth(self, config: CorrectionConfig) -> float:
        if self.second is None:
            return self.recogniser + config.weight * self.language + config.bonus * len(self.text)
        language = (1 - config.share) * self.language + config.share * self.second
        return self.recogniser + config.weight_both * language + config.bonus_both * len(self.text)


def search(
    lines: Sequence[Line], contexts: Sequence[str], allowed: Sequence[Sequence[Sequence[int]]],
    language: LanguageModel, config: CorrectionConfig,
) -> list[list[Combination]]:  # fmt: skip
    """For each line its best combinations, most worth first.

    Args:
        contexts: What stands before each line; it is scored with, but not itself.
        allowed: For each line and doubt the numbers of the readings that may be chosen.
    """
    beams = [[Combination("", (), 0.0, 0.0)] for _ in lines]
    for step in range(max((len(line.doubts) for line in lines), default=-1) + 1):
        grown = [grow(line, beam, step, own) for line, beam, own in zip(lines, beams, allowed, strict=True)]
        score(grown, beams, contexts, language)
        for i, some in enumerate(grown):
            if some is not None:
                beams[i] = best_of([combination for _, _, combination in some], config)
    return beams


Grown = list[tuple[int, str, Combination]]
"""Number of the combination that one goes on from, what is added to it, and the new one."""


def grow(line: Line, beam: Sequence[Combination], step: int, allowed: Sequence[Sequence[int]]) -> Grown | None:
    """Every combination with each reading of the next doubt and the certain text after it; None behind the last."""
    if step >= max(len(line.doubts), 1):
        return None
    if not line.doubts:
        return [(0, line.text, Combination(line.text, (), 0.0, 0.0))]
    doubt = line.doubts[step]
    before = line.text[: doubt.start] if step == 0 else ""
    after = line.text[doubt.stop : line.doubts[step + 1].start if step + 1 < len(line.doubts) else None]
    first = doubt.readings[0][1]
    grown: Grown = []
    for source, combination in enumerate(beam):
        for number in allowed[step]:
            reading, value = doubt.readings[number]
            text = joined(joined(combination.text, before + reading), after)
            more = Combination(text, (*combination.chosen, number), combination.recogniser + value - first, 0.0)
            grown.append((source, text[len(combination.text) :], more))
    return grown


def joined(text: str, more: str) -> str:
    """White space stays single, and none stands at the beginning."""
    parts = " ".join(more.split())
    if more[:1] == " " and text and text[-1] != " ":
        parts = " " + parts
    if more[-1:] == " " and parts[-1:] != " ":
        parts += " "
    return text + (parts.lstrip(" ") if not text or text[-1] == " " else parts)


def score(
    grown: list[Grown | None], beams: list[list[Combination]], contexts: Sequence[str], language: LanguageModel
) -> None:
    """Fill in, in place, what the language model says of all that was added; each question is asked once."""
    questions: dict[tuple[str, str], int] = {}
    asked: list[list[int]] = []
    for i, some in enumerate(grown):
        folded = is_upper(some[0][2].text) if some else False
        keys = []
        for source, added, _ in some or []:
            before, text = (contexts[i] + beams[i][source].text)[-REACH:], added
            key = (before.lower(), text.lower()) if folded else (before, text)
            keys.append(questions.setdefault(key, len(questions)))
        asked.append(keys)
    if not questions:
        return
    values = language.score([text for _, text in questions], [before for before, _ in questions])
    for i, some in enumerate(grown):
        for k, (source, added, new) in enumerate(some or []):
            spoken = beams[i][source].language + float(values[asked[i][k]])
            some[k] = (source, added, Combination(new.text, new.chosen, new.recogniser, spoken))  # type: ignore[index]


REACH = 32
"""Characters before a text that a language model is given."""


def rescored(
    beams: Sequence[Sequence[Combination]], contexts: Sequence[str], second: LanguageModel, config: CorrectionConfig
) -> list[list[Combination]]:
    """The beams as a second language model sees their whole texts too, most worth first."""
    texts = [(c.text, context) for beam, context in zip(beams, contexts, strict=True) for c in beam]
    if not texts:
        return []
    values = iter(second.score([text for text, _ in texts], [context for _, context in texts]).tolist())
    asked = [[replace(c, second=next(values)) for c in beam] for beam in beams]
    return [sorted(beam, key=lambda c: -c.worth(config)) for beam in asked]


def is_upper(text: str) -> bool:
    """Whether a line is written in capitals, which the corpora hardly know: it is then scored in small letters."""
    letters = [c for c in text if c.isalpha() and c.lower() != c.upper()]
    return len(letters) > 3 and sum(c.isupper() for c in letters) > 0.7 * len(letters)


def best_of(some: Sequence[Combination], config: CorrectionConfig) -> list[Combination]:
    """The beam; the combination in which nothing changed always stays."""
    unique: dict[str, Combination] = {}
    for combination in sorted(some, key=lambda c: -c.worth(config)):
        unique.setdefault(combination.text, combination)
    kept = list(unique.values())[: config.beam]
    return kept if any(not any(c.chosen) for c in kept) else [*kept, *(c for c in some if not any(c.chosen))]
