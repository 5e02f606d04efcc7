"""What one page is made of: its language, its faces, and a supply of words that those faces draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from ocr.data.synthetic import text as strings
from ocr.data.synthetic.fonts import Face, FontLibrary
from ocr.data.synthetic.records import printed_record, term
from ocr.data.synthetic.sheet import BLACK, PLAIN, Colour, Pen
from ocr.data.synthetic.text import TextSampler
from ocr.data.synthetic.typefaces import Kind, draw_face
from ocr.errors import UsageError

Option = TypeVar("Option")

SMALLEST = 13
"""Smallest type in px an em: an x-height of 6 to 7 px, as in scans of 90 dpi."""


@dataclass(slots=True)
class Material:
    """Fonts and text for one page. ``foreign`` is the share of strings in another language (Korean faces draw both)."""

    rng: np.random.Generator
    fonts: FontLibrary
    texts: TextSampler
    language: str
    foreign: float = 0.0
    _faces: dict[Kind, Face] = field(default_factory=dict)

    @property
    def korean(self) -> bool:
        return self.language == "ko"

    def face(self, kind: Kind, fresh: bool = False) -> Face:
        """The page's face of a kind, or a fresh one. It draws ASCII letters and digits, and Hangul on a Korean page."""
        if fresh or kind not in self._faces:
            sample = "Ag0,." + ("가나의한국" if self.korean else "")
            face = draw_face(self.rng, self.fonts, kind, self.korean, sample)
            face = face or draw_face(self.rng, self.fonts, "any", self.korean, sample)
            if face is None:
                raise UsageError(f"no font draws text of language {self.language!r}: add a folder with such fonts")
            if fresh:
                return face
            self._faces[kind] = face
        return self._faces[kind]

    def pen(self, kind: Kind, size: int, colour: Colour = BLACK, leading: float = 1.3, fresh: bool = False) -> Pen:
        return Pen(self.face(kind, fresh), max(SMALLEST, int(size)), colour, PLAIN, leading)

    def words(self, face: Face, length: int) -> list[str]:
        """Consecutive words of running text, about ``length`` characters, without those that the face cannot draw."""
        language = self._language()
        kept: list[str] = []
        size = 0
        for _ in range(40):
            for word in self.texts.paragraph(self.rng, language).split():
                if face.draws(word):
                    kept.append(word)
                    size += len(word) + 1
                if size >= length:
                    return kept
        return kept or ["-"]

    def phrase(self, face: Face, length: int) -> str:
        """A few words of running text, about ``length`` characters."""
        words = self.words(face, int(length * 2.5))
        start = int(self.rng.integers(max(1, len(words) // 2)))
        phrase = words[start]
        for word in words[start + 1 :]:
            if len(phrase) + 1 + len(word) > length:
                break
            phrase += f" {word}"
        return phrase

    def string(self, face: Face, length: int) -> str:
        """A short string of any kind: words, numbers, codes, signs, rare syllables."""
        words = self.texts.line(self.rng, length, self._language()).split()
        return " ".join(word for word in words if face.draws(word)) or self.number(face)

    def record(self, face: Face) -> str:
        """A line of a receipt, invoice or form (:mod:`ocr.data.synthetic.records`)."""
        return self._drawn(face, lambda: printed_record(self.texts, self.rng, self.korean), lambda: self.number(face))

    def term(self, face: Face) -> str:
        """What stands before a value on such a line."""
        return self._drawn(face, lambda: term(self.rng, self.korean), lambda: "No.")

    def number(self, face: Face) -> str:
        """A date, amount, phone number or the like."""
        return self._drawn(face, lambda: strings.random_number(self.rng), lambda: str(self.rng.integers(10000)))

    def code(self, face: Face) -> str:
        """An identifier, e-mail address, link or file name: one word."""
        words = strings.random_code(self.rng, 6).split()
        return words[0] if words and face.draws(words[0]) else str(self.rng.integers(10**6))

    def money(self, limit: float = 1000.0) -> str:
        """An amount as tills print it in the page's language."""
        value = float(limit ** self.rng.uniform(0.1, 1))
        if self.korean:
            return f"{round(value * 10) * 10 + 100:,}"
        return f"{value:,.2f}" if self.rng.uniform() < 0.85 else f"{value:.2f}".replace(".", ",")

    def choice(self, options: Sequence[Option]) -> Option:
        return options[int(self.rng.integers(len(options)))]

    def _drawn(self, face: Face, draw: Callable[[], str], otherwise: Callable[[], str]) -> str:
        """The first of a few texts that the face can draw."""
        for _ in range(8):
            text = draw()
            if face.draws(text):
                return text
        return otherwise()

    def _language(self) -> str:
        if self.foreign and self.rng.uniform() < self.foreign:
            return self.texts.language(self.rng)
        return self.language
