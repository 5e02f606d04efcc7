"""The characters of a labelled page as arrays, which is what targets are made of and what moves with a crop."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ocr.document import Page, Word
from ocr.models.codec import Alphabet, compose, normalise
from ocr.models.end2end.text_lines import TextLine
from ocr.polygon import FloatArray, Polygon, transform

SLOTS = 3
"""Symbols (NFD) a character may have: a base and two marks, or lead, vowel and final."""

UNKNOWN = -100
"""Symbol of a character that the alphabet lacks: it is there, but what it is is not trained."""

NONE, NOT_TOLD = -1, -2
"""What follows the last character of a line, and one whose successor is not labelled."""

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Characters:
    """M characters, spaces left out, in reading order of their lines; lengths in pixels.

    A character stands on the middle axis of its line, half way between ascenders and descenders, whatever ink it has:
    so all centres of a line lie on one axis and a full stop is as high as its neighbours.
    """

    centres: FloatArray  # (M, 2)
    widths: FloatArray  # (M,) of the ink along the line
    heights: FloatArray  # (M,) of the line
    along: FloatArray  # (M, 2) unit vector in reading direction
    following: Indices  # (M,) index of the next character of the line, NONE at its end, or NOT_TOLD
    spaced: NDArray[np.bool_]  # (M,) whether a space comes before the next character
    symbols: Indices  # (M, SLOTS) classes of the alphabet, 0 for none
    ignored: tuple[FloatArray, ...] = ()
    """Polygons of text that is neither wanted nor punished."""
    lines: tuple[TextLine, ...] = ()
    """Lines whose text is known but not where each character stands; their polygons are among ``ignored``."""

    def moved(self, matrix: FloatArray) -> Characters:
        """After an affine map (2, 3) that turns, scales and shifts."""
        linear = matrix[:, :2]
        scale = float(np.sqrt(abs(np.linalg.det(linear))))
        return replace(
            self,
            centres=transform(self.centres, matrix) if len(self.centres) else self.centres,
            widths=self.widths * scale,
            heights=self.heights * scale,
            along=self.along @ linear.T / scale,
            ignored=tuple(transform(polygon, matrix) for polygon in self.ignored),
            lines=tuple(line.moved(matrix) for line in self.lines),
        )


def characters_of(page: Page, alphabet: Alphabet) -> Characters:
    """The characters of a page whose words hold them; words without, and ``ignore`` lines, become ignore regions."""
    quads: list[Polygon] = []
    axes: list[Polygon] = []
    following: list[int] = []
    spaced: list[bool] = []
    texts: list[str] = []
    ignored: list[Polygon] = []
    lines: list[TextLine] = []
    table = SymbolTable(alphabet)
    for line in page.lines:
        if line.ignore or not any(is_complete(word) for word in line.words):
            ignored.append(line.polygon)
            letters = "".join(line.text.split())
            if letters and len(line.polygon) == 4 and not line.ignore:
                lines.append(TextLine.of(line, np.array([table[letter] for letter in letters], np.int64)))
            continue
        for word in line.words:
            if not is_complete(word):
                ignored.append(word.polygon)
                if following and following[-1] == len(quads):
                    following[-1] = NOT_TOLD
                continue
            for position, char in enumerate(word.chars):
                quads.append(char.polygon)
                axes.append(word.polygon)
                texts.append(char.text)
                following.append(len(quads))
                spaced.append(position + 1 == len(word.chars))
        if following[-1] == len(quads):
            following[-1] = NONE
    symbols = np.array([table[text] for text in texts], np.int64).reshape(-1, SLOTS)
    shapes = _placed(np.array(quads, np.float64).reshape(-1, 4, 2), np.array(axes, np.float64).reshape(-1, 4, 2))
    regions = tuple(np.asarray(polygon, np.float64) for polygon in ignored)
    return Characters(
        *shapes, np.array(following, np.int64), np.array(spaced, np.bool_), symbols, regions, tuple(lines)
    )


def character_boxes(centres: FloatArray, along: FloatArray, widths: FloatArray, heights: FloatArray) -> FloatArray:
    """Boxes (K, 4, 2), clockwise from the top left of the text: ink width by line height."""
    down = np.stack([-along[:, 1], along[:, 0]], axis=1)
    half_width, half_height = along * widths[:, None] / 2, down * heights[:, None] / 2
    corners = [-half_width - half_height, half_width - half_height, half_width + half_height, half_height - half_width]
    return centres[:, None] + np.stack(corners, axis=1)


def is_complete(word: Word) -> bool:
    """Whether a word holds its characters, all with four corners."""
    return bool(word.chars) and len(word.polygon) == 4 and all(len(char.polygon) == 4 for char in word.chars)


def _placed(quads: FloatArray, axes: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Centres, widths, heights and directions of characters (M, 4, 2) on the axes of their words (M, 4, 2)."""
    left, right = (axes[:, 0] + axes[:, 3]) / 2, (axes[:, 1] + axes[:, 2]) / 2
    top, bottom = (axes[:, 0] + axes[:, 1]) / 2, (axes[:, 3] + axes[:, 2]) / 2
    down = bottom - top
    heights = np.maximum(np.linalg.norm(down, axis=1), 1e-3)
    length = np.linalg.norm(right - left, axis=1)
    # a word narrower than a third of its height (a full stop, an l) tells its direction by its height
    narrow = length < heights / 3
    along = np.where(narrow[:, None], np.stack([down[:, 1], -down[:, 0]], axis=1), right - left)
    along /= np.maximum(np.linalg.norm(along, axis=1), 1e-6)[:, None]
    middle = quads.mean(axis=1)
    way = ((middle - left) * along).sum(axis=1)
    reach = ((quads[:, [1, 2]] - quads[:, [0, 3]]).mean(axis=1) * along).sum(axis=1)
    return left + way[:, None] * along, np.maximum(reach, 1.0), heights, along


class SymbolTable(dict[str, tuple[int, ...]]):
    """Classes of a character, worked out when first asked for: base and marks, or lead, vowel and final."""

    def __init__(self, alphabet: Alphabet) -> None:
        super().__init__()
        self.alphabet = alphabet

    def __missing__(self, text: str) -> tuple[int, ...]:
        symbols = unicodedata.normalize("NFD", normalise(text))
        known = 0 < len(symbols) <= SLOTS and not self.alphabet.unknown([symbols])
        ids = (*self.alphabet.encode(symbols), 0, 0)[:SLOTS] if known else (UNKNOWN,) * SLOTS
        self[text] = ids
        return ids


def character_text(symbols: list[int], alphabet: Alphabet) -> str:
    """The character (NFC) of a base and what is attached to it; empty if the base is none."""
    if symbols[0] == 0:
        return ""
    if not any(symbols[1:]) and (base := alphabet.symbol(symbols[0])).isascii():  # quick: most of Latin script
        return base
    return compose([alphabet.symbol(symbol) for symbol in symbols if symbol])[0][0]
