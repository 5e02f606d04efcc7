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


class Chooser(Protocol):
    """A chat model: names one of several texts."""

    def choose(self, candidates: Sequence[str]) -> int | None:
        """The number of the candidate that was most likely printed; None if the answer is none of them."""
        ...
