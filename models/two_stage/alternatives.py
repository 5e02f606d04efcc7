"""What else the doubtful stretches of a line may be: CTC prefix beam search where the recognizer is not sure.

Graves' prefix search (PhD thesis 2008, section 7.5) with a beam, as in Hannun et al. (arXiv 1408.2873), over each
stretch by itself: between two frames that are surely blank nothing depends on what stands elsewhere, so a line with
many doubtful places keeps the readings of each of them, and all their combinations stay within reach.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ocr.document import Doubt
from ocr.models.codec import BLANK, FINALS, VOWELS, Alphabet, compose

CANDIDATES = 6
"""Classes looked at in a frame, at most."""

LEAST = -9.0
"""Log-probability below which a class is not looked at in a frame."""

Prefix = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AlternativesConfig:
    """Attributes:
    sure: Probability from which a frame is taken as it is.
    beam: Prefixes kept at each frame.
    readings: Readings kept of a stretch, at most.
    """

    sure: float = 0.98
    beam: int = 12
    readings: int = 8


def line_doubts(
    logits: NDArray[np.floating], alphabet: Alphabet, config: AlternativesConfig | None = None
) -> tuple[Doubt, ...]:
    """The doubtful stretches of a line from its logits (T, classes), with places in its text as ``text_of`` gives it.

    The first reading of each is that of the best path; all have the log-probability of the image under them.
    """
    config = config or AlternativesConfig()
    highest = logits.max(axis=1, keepdims=True)
    is_sure = np.exp(logits - highest).sum(axis=1) <= 1 / config.sure  # the inverse of the highest probability, (T,)
    if is_sure.all():
        return ()
    best = logits.argmax(axis=1)
    pieces: list[tuple[str, list[tuple[str, float]]]] = []
    for start, stop, doubtful in stretches(best, is_sure, alphabet):
        read = text_of_path(best[start:stop], alphabet)
        others = readings(log_softmax(logits[start:stop]), alphabet, config) if doubtful else []
        pieces.append((read, with_first(read, others) if others else []))
    return placed(pieces)


def log_softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))  # type: ignore[no-any-return]


def stretches(
    best: NDArray[np.intp], is_sure: NDArray[np.bool_], alphabet: Alphabet
) -> Iterator[tuple[int, int, bool]]:
    """Frames ``start`` to ``stop`` and whether any of them is doubtful; cut where a frame is surely blank and the
    character that follows begins a new one. Neighbours without a doubt are one stretch.

    Args:
        best: The likeliest class of each frame, (T,).
        is_sure: Whether a frame is taken as it is, (T,).
    """
    frames = np.arange(len(best))
    blank = best == BLANK
    following = np.minimum.accumulate(np.where(blank, len(best), frames)[::-1])[::-1]  # the next symbol's frame
    attached = np.append(best, BLANK)[following]
    may_cut = blank & is_sure & ~np.isin(attached, joined_classes(alphabet)) & (frames > 0)
    starts = np.append(0, np.flatnonzero(may_cut))
    doubtful = np.logical_or.reduceat(~is_sure, starts)
    begins = np.flatnonzero(np.append(True, doubtful[1:] | doubtful[:-1]))
    stops = np.append(starts[begins[1:]], len(best))
    return zip(starts[begins].tolist(), stops.tolist(), doubtful[begins].tolist(), strict=True)


@lru_cache(maxsize=8)
def joined_classes(alphabet: Alphabet) -> NDArray[np.intp]:
    """Classes of what joins the symbol before it."""
    return np.array(sorted(alphabet.known((*VOWELS, *FINALS)) | marks_of(alphabet)), np.intp)


def marks_of(alphabet: Alphabet) -> frozenset[int]:
    """Classes of the marks that join the letter before them."""
    return alphabet.known(symbol for symbol in alphabet.symbols if unicodedata.combining(symbol[0]))


def readings(scores: NDArray[np.float64], alphabet: Alphabet, config: AlternativesConfig) -> list[tuple[str, float]]:
    """Texts of a stretch (T, classes) with the log-probability of each, most likely first."""
    found: dict[str, float] = {}
    for prefix, value in prefix_beam(scores, config.beam):
        text = composed(prefix, alphabet)
        found[text] = float(np.logaddexp(found[text], value)) if text in found else value
    return sorted(found.items(), key=lambda item: -item[1])[: config.readings]


def prefix_beam(scores: NDArray[np.float64], beam: int) -> list[tuple[Prefix, float]]:
    """Symbol sequences with their log-probabilities, summed over all alignments within the beam."""
    none = -math.inf
    prefixes: dict[Prefix, tuple[float, float]] = {(): (0.0, none)}  # ending in blank, and in the last symbol
    count = min(CANDIDATES, scores.shape[1])
    classes = np.argpartition(-scores, count - 1, axis=1)[:, :count]  # (T, classes) -> (T, count)
    values = np.take_along_axis(scores, classes, axis=1)
    for numbers, chances in zip(classes.tolist(), values.tolist(), strict=True):
        likely = [(c, value) for c, value in zip(numbers, chances, strict=True) if value > LEAST]
        blank = next((value for c, value in likely if c == BLANK), none)
        grown: dict[Prefix, list[float]] = {}
        for prefix, (in_blank, in_symbol) in prefixes.items():
            both = _add(in_blank, in_symbol)
            if blank > none:
                _put(grown, prefix, 0, both + blank)
            for c, value in likely:
                if c == BLANK:
                    continue
                if prefix and c == prefix[-1]:
                    _put(grown, prefix, 1, in_symbol + value)
                    _put(grown, (*prefix, c), 1, in_blank + value)
                else:
                    _put(grown, (*prefix, c), 1, both + value)
        kept = sorted(grown.items(), key=lambda item: -_add(*item[1]))[:beam]
        prefixes = {prefix: (values[0], values[1]) for prefix, values in kept}
    return [(prefix, _add(*values)) for prefix, values in prefixes.items()]


def _put(grown: dict[Prefix, list[float]], prefix: Prefix, ending: int, value: float) -> None:
    if value == -math.inf:
        return
    entry = grown.setdefault(prefix, [-math.inf, -math.inf])
    entry[ending] = _add(entry[ending], value)


def _add(first: float, second: float) -> float:
    """The logarithm of a sum of two probabilities."""
    high, low = (first, second) if first > second else (second, first)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))


def text_of_path(best: NDArray[np.intp], alphabet: Alphabet) -> str:
    """The text of a best path: repeats and blanks removed."""
    kept = [int(c) for i, c in enumerate(best) if c != BLANK and (i == 0 or c != best[i - 1])]
    return composed(tuple(kept), alphabet)


def composed(prefix: Prefix, alphabet: Alphabet) -> str:
    return "".join(text for text, _ in compose([alphabet.symbol(c) for c in prefix]))


def with_first(read: str, others: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """The readings, that of the best path in front."""
    own = next((value for text, value in others if text == read), None)
    if own is None:  # its alignments are many but each unlikely, or it fell off the beam
        own = others[-1][1]
    return [(read, own), *(other for other in others if other[0] != read)]


def placed(pieces: Sequence[tuple[str, list[tuple[str, float]]]]) -> tuple[Doubt, ...]:
    """Doubts with places in the line's text, whose white space is single and not at its ends."""
    doubts: list[Doubt] = []
    line = ""  # as ``text_of`` gives it, but for a space at its end
    for read, others in pieces:
        start = len(line)
        for character in read:
            if character != " " or (line and line[-1] != " "):
                line += character
        if others:
            doubts.append(Doubt(start, len(line), tuple(others)))
    whole = len(line.rstrip(" "))
    return tuple(Doubt(min(d.start, whole), min(d.stop, whole), d.readings) for d in doubts)


def as_written(doubts: Sequence[Doubt], text: str) -> tuple[Doubt, ...]:
    """Doubts whose first reading is what the line's text has in its place: look-alikes were told apart there."""
    kept = []
    for doubt in doubts:
        written, (read, value) = text[doubt.start : doubt.stop], doubt.readings[0]
        if written != read and len(written) == len(read):
            others = [reading for reading in doubt.readings[1:] if reading[0] != written]
            doubt = Doubt(doubt.start, doubt.stop, ((written, value), *others))
        kept.append(doubt)
    return tuple(kept)
