"""Fonts to render with: which characters a face really draws, and its glyphs as ink masks.

A font's cmap is not proof: several Korean fonts map all 11,172 syllables and draw 2,350 of them, so a character
counts as drawn only if the cmap names it **and** its outline leaves ink (:meth:`Face.draws`).
"""

from __future__ import annotations

import fnmatch
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from fontTools.ttLib import TTCollection, TTFont, TTLibError
from numpy.typing import NDArray
from PIL import Image, ImageFont

from ocr.errors import UsageError

logging.getLogger("fontTools").setLevel(logging.ERROR)  # it comments on every slip of every font

FONT_SUFFIXES = {".ttf", ".otf", ".ttc"}
GLYPHS_KEPT = 6000
"""Glyphs a face keeps at one size before it starts anew: bounds memory with Hangul."""

SIZES_KEPT = 8
"""Sizes a face keeps its glyphs at; the oldest goes first. Pages ask for many sizes of many faces."""

EVALUATION_ONLY = (
    "*/alee/*", "*/lexi/*", "*/vollkorn/*", "*/crosextra/Caladea*", "*/gentiumplus/*", "*/arapey/*",
    "*/fonts-prociono/*", "*/clear-sans/*", "*/b612/*", "*/cantarell/*", "*/karla*/*", "*/league-spartan/*",
    "*/fonts-go/*", "*/jetbrains-mono/*", "*/anonymous-pro/*", "*/agave/*", "*/glasstty/*",
    "*/compagnon/*", "*/femkeklaver/*", "*/kristi/*", "*/rufscript/*",
    "*/leckerli-one/*", "*/isabella/*", "*/GreatVibes*", "*/Parisienne*", "*/PlayfairDisplay*", "*/eval/*",
)  # fmt: skip
"""Path patterns of the families kept for evaluation; training pages are never rendered with them."""

