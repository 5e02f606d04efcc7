"""Which of a lexicon's entries a line takes: what the picture, the language model and the lexicon say, together.

A list of names lacks most words that are printed. One of those must not become an entry that only looks like it, and
the language model knows that it is a word.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from ocr.correct.config import CorrectionConfig
from ocr.correct.language import LanguageModel
from ocr.correct.lexicon_words import Answer
from ocr.document import Line


def chosen_answers(
    lines: Sequence[Line], contexts: Sequence[str], options: Sequence[Sequence[Sequence[Answer]]],
    language: LanguageModel, config: CorrectionConfig,
) -> list[list[Answer]]:  # fmt: skip
    """For each line the best answer of each of its words that has one, where it wins over what was read.

    ``options`` are the answers by line and word. A text is scored up to the end of the line: what follows a word tells
    about it too.
    """
    texts = [
        (line.text, context, [[text_with(line, answer) for answer in answers] for answers in words])
        for line, context, words in zip(lines, contexts, options, strict=True)
    ]
    questions = list(
        dict.fromkeys((text, before) for own, before, words in texts for text in (own, *itertools.chain(*words)))
    )  # a word that stays gives the line's own text: asked once
    values = language.score([text for text, _ in questions], [before for _, before in questions])
    worth = {
        question: config.weight * value + config.bonus * len(question[0])
        for question, value in zip(questions, values.tolist(), strict=True)
    }
    chosen: list[list[Answer]] = []
    for (own, before, words), answers_by_word in zip(texts, options, strict=True):
        found = []
        for some, answers in zip(words, answers_by_word, strict=True):
            wins = [a.value + worth[text, before] - worth[own, before] for text, a in zip(some, answers, strict=True)]
            best = max(range(len(wins)), key=wins.__getitem__)
            if wins[best] >= -config.gain_lexicon:
                found.append(answers[best])
        chosen.append(found)
    return chosen


def text_with(line: Line, answer: Answer) -> str:
    """The line's text with one word as the lexicon has it."""
    parts, done = [], 0
    for number in sorted(answer.fills):
        doubt = line.doubts[number]
        parts += [line.text[done : doubt.start], answer.fills[number]]
        done = doubt.stop
    return "".join(parts) + line.text[done:]
