"""A line with other text in some places: its words and characters with their polygons, and the record of changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ocr.document import Char, Correction, Line, Word
from ocr.polygon import Polygon, as_polygon, slice_quad

Change = tuple[int, int, str, str]
"""Start, stop, the new text and the reason."""


@dataclass(frozen=True, slots=True)
class Place:
    """A character of a line's text; a space has no polygon. ``changed``: its word is made anew."""

    text: str
    polygon: Polygon | None
    confidence: float


def rewritten(line: Line, changes: Sequence[Change]) -> Line:
    """The line after the changes, which stand in order and do not overlap."""
    places = places_of(line)
    kept: list[Place] = []
    records: list[Correction] = []
    done = 0
    for start, stop, text, reason in changes:
        kept += places[done:start]
        original, new = line.text[start:stop], text
        confidence = float(np.prod([p.confidence for p in places[start:stop]] or [1.0]))
        records.append(Correction(len("".join(p.text for p in kept)), original, new, confidence, reason))
        kept += spread(places, start, stop, new, line)
        done = stop
    kept = single_spaced([*kept, *places[done:]])
    words = words_of(kept, line)
    text = " ".join(word.text for word in words)
    earlier = [
        replace(c, start=c.start + sum(len(new) - (b - a) for a, b, new, _ in changes if b <= c.start))
        for c in line.corrections
    ]
    confidences = [p.confidence for p in kept if p.text != " "]
    return replace(
        line, text=text, words=words, confidence=float(np.mean(confidences)) if confidences else 0.0, doubts=(),
        corrections=(*earlier, *records),
    )  # fmt: skip


def places_of(line: Line) -> list[Place]:
    """One place for each character of ``line.text``."""
    places: list[Place] = []
    for word in line.words:
        if places:
            places.append(Place(" ", None, 1.0))
        if word.chars and "".join(c.text for c in word.chars) == word.text:
            for char in word.chars:
                places += [Place(c, char.polygon, char.confidence) for c in char.text]
        else:
            count = max(len(word.text), 1)
            quad = np.asarray(word.polygon, np.float64)
            places += [
                Place(c, as_polygon(slice_quad(quad, k / count, (k + 1) / count)), word.confidence)
                for k, c in enumerate(word.text)
            ]
    return places


def spread(places: Sequence[Place], start: int, stop: int, text: str, line: Line) -> list[Place]:
    """New characters over the room of the old ones from ``start`` to ``stop``, or between their neighbours."""
    old = [p for p in places[start:stop] if p.polygon is not None]
    if not old:
        old = [p for p in (*places[max(start - 1, 0) : start], *places[stop : stop + 1]) if p.polygon is not None]
    confidence = float(np.mean([p.confidence for p in places[start:stop]] or [1.0]))
    if len(text) == stop - start:  # one for one: each keeps its place
        pairs = zip(text, places[start:stop], strict=True)
        if all((c == " ") == (p.polygon is None) for c, p in pairs):
            return [Place(c, p.polygon, p.confidence) for c, p in zip(text, places[start:stop], strict=True)]
    quad = joined(old[0].polygon, old[-1].polygon) if old else np.asarray(line.polygon, np.float64)
    count = max(len(text), 1)
    return [
        Place(c, None if c == " " else as_polygon(slice_quad(quad, k / count, (k + 1) / count)), confidence)
        for k, c in enumerate(text)
    ]


def joined(first: Polygon | None, last: Polygon | None) -> np.ndarray:
    """The quadrilateral from the first one's left to the last one's right side."""
    left, right = np.asarray(first, np.float64), np.asarray(last, np.float64)
    return np.stack([left[0], right[1], right[2], left[3]])


def single_spaced(places: Sequence[Place]) -> list[Place]:
    kept: list[Place] = []
    for place in places:
        if place.text != " " or (kept and kept[-1].text != " "):
            kept.append(place)
    return kept[:-1] if kept and kept[-1].text == " " else kept


def words_of(places: Sequence[Place], line: Line) -> tuple[Word, ...]:
    """Words between the spaces; those that are as before keep their own polygon and confidence."""
    before = {(word.text, word.chars[0].polygon): word for word in line.words if word.chars}
    words: list[Word] = []
    group: list[Place] = []
    for place in [*places, Place(" ", None, 1.0)]:
        if place.text != " ":
            group.append(place)
        elif group:
            text = "".join(p.text for p in group)
            chars = tuple(Char(p.text, p.polygon, p.confidence) for p in group if p.polygon is not None)
            outline = as_polygon(joined(group[0].polygon, group[-1].polygon))
            certainty = float(np.prod([p.confidence for p in group]))
            words.append(before.get((text, chars[0].polygon)) or Word(text, outline, certainty, chars))
            group = []
    return tuple(words)
