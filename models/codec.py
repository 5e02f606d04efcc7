"""Text to symbol ids and back; the alphabet travels with the weights as ``alphabet.txt``.

Text is NFC outside and NFD inside: every Hangul syllable becomes two or three conjoining jamo and every accented Latin
letter its base and marks, so some 330 symbols cover all Latin script and all 11,172 syllables, and no class is one that
training never saw. The idea for Hangul: grapheme classes, arXiv 2208.06079.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from ocr.errors import ModelError

BLANK = 0
"""Id of the CTC blank; symbols count from 1."""

LEADS = tuple(chr(c) for c in range(0x1100, 0x1113))
VOWELS = tuple(chr(c) for c in range(0x1161, 0x1176))
FINALS = tuple(chr(c) for c in range(0x11A8, 0x11C3))
MARKS = tuple(chr(c) for c in (*range(0x300, 0x305), *range(0x306, 0x30D), 0x31B, 0x323, 0x326, 0x327, 0x328))
LETTERS = "ÆÐØÞßæðøþĐđĦħıĸŁłŊŋŒœŦŧ"
SIGNS = "–—‘’“”„…•·°±×÷§©®™€£¥₩²³¹½¼¾«»‹›¿¡†‡№µªº¢¶′″≤≥≠≈√∞"
KOREAN_SIGNS = "※○●◎□■△▲▽▼◆◇★☆♡♥→←↑↓↔①②③④⑤⑥⑦⑧⑨⑩「」『』《》〈〉【】〔〕㎡㎝㎞㎏㎜㎖㎎℃㈜☎✓♪、。"
COMPATIBILITY_JAMO = tuple(chr(c) for c in range(0x3131, 0x3164))

LOOKALIKES = str.maketrans(
    dict.fromkeys("ㆍ∙‧", "·")
    | dict.fromkeys("\u00ad‐‑−¬", "-")
    | dict.fromkeys("\u3164\u00a0", " ")
    | dict.fromkeys("´`", "'")
    | dict.fromkeys("˜～", "~")
    | {"￦": "₩", "―": "—", "‚": ",", "ᗅ": "A", "ᑕ": "C", "ᗞ": "D", "⁄": "/"}
)
"""Characters that no picture tells from another one; labels are written with the commoner one."""

_LEAD_TO_COMPATIBILITY = dict(zip(LEADS, "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ", strict=True))
_VOWEL_TO_COMPATIBILITY = dict(zip(VOWELS, "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ", strict=True))
_FINAL_TO_COMPATIBILITY = dict(zip(FINALS, "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ", strict=True))
_LONE_JAMO = {**_LEAD_TO_COMPATIBILITY, **_VOWEL_TO_COMPATIBILITY, **_FINAL_TO_COMPATIBILITY}


def normalise(text: str) -> str:
    """NFC with look-alikes folded, white space single: the form of every training label."""
    return " ".join(unicodedata.normalize("NFC", text.translate(LOOKALIKES)).split())


class Alphabet:
    """The symbols a model can write, in the order of its output classes (class 0 is the CTC blank).

    Raises :class:`~ocr.errors.ModelError` if a symbol stands twice.
    """

    def __init__(self, symbols: Sequence[str]) -> None:
        if len(set(symbols)) != len(symbols):
            twice = [s for s, n in Counter(symbols).items() if n > 1]
            raise ModelError(f"alphabet has {twice[0]!r} twice: each symbol needs one class; remove the second line")
        self.symbols = tuple(symbols)
        self._ids = {symbol: i for i, symbol in enumerate(symbols, start=1)}

    @property
    def classes(self) -> int:
        """Number of output classes, the blank included."""
        return len(self.symbols) + 1

    def encode(self, text: str) -> list[int]:
        """Ids of the text's NFD symbols; raises ``KeyError`` for one that :meth:`unknown` would list."""
        return [self._ids[symbol] for symbol in unicodedata.normalize("NFD", text)]

    def unknown(self, texts: Iterable[str]) -> Counter[str]:
        """The symbols (NFD) that are not in the alphabet, with how often they occur."""
        return Counter(s for text in texts for s in unicodedata.normalize("NFD", text) if s not in self._ids)

    def known(self, symbols: Iterable[str]) -> frozenset[int]:
        """Ids of those of the symbols that are in the alphabet."""
        return frozenset(self._ids[symbol] for symbol in symbols if symbol in self._ids)

    def symbol(self, class_id: int) -> str:
        return self.symbols[class_id - 1]

    def save(self, path: Path) -> None:
        """One symbol a line; the space is written as U+2423 so that editors keep it."""
        path.write_text("".join(("␣" if s == " " else s) + "\n" for s in self.symbols), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Alphabet:
        """Raises :class:`~ocr.errors.ModelError` if the file is missing or not UTF-8."""
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(f"cannot read alphabet {path}: {error}; a model folder needs its alphabet.txt") from error
        return cls([" " if line == "␣" else line for line in lines if line])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alphabet) and self.symbols == other.symbols

    def __hash__(self) -> int:
        return hash(self.symbols)


def default_alphabet() -> Alphabet:
    """Space, ASCII, Latin letters and marks, signs, conjoining and compatibility jamo."""
    ascii_symbols = tuple(chr(c) for c in range(0x20, 0x7F) if chr(c) != "`")
    return Alphabet(
        (*ascii_symbols, *LETTERS, *MARKS, *SIGNS, *KOREAN_SIGNS, *LEADS, *VOWELS, *FINALS, *COMPATIBILITY_JAMO)
    )


def compose(symbols: Sequence[str]) -> list[tuple[str, int]]:
    """Decoded symbols as NFC characters, each with the number of symbols it took.

    Grammar of Hangul: lead, vowel, optional final make a syllable; a jamo that stands alone becomes its compatibility
    form, so no conjoining jamo ever comes out. A mark joins the base before it; a mark without a base is dropped.
    """
    if "".join(symbols).isascii():  # nothing to compose
        return [(symbol, 1) for symbol in symbols]
    characters: list[tuple[str, int]] = []
    i = 0
    while i < len(symbols):
        size = _cluster_size(symbols, i)
        text = unicodedata.normalize("NFC", "".join(symbols[i : i + size]))
        # marks that have no precomposed form with their base cannot have been printed
        text = _LONE_JAMO.get(text, text) if len(text) == 1 else text[0]
        if unicodedata.combining(text):
            text = ""
        characters.append((text, size))
        i += size
    return characters


def _cluster_size(symbols: Sequence[str], start: int) -> int:
    """How many symbols from ``start`` make one character."""
    end = start + 1
    if symbols[start] in _LEAD_TO_COMPATIBILITY:
        if end < len(symbols) and symbols[end] in _VOWEL_TO_COMPATIBILITY:
            end += 1
            if end < len(symbols) and symbols[end] in _FINAL_TO_COMPATIBILITY:
                end += 1
        return end - start
    while end < len(symbols) and unicodedata.combining(symbols[end]):
        end += 1
    return end - start
