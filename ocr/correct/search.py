"""The best text of a line among all combinations of its doubts' readings: a beam search, many lines in step.

A combination is worth the recogniser's log-probability, plus that of the language model times its weight, plus a bonus
for each character (Maas et al., arXiv 1408.2873).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

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
    """For each line, which has doubts, its best combinations, most worth first.

    Args:
        contexts: What stands before each line; it is scored with, but not itself.
        allowed: For each line and doubt the numbers of the readings that may be chosen.
    """
    beams = [[Combination("", (), 0.0, 0.0)] for _ in lines]
    for step in range(max((len(line.doubts) for line in lines), default=0)):
        going = [i for i, line in enumerate(lines) if step < len(line.doubts)]
        grown = [grow(lines[i], beams[i], step, allowed[i][step]) for i in going]
        questions = [question for i, some in zip(going, grown, strict=True) for question in asked(contexts[i], some)]
        values = iter(language.score([text for _, text in questions], [before for before, _ in questions]).tolist())
        for i, some in zip(going, grown, strict=True):
            spoken = [
                Combination(new.text, new.chosen, new.recogniser, source.language + next(values))
                for source, new in some
            ]
            beams[i] = best_of(spoken, config)
    return beams


Grown = list[tuple[Combination, Combination]]
"""Combinations with what became of them."""


def grow(line: Line, beam: Sequence[Combination], step: int, allowed: Sequence[int]) -> Grown:
    """Every combination, and what becomes of it with each reading of the next doubt and the certain text after it."""
    doubt = line.doubts[step]
    before = line.text[: doubt.start] if step == 0 else ""
    after = line.text[doubt.stop : line.doubts[step + 1].start if step + 1 < len(line.doubts) else None]
    first = doubt.readings[0][1]
    parts = [(number, before + doubt.readings[number][0] + after, doubt.readings[number][1]) for number in allowed]
    return [
        (old, Combination(joined(old.text, part), (*old.chosen, number), old.recogniser + value - first, 0.0))
        for old in beam
        for number, part, value in parts
    ]


def joined(text: str, more: str) -> str:
    """White space stays single, and none stands at the beginning."""
    whole = text + more
    while "  " in whole:
        whole = whole.replace("  ", " ")
    return whole.lstrip(" ")


def asked(context: str, grown: Grown) -> list[tuple[str, str]]:
    """What stands before each addition to a line, and what was added."""
    questions = [((context + old.text)[-REACH:], new.text[len(old.text) :]) for old, new in grown]
    if is_upper(grown[0][1].text):
        return [(before.lower(), text.lower()) for before, text in questions]
    return questions


REACH = 32
"""Characters before a text that a language model is given."""


def retold(
    beams: Sequence[Sequence[Combination]], contexts: Sequence[str], language: LanguageModel, config: CorrectionConfig,
    part: Literal["language", "second"],
) -> list[list[Combination]]:  # fmt: skip
    """The beams as another language model sees their whole texts, most worth first.

    ``part`` is what its values are of each combination: ``language``, in the place of the model that searched, or
    ``second``, beside it.
    """
    texts = [(c.text, context) for beam, context in zip(beams, contexts, strict=True) for c in beam]
    if not texts:
        return []
    values = iter(language.score([text for text, _ in texts], [context for _, context in texts]).tolist())
    told = [[replace(c, **{part: next(values)}) for c in beam] for beam in beams]
    return [sorted(beam, key=lambda c: -c.worth(config)) for beam in told]


def promising(beam: Sequence[Combination], config: CorrectionConfig) -> list[Combination]:
    """Combinations that a second language model may still prefer; the one in which nothing changed always stays."""
    least = beam[0].worth(config) - MARGIN
    return [c for c in beam if c.worth(config) >= least or not any(c.chosen)]


MARGIN = 4.0
"""Nats by which the worth of a combination may lie behind the best one's before a second language model is asked."""


def is_upper(text: str) -> bool:
    """Whether a line is written in capitals, which the corpora hardly know: it is then scored in small letters."""
    capitals = sum(map(str.isupper, text))
    letters = capitals + sum(map(str.islower, text))
    return letters > 3 and capitals > 0.7 * letters


def best_of(some: Sequence[Combination], config: CorrectionConfig) -> list[Combination]:
    """The beam; the combination in which nothing changed always stays."""
    unique: dict[str, Combination] = {}
    for combination in sorted(some, key=lambda c: -c.worth(config)):
        unique.setdefault(combination.text, combination)
    kept = list(unique.values())[: config.beam]
    return kept if any(not any(c.chosen) for c in kept) else [*kept, *(c for c in some if not any(c.chosen))]
