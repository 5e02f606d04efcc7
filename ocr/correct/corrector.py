"""Correction of pages: the doubts of their lines, weighed by a language model, changed only where that wins clearly."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from ocr.correct.config import CorrectionConfig
from ocr.correct.decimal_sign import with_one_sign
from ocr.correct.guard import allowed_readings, needed_gain, within_bounds
from ocr.correct.habits import habits_of, with_habits
from ocr.correct.language import Chooser, LanguageModel, Remembered
from ocr.correct.lexicon_choice import chosen_answers
from ocr.correct.lexicon_spaces import with_spaces
from ocr.correct.lexicon_words import Answer, options_for, with_fills
from ocr.correct.page_words import sure_words, with_page_words
from ocr.correct.retrieval import Lexicon
from ocr.correct.rewrite import Change, rewritten
from ocr.correct.search import Combination, promising, retold, search
from ocr.document import Line, Page
from ocr.metrics.text import has_hangul

CLEAR_WIN = 1.5
"""Nats from which a change is company for the others in its line."""


class Corrector:
    """Corrects lines that carry ``doubts``; other lines stay as they are.

    ``language`` searches all combinations; ``words``, if there is one, then stands for it on the whole texts of lines
    without Hangul (a :class:`~ocr.correct.words.WordMixture`). ``second``, if there is one, weighs the best of them
    again (of lines whose text ``second_for`` accepts), or ``chooser`` names one of them. What ``guide`` changes stays
    changed where the others would leave it: it guides every reading, and more care should not give less.
    """

    def __init__(
        self, language: LanguageModel, config: CorrectionConfig | None = None, lexicon: Lexicon | None = None,
        second: LanguageModel | None = None, chooser: Chooser | None = None,
        second_for: Callable[[str], bool] = bool, words: LanguageModel | None = None,
        guide: Corrector | None = None,
    ) -> None:  # fmt: skip
        self.words, self.guide = words, guide
        self.language, self.config, self.lexicon = language, config or CorrectionConfig(), lexicon
        self.second, self.chooser, self.second_for = second, chooser, second_for

    def correct_page(self, page: Page) -> Page:
        """The page with corrected lines, each with its ``corrections``."""
        read = list(page.lines)
        words = sure_words(read, self.config.sure)
        lines = [with_page_words(line, words, self.config.sure) for line in read]
        contexts = ["", *(line.text for line in lines[:-1])] if lines else []
        corrected = self.correct_lines(lines, contexts)
        if habits := habits_of(corrected):
            told = [with_habits(line, habits) for line in lines]
            some = [i for i, line in enumerate(told) if line is not lines[i]]
            again = self.correct_lines([told[i] for i in some], [contexts[i] for i in some])
            for i, line in zip(some, again, strict=True):
                corrected[i] = line
        following = iter(with_one_sign(corrected))
        return replace(
            page,
            blocks=tuple(replace(block, lines=tuple(next(following) for _ in block.lines)) for block in page.blocks),
        )

    def correct_lines(self, lines: Sequence[Line], contexts: Sequence[str] | None = None) -> list[Line]:
        """Each line corrected; ``contexts`` are the texts before them."""
        before = [context_of(text, self.config.context) for text in contexts or [""] * len(lines)]
        if self.lexicon is not None:
            lines = self._looked_up(lines, before, self.lexicon)
        opened = [self.opened(line) for line in lines]
        some = [i for i, (line, _) in enumerate(opened) if line.doubts]
        open_lines, contexts = [opened[i][0] for i in some], [before[i] for i in some]
        language = Remembered(self.language)
        found = self.searched(open_lines, contexts, [opened[i][1] for i in some], language)
        if self.chooser is None:
            chosen = self.checked(open_lines, contexts, found, language)
            if self.guide is not None:
                remembered = language if self.guide.language is self.language else Remembered(self.guide.language)
                chosen = self._with_guided(
                    open_lines, contexts, [opened[i][1] for i in some], chosen, self.guide, remembered
                )
        else:
            chosen = self.named(found, self.chooser)
        result = list(lines)
        for i, line, combination in zip(some, open_lines, chosen, strict=True):
            new = self.changed(line, combination) if any(combination) else line
            if new is not line:
                result[i] = new
        return result

    @staticmethod
    def _with_guided(
        lines: Sequence[Line], contexts: Sequence[str], allowed: Sequence[Sequence[Sequence[int]]],
        chosen: Sequence[tuple[int, ...]], guide: Corrector, language: LanguageModel,
    ) -> list[tuple[int, ...]]:  # fmt: skip
        """The choices, and the guide's where nothing was chosen; lines with Hangul were the n-grams' own choice."""
        result = list(chosen)
        asked = [i for i, line in enumerate(lines) if not has_hangul(line.text)]
        some, before = [lines[i] for i in asked], [contexts[i] for i in asked]
        found = guide.searched(some, before, [allowed[i] for i in asked], language)
        for i, guided in zip(asked, guide.checked(some, before, found, language), strict=True):
            result[i] = tuple(own or other for own, other in zip(chosen[i], guided, strict=True))
        return result

    def opened(self, line: Line) -> tuple[Line, list[list[int]]]:
        """The line with those of its doubts where anything may change, and the readings that are allowed there."""
        allowed = [(doubt, allowed_readings(line, doubt, self.config)) for doubt in line.doubts]
        kept = [(doubt, numbers) for doubt, numbers in allowed if len(numbers) > 1]
        return replace(line, doubts=tuple(doubt for doubt, _ in kept)), [numbers for _, numbers in kept]

    def searched(
        self, lines: Sequence[Line], contexts: Sequence[str], allowed: Sequence[Sequence[Sequence[int]]],
        language: LanguageModel,
    ) -> list[list[Combination]]:  # fmt: skip
        """See :func:`ocr.correct.search.search`; ``language`` is the corrector's own or remembers its answers."""
        beams = search(lines, contexts, allowed, language, self.config)
        if self.words is not None:
            told = [i for i, line in enumerate(lines) if not has_hangul(line.text)]
            again = retold([beams[i] for i in told], [contexts[i] for i in told], self.words, self.config, "language")
            for i, beam in zip(told, again, strict=True):
                beams[i] = beam
        if self.second is None:
            return beams
        beams = [promising(beam, self.config) for beam in beams]
        open_ones = [len(beam) > 1 or any(beam[0].chosen) for beam in beams]  # else nothing is left to choose
        asked = [i for i, line in enumerate(lines) if open_ones[i] and self.second_for(line.text)]
        again = retold([beams[i] for i in asked], [contexts[i] for i in asked], self.second, self.config, "second")
        for i, beam in zip(asked, again, strict=True):
            beams[i] = beam
        return beams

    @staticmethod
    def named(found: Sequence[Sequence[Combination]], chooser: Chooser) -> list[tuple[int, ...]]:
        """Of each line's combinations the one that a chat model names; as it was read if it names none."""
        chosen = []
        for beam in found:
            number = chooser.choose([combination.text for combination in beam]) if len(beam) > 1 else 0
            chosen.append(beam[number].chosen if number is not None else tuple(0 for _ in beam[0].chosen))
        return chosen

    def _looked_up(self, lines: Sequence[Line], before: Sequence[str], lexicon: Lexicon) -> list[Line]:
        """The lines with their doubtful words as the lexicon has them, and without doubts in words that it knows."""
        result = list(lines)
        options = [with_spaces(line, lexicon, options_for(line, lexicon)) for line in lines]
        for hangul in (False, True):
            language = self.language if hangul or self.words is None else self.words
            some = [i for i, line in enumerate(lines) if options[i] and has_hangul(line.text) == hangul]
            found = chosen_answers(
                [lines[i] for i in some], [before[i] for i in some], [options[i] for i in some], language, self.config
            )
            for i, answers in zip(some, found, strict=True):
                result[i] = answered(lines[i], answers)
        return result

    def checked(
        self, lines: Sequence[Line], contexts: Sequence[str], found: Sequence[Sequence[Combination]],
        language: LanguageModel,
    ) -> list[tuple[int, ...]]:  # fmt: skip
        """Of each line's best combination, the changes that win by ``gain`` each over not being made."""
        chosen = [beam[0].chosen for beam in found]
        worth = [{combination.chosen: combination.worth(self.config) for combination in beam} for beam in found]
        active = [i for i, numbers in enumerate(chosen) if any(numbers)]
        while active:
            trials = [(i, trial) for i in active for trial in without(chosen[i]) if trial not in worth[i]]
            owners, options = [i for i, _ in trials], [[[number] for number in trial] for _, trial in trials]
            beams = self.searched([lines[i] for i in owners], [contexts[i] for i in owners], options, language)
            for (i, trial), beam in zip(trials, beams, strict=True):
                worth[i][trial] = beam[0].worth(self.config)
            following = []
            for i in active:
                own, *others = (worth[i][trial] for trial in without(chosen[i]))
                surplus = self._surplus(lines[i], chosen[i], [own - other for other in others])
                weakest = min(range(len(surplus)), key=surplus.__getitem__)
                if surplus[weakest] < 0:
                    chosen[i] = without(chosen[i])[weakest + 1]
                    if any(chosen[i]):
                        following.append(i)
            active = following
        return chosen

    def _surplus(self, line: Line, chosen: tuple[int, ...], wins: Sequence[float]) -> list[float]:
        """Nats by which each change wins more than it must; ``wins`` are those by which it wins.

        What a lexicon changed in the line before is company too, as it would be had the language model changed it.
        """
        changed = [k for k, number in enumerate(chosen) if number]
        company = sum(win > CLEAR_WIN for win in wins) + len(line.corrections)
        return [
            win - needed_gain(line, line.doubts[k], chosen[k], company - (win > CLEAR_WIN), self.config)
            for k, win in zip(changed, wins, strict=True)
        ]

    def changed(self, line: Line, chosen: tuple[int, ...]) -> Line:
        """The line with these readings, unless it changes beyond bounds."""
        changes = [
            (doubt.start, doubt.stop, doubt.readings[number][0], reason_of(doubt.readings, number))
            for doubt, number in zip(line.doubts, chosen, strict=True)
            if number
        ]
        new = rewritten(line, changes)
        return new if within_bounds(line.text, new.text, self.config) else line


