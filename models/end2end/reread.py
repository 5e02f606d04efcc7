"""Once characters are linked to lines, each is told anew from its neighbours; in NumPy.

The network behind it (:mod:`ocr.models.end2end.line_context`) comes as a function, as the spotter does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr.models.end2end.alternatives import COUNT, LEAST, SURE, likeliest
from ocr.models.end2end.characters import SLOTS
from ocr.models.end2end.lost_characters import with_room
from ocr.models.end2end.spots import Spots

Indices = NDArray[np.intp]
FloatMap = NDArray[np.float32]
Context = Callable[[FloatMap, FloatMap], tuple[FloatMap, FloatMap]]
"""Features (L, T, F) and shapes (L, T, 8) of the characters of lines, zeros behind the last of each, to class
probabilities (L, T, 3, C) and those of what follows (L, T, 3)."""

AT_ONCE = 2048
"""Characters that are looked at in one go, padding included."""


def reread(
    spots: Spots, lines: Sequence[Indices], context: Context, alternatives: bool, without: Sequence[int] = ()
) -> Spots:
    """The characters with class, certainty and links as their lines tell them; ``alternatives`` as in
    :class:`ocr.models.end2end.reading_config.SpotConfig`. Bases of the classes ``without`` are not read."""
    if len(spots) == 0:
        return spots
    shapes = shapes_of(spots)
    links, certainty = np.empty((len(spots), 3), np.float64), np.empty(len(spots), np.float64)
    symbols = np.empty((len(spots), SLOTS), np.int64)
    scores = np.empty((len(spots), COUNT if alternatives else 1), np.float64)
    options = np.empty((*scores.shape, SLOTS), np.int64)
    else_symbols, else_certainty = np.zeros_like(symbols), np.zeros_like(certainty)
    for batch in batches(lines):  # who is in none is not read
        index, real = padded(batch)  # (L, T)
        features, batch_shapes = spots.features[index], shapes[index]
        features[~real], batch_shapes[~real] = 0, 0
        told, follows = context(features, batch_shapes)  # (L, T, 3, C)
        if without:
            take_out(told, without)
        those, best, surest = index[real], told.argmax(axis=3), told.max(axis=3).prod(axis=2)
        links[those], symbols[those], certainty[those] = follows[real], best[real], surest[real]
        options[those], scores[those] = symbols[those, None], np.log(np.maximum(certainty[those], LEAST))[:, None]
        doubtful = real & (surest < SURE)  # of the others nobody asks, and it takes time
        if alternatives and doubtful.any():
            options[index[doubtful]], scores[index[doubtful]] = likeliest(told[doubtful])
        nothing = real & (best[:, :, 0] == 0)
        else_symbols[index[nothing]], else_certainty[index[nothing]] = something(told[nothing])
    lost = with_room(spots, lines, else_certainty > 0)
    symbols[lost], certainty[lost] = else_symbols[lost], else_certainty[lost]
    return replace(spots, symbols=symbols, certainty=certainty, links=links, options=options, option_scores=scores)


def take_out(told: FloatMap, classes: Sequence[int]) -> None:
    """Class probabilities (L, T, 3, C) without these classes of bases, in place."""
    taken = told[:, :, 0, classes].sum(axis=2)  # (L, T)
    told[:, :, 0, classes] = 0
    some = taken > LEAST
    told[some, 0] /= np.maximum(1 - taken[some], LEAST)[:, None]


def something(probabilities: FloatMap) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Of class probabilities (K, SLOTS, C) the likeliest characters (K, SLOTS) that have a base, and how likely."""
    probabilities = probabilities.copy()
    probabilities[:, 0, 0] = 0
    return probabilities.argmax(axis=2), np.maximum(probabilities.max(axis=2).prod(axis=1), LEAST)


def shapes_of(spots: Spots) -> FloatMap:
    """What :data:`Context` is told of M characters: (M, 8), see :mod:`ocr.models.end2end.line_context`."""
    single = (spots.centres, spots.heights[:, None], spots.widths[:, None], spots.links, spots.presence[:, None])
    return np.concatenate(single, axis=1).astype(np.float32)


def batches(lines: Sequence[Indices]) -> Iterator[list[Indices]]:
    """Lines of similar length together, so that little is padded."""
    batch: list[Indices] = []
    for line in sorted(lines, key=len):
        if batch and (len(batch) + 1) * len(line) > AT_ONCE:
            yield batch
            batch = []
        batch.append(line)
    if batch:
        yield batch


def padded(lines: Sequence[Indices]) -> tuple[Indices, NDArray[np.bool_]]:
    """Lines as one array (L, T), 0 behind the last character of each, and where characters are (L, T)."""
    lengths = np.array([len(line) for line in lines])
    real = np.arange(lengths.max()) < lengths[:, None]
    index = np.zeros(real.shape, np.intp)
    index[real] = np.concatenate(lines)
    return index, real
