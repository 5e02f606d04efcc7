"""What every language model offers to the corrector: how likely a text is, given what stands before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class LanguageModel(Protocol):
    """Scores text. Character n-grams, the byte-level Llama and any causal model of Hugging Face are such."""

    def score(self, texts: Sequence[str], contexts: Sequence[str]) -> NDArray[np.float64]:
        """Log-probabilities (N,) in nats of each text (NFC) after its context; the text's end is not scored."""
        ...


class Remembered:
    """A language model that is asked each question once."""

    def __init__(self, language: LanguageModel) -> None:
        self._language = language
        self._values: dict[tuple[str, str], float] = {}

    def score(self, texts: Sequence[str], contexts: Sequence[str]) -> NDArray[np.float64]:
        """See :class:`LanguageModel`."""
        questions = list(zip(texts, contexts, strict=True))
        new = list(dict.fromkeys(question for question in questions if question not in self._values))
        if new:
            values = self._language.score([text for text, _ in new], [context for _, context in new])
            self._values.update(zip(new, values.tolist(), strict=True))
        return np.array([self._values[question] for question in questions])


class Chooser(Protocol):
    """A chat model: names one of several texts."""

    def choose(self, candidates: Sequence[str]) -> int | None:
        """The number of the candidate that was most likely printed; None if the answer is none of them."""
        ...
