"""Kinds of typefaces: which faces of a library suit a book, a typewriter, a till, a screen.

Kinds go by the names of well-known files and, for fixed pitch, by measuring; a library without a face of the kind gives
any face, so the user's own folders work too.
"""

from __future__ import annotations

import fnmatch
from functools import lru_cache
from typing import Literal

import numpy as np

from ocr.data.synthetic.fonts import Face, FontLibrary

Kind = Literal["book", "sans", "typewriter", "till", "screen", "any"]

PATTERNS: dict[Kind, tuple[str, ...]] = {
    "book": (
        "*serif*", "*times*", "*nimbusroman*", "*termes*", "*pagella*", "*bonum*", "*schola*", "*c059*", "*p052*",
        "*bookman*", "*garamond*", "*libertine_*", "*linlibertine*", "*junic*", "*cmunr*", "*cmunb[xl]*", "*cmunti*",
        "*oldstandard*", "*fanwood*", "*goudy*", "*cardo*", "*essays*", "*accanthis*", "*romande*", "*caslon*",
        "*myeongjo*", "*batang*", "*unshinmun*", "*ptf*", "*robotoslab*", "*freeserif*",
    ),
    "sans": (
        "*sans*", "*arial*", "*nimbussans*", "*heros*", "*lato*", "*roboto-*", "*carlito*", "*inter-*", "*cabin*",
        "*dejavusans*", "*biolinum*", "*universalis*", "*montserrat*", "*manrope*", "*pts*", "*gothic*", "*dotum*",
        "*gulim*", "*nanumsquare*", "*nanumbarun*", "*noto*cjk*", "*freesans*", "*adventor*", "*avant*",
    ),
    "typewriter": (
        "*courier*", "*typewriter*", "*cmuntt*", "*cmuntb*", "*cmunvt*", "*cmunst*", "*cmunit*", "*cursor*",
        "*freemono*", "*liberationmono*", "*mekanus*", "*nimbusmono*", "*untaza*", "*dejavusansmono*", "*ocr*",
        "*monospace*", "*gnutypewriter*", "*nanumgothiccoding*", "*d2coding*",
    ),
    "till": (
        "*terminus*", "*spleen*", "*/pc/*", "*3270*", "*galmuri*", "*mono*", "*d2coding*", "*coding*", "*ocr*",
        "*liberationsansnarrow*", "*hack*", "*freemono*", "*dejavusansmono*", "*dotum*", "*gulim*", "*nimbussans*",
        "*liberationsans-*", "*dejavusans*condensed*",
    ),
    "screen": (
        "*roboto-*", "*opensans*", "*inter-*", "*dejavusans*", "*noto*sans*", "*lato*", "*nanumgothic*", "*nanumsq*",
        "*nanumbarun*", "*firacode*", "*hack*", "*ubuntu*", "*manrope*", "*cabin*", "*montserrat*", "*dotum*",
        "*galmuri*", "*liberationsans*", "*carlito*", "*terminus*",
    ),
    "any": ("*",),
}  # fmt: skip

PLAIN_SHARE = 0.88
"""How often a layout gets a face of the kind it asks for rather than any face at all."""


@lru_cache(maxsize=64)
def faces_of(library: FontLibrary, kind: Kind, korean: bool) -> list[list[Face]]:
    """The families of a kind; all families of the script if there are none of the kind."""
    families = library.korean if korean else library.latin
    fitting = [[face for face in family if matches(face, kind)] for family in families]
    return [family for family in fitting if family] or families


def matches(face: Face, kind: Kind) -> bool:
    """Whether a face is of the kind; a typewriter's must have one pitch."""
    path = str(face.path).lower()
    if not any(fnmatch.fnmatch(path, pattern) for pattern in PATTERNS[kind]):
        return False
    mono = is_monospaced(face)
    return mono if kind == "typewriter" else not mono if kind in ("book", "sans") else True


def is_monospaced(face: Face) -> bool:
    """Whether i and m are equally wide."""
    sized = face.at(32)
    return face.draws("im") and abs(sized.glyph("i").advance - sized.glyph("m").advance) < 0.5


def draw_face(rng: np.random.Generator, library: FontLibrary, kind: Kind, korean: bool, sample: str) -> Face | None:
    """A face of the kind that draws the whole sample; None if thirty tries found none."""
    wanted: Kind = kind if rng.uniform() < PLAIN_SHARE else "any"
    families = faces_of(library, wanted, korean)
    for _ in range(30 if families else 0):
        family = families[int(rng.integers(len(families)))]
        face = family[int(rng.integers(len(family)))]
        if face.draws(sample) and not face.unicase:
            return face
    return None