def answered(line: Line, found: Sequence[Answer]) -> Line:
    """The line with these words, and without the doubts in them."""
    if not found:
        return line
    doubts, chosen = with_fills(line, found)
    reasons = {number: answer.entry for answer in found for number in answer.fills}
    changes = [
        (doubt.start, doubt.stop, doubt.readings[chosen[k]][0], f"the lexicon has {reasons[k]!r}")
        for k, doubt in enumerate(doubts)
        if chosen.get(k)
    ]
    return shifted(rewritten(line, changes) if changes else line, line, changes, set(chosen))


def shifted(new: Line, old: Line, changes: Sequence[Change], settled: set[int]) -> Line:
    """The rewritten line with those of the old line's doubts that are not settled, where they stand now."""
    doubts = []
    for number, doubt in enumerate(old.doubts):
        move = sum(len(text) - (stop - start) for start, stop, text, _ in changes if stop <= doubt.start)
        if number not in settled:
            doubts.append(replace(doubt, start=doubt.start + move, stop=doubt.stop + move))
    return replace(new, doubts=tuple(doubts))


def context_of(text: str, reach: int) -> str:
    """The end of the line before, and the line break as a space."""
    return f"{text[-reach:]} " if text else " "


def without(chosen: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The choice itself, then with each of its changes taken back."""
    changed = [k for k, number in enumerate(chosen) if number]
    return [chosen, *((*chosen[:k], 0, *chosen[k + 1 :]) for k in changed)]


def reason_of(readings: Sequence[tuple[str, float]], number: int) -> str:
    """What spoke for a reading, in words."""
    own, other = (min(1.0, math.exp(readings[k][1])) for k in (0, number))
    return f"the picture gives it {other:.0%} against {own:.0%}, the language model prefers it"
