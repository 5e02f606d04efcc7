"""What else the doubtful stretches of a line may be: CTC prefix beam search where the recognizer is not sure.

Graves' prefix search (PhD thesis 2008, section 7.5) with a beam, as in Hannun et al. (arXiv 1408.2873), over each
stretch by itself: between two frames that are surely blank nothing depends on what stands elsewhere, so a line with
many doubtful places keeps the readings of each of them, and all their combinations stay within reach.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from ocr.document import Doubt
from ocr.models.codec import BLANK, FINALS, VOWELS, Alphabet, compose

CANDIDATES = 6
"""Classes looked at in a frame, at most."""

LEAST = -9.0
"""Log-probability below which a class is not looked at in a frame."""

Prefix = tuple[int, ...]
Likely = list[tuple[int, float]]
"""The classes looked at in a frame, with their probabilities."""


@dataclass(frozen=True, slots=True)
class AlternativesConfig:
    """Attributes:
    sure: Probability from which a frame is taken as it is.
    beam: Prefixes kept at each frame.
    readings: Readings kept of a stretch, at most.
    settled: Probability of the text of a stretch, over all its alignments, from which there is no doubt about it.
    """

    sure: float = 0.98
    beam: int = 40
    readings: int = 24
    settled: float = 1.0


def line_doubts(
    logits: NDArray[np.floating], alphabet: Alphabet, config: AlternativesConfig | None = None
) -> tuple[Doubt, ...]:
    """The doubtful stretches of a line from its logits (T, classes), with places in its text as ``text_of`` gives it.

    The first reading of each is that of the best path; all have the log-probability of the image under them.
    """
    config = config or AlternativesConfig()
    highest = logits.max(axis=1)  # (T,)
    shifted = logits - highest[:, None]
    inverse = np.exp(shifted, out=shifted).sum(axis=1)  # of the highest probability, (T,)
    is_sure = inverse <= 1 / config.sure
    if is_sure.all():
        return ()
    best = logits.argmax(axis=1)
    spans = stretches(best, is_sure, alphabet)
    frames = [frame for start, stop in spans for frame in range(start, stop)]
    likely = likely_classes(logits[frames], highest[frames] + np.log(inverse[frames]))
    path, first, behind = best.tolist(), 0, 0
    pieces: list[tuple[str, list[tuple[str, float]]]] = []
    for start, stop in spans:
        own, seen = symbols_of_path(path[start:stop]), likely[first : first + stop - start]
        first += stop - start
        if config.settled < 1 and probability_of(own, seen) >= config.settled:
            continue
        read = composed(own, alphabet)
        pieces.append((composed(symbols_of_path(path[behind:start]), alphabet), []))
        pieces.append((read, with_first(read, readings(seen, alphabet, config))))
        behind = stop
    return placed([*pieces, (composed(symbols_of_path(path[behind:]), alphabet), [])]) if pieces else ()


def likely_classes(logits: NDArray[np.floating], totals: NDArray[np.floating]) -> list[Likely]:
    """What is looked at in each frame of logits (T, classes); ``totals`` (T,) are the logarithms of their sums."""
    places = np.flatnonzero(logits > (totals + LEAST)[:, None])
    rows = places // logits.shape[1]
    chances = np.exp((logits.ravel()[places] - totals[rows]).astype(np.float64))
    pairs = list(zip((places - rows * logits.shape[1]).tolist(), chances.tolist(), strict=True))
    bounds = np.searchsorted(rows, np.arange(len(logits) + 1)).tolist()
    frames = [pairs[start:stop] for start, stop in pairwise(bounds)]
    return [
        frame if len(frame) <= CANDIDATES else sorted(frame, key=itemgetter(1), reverse=True)[:CANDIDATES]
        for frame in frames
    ]


def probability_of(symbols: Sequence[int], frames: Sequence[Likely]) -> float:
    """Of these symbols, summed over all their alignments (the forward variables of Graves et al., ICML 2006)."""
    count = len(symbols)
    in_blank, in_symbol = [1.0, *[0.0] * count], [0.0] * (count + 1)  # of so many symbols, by what they end in
    for likely in frames:
        chances = dict(likely)
        blank = chances.get(BLANK, 0.0)
        for k in range(count, 0, -1):
            in_blank[k] = blank * (in_blank[k] + in_symbol[k])
            before = in_blank[k - 1]
            if k == 1 or symbols[k - 1] != symbols[k - 2]:
                before += in_symbol[k - 1]
            in_symbol[k] = chances.get(symbols[k - 1], 0.0) * (in_symbol[k] + before)
        in_blank[0] *= blank
    return in_blank[-1] + in_symbol[-1]


def stretches(best: NDArray[np.intp], is_sure: NDArray[np.bool_], alphabet: Alphabet) -> list[tuple[int, int]]:
    """Frames ``start`` to ``stop`` of each doubtful stretch; a line is cut where a frame is surely blank and the
    character that follows begins a new one.

    Args:
        best: The likeliest class of each frame, (T,).
        is_sure: Whether a frame is taken as it is, (T,).
    """
    may_cut = (best == BLANK) & is_sure
    for frame in np.flatnonzero(joining(alphabet)[best]).tolist():
        while frame and best[frame - 1] == BLANK:
            frame -= 1
            may_cut[frame] = False
    may_cut[0] = True
    starts = np.flatnonzero(may_cut)
    doubtful = np.flatnonzero(np.logical_or.reduceat(~is_sure, starts))
    stops = [*starts.tolist(), len(best)]
    return [(stops[i], stops[i + 1]) for i in doubtful.tolist()]


@lru_cache(maxsize=8)
def joining(alphabet: Alphabet) -> NDArray[np.bool_]:
    """Whether a class (classes,) joins the symbol before it: vowels and finals of Hangul, and marks."""
    marks = alphabet.known(symbol for symbol in alphabet.symbols if unicodedata.combining(symbol[0]))
    mask = np.zeros(alphabet.classes, np.bool_)
    mask[sorted(alphabet.known((*VOWELS, *FINALS)) | marks)] = True
    return mask


def readings(frames: Sequence[Likely], alphabet: Alphabet, config: AlternativesConfig) -> list[tuple[str, float]]:
    """Texts of a stretch with the log-probability of each, most likely first."""
    found: dict[str, float] = {}
    for prefix, value in prefix_beam(frames, config.beam):
        text = composed(prefix, alphabet)
        found[text] = float(np.logaddexp(found[text], value)) if text in found else value
    return sorted(found.items(), key=lambda item: -item[1])[: config.readings]


def prefix_beam(frames: Sequence[Likely], beam: int) -> list[tuple[Prefix, float]]:
    """Symbol sequences with their log-probabilities, summed over all alignments within the beam."""
    prefixes: dict[Prefix, list[float]] = {(): [1.0, 0.0]}  # probabilities, ending in blank and in the last symbol
    scale = 0.0  # logarithm of what they are multiples of, or those of long stretches would vanish
    for likely in frames:
        grown: dict[Prefix, list[float]] = {}
        for prefix, (in_blank, in_symbol) in prefixes.items():
            both = in_blank + in_symbol
            last = prefix[-1] if prefix else BLANK
            for c, chance in likely:
                if c == BLANK:
                    grown.setdefault(prefix, [0.0, 0.0])[0] += both * chance
                    continue
                if c == last and in_symbol:
                    grown.setdefault(prefix, [0.0, 0.0])[1] += in_symbol * chance
                if more := (in_blank if c == last else both):
                    grown.setdefault((*prefix, c), [0.0, 0.0])[1] += more * chance
        prefixes = grown
        if len(grown) > beam:
            kept = sorted(grown.items(), key=lambda item: -sum(item[1]))[:beam]
            most = sum(kept[0][1])
            scale += math.log(most)
            prefixes = {prefix: [in_blank / most, in_symbol / most] for prefix, (in_blank, in_symbol) in kept}
    return [(prefix, scale + math.log(sum(values))) for prefix, values in prefixes.items() if sum(values)]


def symbols_of_path(path: Sequence[int]) -> list[int]:
    """The classes of a path without repeats and blanks."""
    return [c for c, before in zip(path, [BLANK, *path], strict=False) if c != before and c != BLANK]


def composed(prefix: Sequence[int], alphabet: Alphabet) -> str:
    symbols = [alphabet.symbol(c) for c in prefix]
    text = "".join(symbols)
    return text if text.isascii() else "".join(character for character, _ in compose(symbols))


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
