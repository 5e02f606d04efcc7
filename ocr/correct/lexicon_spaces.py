"""Spaces that a lexicon asks for: ``datanglagi`` where it has both words, ``sales person`` where it has one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ocr.correct.lexicon_words import REACH, Answer
from ocr.correct.retrieval import SHORTEST, Lexicon, core_of
from ocr.document import Line


def with_spaces(line: Line, lexicon: Lexicon, options: Sequence[Sequence[Answer]]) -> list[list[Answer]]:
    """The options of a line's words and those of its spaces; one about the same place joins the others there."""
    result = [list(answers) for answers in options]
    for number, answer in spaces_for(line, lexicon):
        same = [answers for answers in result if any(number in other.fills for other in answers)]
        if same:
            same[0].append(answer)
        else:
            result.append([answer])
    return result


def spaces_for(line: Line, lexicon: Lexicon) -> Iterator[tuple[int, Answer]]:
    """Readings of a doubt that differ in spaces alone, after which the lexicon knows all words there."""
    for number, doubt in enumerate(line.doubts):
        (own, sure), *others = doubt.readings
        same = [
            (text, value)
            for text, value in others
            if text.replace(" ", "") == own.replace(" ", "") and value - sure >= -REACH
        ]
        if not same:
            continue
        start, stop = line.text.rfind(" ", 0, doubt.start) + 1, line.text.find(" ", doubt.stop)
        before, after = line.text[start : doubt.start], line.text[doubt.stop : stop if stop >= 0 else len(line.text)]
        words = [core_of(word)[1] for word in (before + own + after).split()]
        if not all(word.isalpha() for word in words) or known(before + own + after, lexicon):
            continue  # beside signs people put spaces as they like
        for text, value in same:
            if known(before + text + after, lexicon):
                yield number, Answer((before + text + after).strip(), {number: text}, value - sure)


def known(text: str, lexicon: Lexicon) -> bool:
    """Whether all words of a text are entries, each of them long enough to be one."""
    words = [core_of(word)[1] for word in text.split()]
    return all(len(word) >= SHORTEST and lexicon.knows(word) for word in words)