SYMBOL_FONTS = (
    "*D050000L*", "*StandardSymbols*", "*Symbol*", "*Dingbats*", "*Math*", "*Emoji*", "*MusicalSymbols*", "*Braille*",
    "*Keyboard*", "*NotoSansSignWriting*", "*esint*", "*NotoSansCuneiform*", "*Initials*", "*cmunbi*",
    "*LinBiolinum_K*", "*FoulisGreek*", "*SoundRecording*", "*Humor*", "*Cinzel*", "*oscelyn*",
)  # fmt: skip
"""Path patterns of fonts whose letters are not letters: symbols, small capitals for small letters, secretary hand."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """Ink of one character at one size: ``mask`` (h, w) uint8, 255 = ink, placed ``left``, ``top`` px from the pen.

    ``top`` counts down from the ascender line; ``advance`` is the pen's step in px.
    """

    mask: NDArray[np.uint8]
    left: int
    top: int
    advance: float


@dataclass(slots=True)
class SizedFace:
    """A face at one size in px an em, with its glyphs cached."""

    font: ImageFont.FreeTypeFont
    ascent: int
    descent: int
    glyphs: dict[str, Glyph] = field(default_factory=dict)

    def glyph(self, character: str) -> Glyph:
        glyph = self.glyphs.get(character)
        if glyph is None:
            if len(self.glyphs) >= GLYPHS_KEPT:
                self.glyphs.clear()
            glyph = self.glyphs[character] = self._draw(character)
        return glyph

    def _draw(self, character: str) -> Glyph:
        core, (left, top) = self.font.getmask2(character, "L")
        columns, rows = core.size
        mask = (
            np.frombuffer(bytes(core), np.uint8).reshape(rows, columns)
            if columns and rows
            else np.zeros((0, 0), np.uint8)
        )
        x, y, width, height = cv2.boundingRect(mask) if mask.size else (0, 0, 0, 0)  # Pillow's mask spans the advance
        ink = mask[y : y + height, x : x + width].copy()
        return Glyph(ink, left + x, top + y, self.font.getlength(character))


@dataclass(slots=True, eq=False)
class Face:
    """One face of a font file. ``characters`` are the code points its cmap names."""

    path: Path
    index: int
    characters: frozenset[int]
    _sizes: dict[int, SizedFace] = field(default_factory=dict)
    _drawn: dict[str, bool] = field(default_factory=dict)
    _unicase: bool | None = None

    def at(self, size: int) -> SizedFace:
        """The face at ``size`` px an em."""
        sized = self._sizes.get(size)
        if sized is None:
            if len(self._sizes) >= SIZES_KEPT:
                self._sizes.pop(next(iter(self._sizes)))
            font = ImageFont.truetype(str(self.path), size, index=self.index, layout_engine=ImageFont.Layout.BASIC)
            sized = self._sizes[size] = SizedFace(font, *font.getmetrics())
        return sized

    def draws(self, text: str) -> bool:
        """Whether every character of the text has ink (space aside) in this face."""
        return all(self._draws_character(character) for character in text)

    def _draws_character(self, character: str) -> bool:
        drawn = self._drawn.get(character)
        if drawn is None:
            drawn = ord(character) in self.characters and (character == " " or self._has_ink(character))
            self._drawn[character] = drawn
        return drawn

    def _has_ink(self, character: str) -> bool:
        left, top, right, bottom = self.at(32).font.getbbox(character)
        return right > left and bottom > top

    @property
    def unicase(self) -> bool:
        """Whether small letters are drawn as capitals, so that a picture does not tell them apart."""
        if self._unicase is None:
            pairs = [(low, low.upper()) for low in "aegrn" if self.draws(low + low.upper())]
            self._unicase = bool(pairs) and sum(self._same_shape(*pair) for pair in pairs) * 2 > len(pairs)
        return self._unicase

    def _same_shape(self, first: str, second: str) -> bool:
        masks = [
            cv2.resize(self.at(48).glyph(c).mask, (24, 24), interpolation=cv2.INTER_AREA) > 127 for c in (first, second)
        ]
        return bool((masks[0] & masks[1]).sum() > 0.75 * (masks[0] | masks[1]).sum())


class FontLibrary:
    """The faces found in some folders, chosen family folder first so that a family of 40 weights is not seen 40 times.

    ``exclude`` are path patterns; by default the families kept for evaluation and symbol fonts.
    Raises :class:`~ocr.errors.UsageError` if no usable font is found.
    """

    def __init__(self, folders: Sequence[Path], exclude: Iterable[str] = EVALUATION_ONLY + SYMBOL_FONTS) -> None:
        patterns = tuple(exclude)
        files = sorted(p for folder in folders for p in _font_files(folder) if not _matches(p, patterns))
        self.faces = [face for file in files for face in _open_faces(file)]
        if not self.faces:
            raise UsageError(
                f"no usable font in {', '.join(map(str, folders))}: give a folder with .ttf, .otf or .ttc files"
            )

    @cached_property
    def latin(self) -> list[list[Face]]:
        """Faces that draw ASCII letters and digits, grouped by folder."""
        return self._families([face for face in self.faces if face.draws("AZaz09")])

    @cached_property
    def korean(self) -> list[list[Face]]:
        """Faces that draw the common syllables, grouped by folder."""
        return self._families([face for face in self.faces if face.draws("가나의한국")])

    def choose(self, rng: np.random.Generator, text: str, tries: int = 20) -> Face | None:
        """A face that draws the whole text, or None after ``tries`` faces that do not."""
        families = self.korean if any("가" <= c <= "힣" or "ㄱ" <= c <= "ㅣ" for c in text) else self.latin
        for _ in range(tries if families else 0):
            family = families[int(rng.integers(len(families)))]
            face = family[int(rng.integers(len(family)))]
            if face.draws(text) and not (face.unicase and text != text.upper()):
                return face
        return None

    @staticmethod
    def _families(faces: Iterable[Face]) -> list[list[Face]]:
        families: dict[str, list[Face]] = {}
        for face in faces:
            # files of one folder that share the name's first part are one family: NanumPen, NanumGothic, …
            name = face.path.parent.name + "/" + face.path.stem.replace("_", "-").split("-")[0][:9]
            families.setdefault(name, []).append(face)
        return list(families.values())


def evaluation_library(folders: Sequence[Path]) -> FontLibrary:
    """Only the families that are never trained on."""
    library = FontLibrary(folders, SYMBOL_FONTS)
    library.faces = [face for face in library.faces if _matches(face.path, EVALUATION_ONLY)]
    if not library.faces:
        raise UsageError(f"no evaluation font in {', '.join(map(str, folders))}: install those that FONTS lists")
    return library


def _font_files(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise UsageError(f"no folder of fonts {folder}: give one with .ttf, .otf or .ttc files, or such a file")
    return [p for p in folder.rglob("*") if p.suffix.lower() in FONT_SUFFIXES]


def _matches(path: Path, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(str(path), pattern) for pattern in patterns)


def _open_faces(path: Path) -> list[Face]:
    """The faces of a file; a collection gives only its Korean ones if their names tell (Noto CJK holds 30)."""
    try:
        if path.suffix.lower() != ".ttc":
            return [Face(path, 0, frozenset(TTFont(path, lazy=True).getBestCmap() or ()))]
        fonts = TTCollection(path, lazy=True).fonts
        named = [(i, font["name"].getDebugName(4) or "") for i, font in enumerate(fonts)]
        korean = [i for i, name in named if " KR" in name] or [i for i, _ in named]
        return [Face(path, i, frozenset(fonts[i].getBestCmap() or ())) for i in korean]
    except (TTLibError, OSError, KeyError, ValueError, AssertionError):
        return []  # a damaged or bitmap-only file is no font for us


def to_image(mask: NDArray[np.uint8]) -> Image.Image:
    """The mask as a picture, ink black on white, to look at."""
    return Image.fromarray(255 - mask)
