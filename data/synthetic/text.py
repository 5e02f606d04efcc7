"""Text to render: running text from corpora, and generated strings for what corpora hold too little of.

Corpora give words as people write them; generated strings cover digits, dates, amounts, e-mail, codes, upper case, all
punctuation, every syllable (only 2,232 of 11,172 occur in the Korean corpora) and the accented letters of Europe.
"""

from __future__ import annotations

import gzip
import unicodedata
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from ocr.errors import UsageError

HELD_OUT = 50
"""One paragraph in so many is kept for validation, chosen by its checksum."""

ASCII_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
TYPOGRAPHIC = "–—‘’“”„…•·°±×÷§©®™€£¥₩²³½«»¿¡†‡№µ"
KOREAN_SIGNS = "·…※○●◎□■△▲▽▼◆◇★☆♡♥→←↑↓①②③④⑤⑥⑦⑧⑨⑩「」『』《》〈〉【】㎡㎝㎞㎏㎜㎖㎎℃㈜☎、。"
ACCENTED = (
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ"
    "ĀāĂăĄąĆćĈĉĊċČčĎďĐđĒēĔĕĖėĘęĚěĜĝĞğĠġĢģĤĥĦħĨĩĪīĬĭĮįİıĴĵĶķĹĺĻļĽľĿŀŁłŃńŅņŇňŊŋŌōŎŏŐőŒœŔŕŖŗŘřŚśŜŝŞşŠšŢţŤťŨũŪūŬŭŮůŰűŲųŴŵŶŷŸŹźŻżŽžȘșȚț"
    "ẠạẢảẤấẦầẨẩẪẫẬậẮắẰằẲẳẴẵẶặẸẹẺẻẼẽẾếỀềỂểỄễỆệỈỉỊịỌọỎỏỐốỒồỔổỖỗỘộỚớỜờỞởỠỡỢợỤụỦủỨứỪừỬửỮữỰựỲỳỴỵỶỷỸỹƠơƯư"
)
COMPATIBILITY_JAMO = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
SYLLABLES = 11172
FIRST_SYLLABLE = 0xAC00


@dataclass(frozen=True, slots=True)
class TextMix:
    """Shares of what a sampled string is (they need not sum to 1).

    ``languages`` weighs the corpora by folder name; ``other`` is shared by those not named.
    """

    corpus: float = 0.64
    number: float = 0.12
    code: float = 0.05
    shuffled: float = 0.05
    accented: float = 0.04
    syllables: float = 0.10
    upper: float = 0.18
    """Share of Latin corpus text put in upper case (receipts, headings, forms)."""
    decorated: float = 0.08
    """Share of strings that get a bullet, brackets, quotes, a dot leader or a sign."""
    record: float = 0.0
    """Share of line crops that are lines of receipts, invoices and tables (:mod:`ocr.data.synthetic.records`)."""
    languages: Mapping[str, float] = field(default_factory=lambda: {"ko": 1.0, "en": 0.55, "other": 0.45})


class TextSampler:
    """Draws strings. ``folders`` hold a sub-folder a language with ``*.txt`` or ``*.txt.gz`` files, a paragraph a line.

    ``held_out`` takes only the paragraphs kept for validation instead of all others.
    Raises :class:`~ocr.errors.UsageError` if no text is found.
    """

    def __init__(
        self, folders: Sequence[Path], mix: TextMix | None = None, lines_a_file: int = 20000, held_out: bool = False
    ) -> None:
        self.mix = mix or TextMix()
        self.corpora: dict[str, list[list[str]]] = {}
        for folder in folders:
            if not folder.is_dir():
                raise UsageError(f"no folder of texts {folder}: give one with a sub-folder of .txt files a language")
            for language in sorted(p for p in folder.iterdir() if p.is_dir()):
                files = [_read_lines(file, lines_a_file, held_out) for file in sorted(language.glob("*.txt*"))]
                self.corpora.setdefault(language.name, []).extend(lines for lines in files if lines)
        self.corpora = {name: files for name, files in self.corpora.items() if files}
        if not self.corpora:
            raise UsageError(
                f"no text in {', '.join(map(str, folders))}: give a folder with a sub-folder of .txt files a language"
            )

    def paragraph(self, rng: np.random.Generator, language: str) -> str:
        """One whole line of a corpus."""
        files = self.corpora[language]
        lines = files[int(rng.integers(len(files)))]
        return lines[int(rng.integers(len(lines)))]

    def language(self, rng: np.random.Generator) -> str:
        """A language by the weights of the mix; ``other`` is shared by those not named."""
        weights = self.mix.languages
        others = [name for name in self.corpora if name not in weights]
        choices = [name for name in weights if name in self.corpora or (name == "other" and others)] or list(
            self.corpora
        )
        shares = np.array([weights.get(name, 1.0) for name in choices])
        chosen = choices[int(rng.choice(len(choices), p=shares / shares.sum()))]
        return others[int(rng.integers(len(others)))] if chosen == "other" else chosen

    def line(self, rng: np.random.Generator, length: int, language: str | None = None) -> str:
        """About ``length`` characters of one line (NFC, single spaces, never empty)."""
        language = language or self.language(rng)
        mix = self.mix
        korean = language == "ko"
        shares = np.array(
            [
                mix.corpus,
                mix.number,
                mix.code,
                mix.shuffled,
                0 if korean else mix.accented,
                mix.syllables if korean else 0,
            ]
        )
        kind = int(rng.choice(len(shares), p=shares / shares.sum()))
        if kind == 0:
            text = self.phrase(rng, length, language)
            if not korean and rng.random() < mix.upper:
                text = text.upper().replace("SS", "ẞ").replace("ẞ", "SS") if rng.random() < 0.7 else text.title()
        else:
            draw = (random_number_words, random_code, random_mixture, accented_words, syllable_words)[kind - 1]
            text = draw(rng, length)
        if rng.random() < mix.decorated:
            text = decorate(rng, text, korean)
        return " ".join(unicodedata.normalize("NFC", text).split()) or "-"

    def phrase(self, rng: np.random.Generator, length: int, language: str) -> str:
        """Consecutive words of running text, about ``length`` characters."""
        words: list[str] = []
        size = 0
        while size < length:
            paragraph = self.paragraph(rng, language).split()
            start = int(rng.integers(len(paragraph))) if paragraph and not words and rng.random() < 0.7 else 0
            for word in paragraph[start:]:
                if words and size + len(word) > length + 3:
                    return " ".join(words)
                words.append(word)
                size += len(word) + 1
        return " ".join(words)[: length + 12]


def random_number(rng: np.random.Generator) -> str:
    """A date, time, amount, percentage, phone number, page range or plain number."""
    n = lambda low, high: int(rng.integers(low, high))  # noqa: E731
    amount = f"{n(0, 10 ** n(1, 7)):,}" if rng.random() < 0.5 else str(n(0, 10 ** n(1, 8)))
    forms = (
        amount,
        f"{amount}.{n(0, 100):02d}",
        f"{n(0, 1000)},{n(0, 100):02d}",
        f"{'$€£₩¥'[n(0, 5)]}{amount}.{n(0, 100):02d}",
        f"{'RM' if rng.random() < 0.3 else 'USD'} {n(0, 999)}.{n(0, 100):02d}",
        f"{n(1, 32):02d}/{n(1, 13):02d}/{n(1900, 2040)}",
        f"{n(1900, 2040)}-{n(1, 13):02d}-{n(1, 32):02d}",
        f"{n(1, 32)}.{n(1, 13)}.{n(1900, 2040)}",
        f"{n(0, 24):02d}:{n(0, 60):02d}" + (f":{n(0, 60):02d}" if rng.random() < 0.4 else ""),
        f"{n(1, 13)}:{n(0, 60):02d} {'AP'[n(0, 2)]}M",
        f"{n(0, 100)}.{n(0, 10)}%",
        f"0{n(2, 100)}-{n(100, 10000)}-{n(1000, 10000)}",
        f"+{n(1, 400)} {n(10, 1000)} {n(100, 1000)} {n(1000, 10000)}",
        f"({n(1, 400)})",
        f"{n(1, 200)}-{n(200, 400)}",
        f"{n(1, 20)} x {n(0, 300)}.{n(0, 100):02d}",
        f"-{n(0, 300)}.{n(0, 100):02d}",
        f"№ {n(1, 9999)}" if rng.random() < 0.2 else f"No. {n(1, 9999)}",
    )
    return forms[n(0, len(forms))]


def random_number_words(rng: np.random.Generator, length: int) -> str:
    return _fill(rng, length, random_number)


def random_code(rng: np.random.Generator, length: int) -> str:
    """Identifiers, e-mail addresses, links, file names."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    upper = letters.upper() + "0123456789"

    def word(low: int, high: int, symbols: str = letters) -> str:
        return "".join(symbols[i] for i in rng.integers(len(symbols), size=int(rng.integers(low, high))))

    def one(rng: np.random.Generator) -> str:
        forms = (
            lambda: word(4, 12, upper),
            lambda: f"{word(2, 4, upper)}-{word(3, 7, '0123456789')}",
            lambda: (
                f"{word(3, 8)}.{word(3, 8)}@{word(4, 9)}.{('com', 'co.kr', 'org', 'de', 'net')[int(rng.integers(5))]}"
            ),
            lambda: f"www.{word(4, 10)}.{('com', 'kr', 'fr', 'it', 'co.uk')[int(rng.integers(5))]}",
            lambda: f"https://{word(4, 9)}.com/{word(3, 9)}/{word(1, 6, upper + letters)}",
            lambda: f"{word(3, 9)}_{word(2, 6)}.{('pdf', 'txt', 'py', 'jpg')[int(rng.integers(4))]}",
            lambda: f"[{word(1, 5, upper)}]",
            lambda: f"({word(5, 8, '0123456789')}-{word(1, 2, upper)})",
            lambda: f"{word(3, 10).capitalize()}{word(3, 8).capitalize()}",
        )
        return forms[int(rng.integers(len(forms)))]()

    return _fill(rng, length, one)


def random_mixture(rng: np.random.Generator, length: int) -> str:
    """Random letters, digits and every sign of ASCII and typography: nothing for a language model to lean on."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    signs = ASCII_PUNCTUATION * 2 + TYPOGRAPHIC

    def one(rng: np.random.Generator) -> str:
        pool = signs if rng.random() < 0.3 else letters
        word = "".join(pool[i] for i in rng.integers(len(pool), size=int(rng.integers(1, 8))))
        return word + signs[int(rng.integers(len(signs)))] if rng.random() < 0.3 else word

    return _fill(rng, length, one)


def accented_words(rng: np.random.Generator, length: int) -> str:
    """Pseudo-words full of accented letters of the European languages and Vietnamese."""
    base = "aeiouybcdfghklmnprstvz"

    def one(rng: np.random.Generator) -> str:
        pools = (ACCENTED[:62], ACCENTED, base, base)
        word = "".join(
            pool[int(rng.integers(len(pool)))]
            for pool in (pools[int(i)] for i in rng.integers(4, size=int(rng.integers(2, 9))))
        )
        return word if rng.random() < 0.7 else word.title()

    return _fill(rng, length, one)


def syllable_words(rng: np.random.Generator, length: int) -> str:
    """Words of random Hangul: uniform over all 11,172 syllables, with signs and lone jamo here and there."""

    def one(rng: np.random.Generator) -> str:
        draw = rng.random()
        if draw < 0.08:
            return "".join(
                COMPATIBILITY_JAMO[i] for i in rng.integers(len(COMPATIBILITY_JAMO), size=int(rng.integers(1, 4)))
            )
        if draw < 0.16:
            return KOREAN_SIGNS[int(rng.integers(len(KOREAN_SIGNS)))]
        return "".join(chr(FIRST_SYLLABLE + int(i)) for i in rng.integers(SYLLABLES, size=int(rng.integers(1, 6))))

    return _fill(rng, length, one)


def decorate(rng: np.random.Generator, text: str, korean: bool) -> str:
    """The text with a bullet, number, brackets, quotes, dot leader or sign around it."""
    signs = KOREAN_SIGNS if korean else "•·–—§©®™°†‡"
    sign = signs[int(rng.integers(len(signs)))]
    number = int(rng.integers(1, 40))
    forms = (
        f"{sign} {text}", f"{text} {sign}", f"{number}. {text}", f"({number}) {text}", f"[{text}]", f"({text})",
        f"“{text}”", f"‘{text}’", f'"{text}"', f"{text}:", f"{text} ........ {number}", f"* {text}",
        f"- {text}", f"{text}!", f"{text}?",
        f"«{text}»", f"<{text}>", f"# {text}", f"{text} …", f"{text}---", f"=== {text} ===",
    )  # fmt: skip
    return forms[int(rng.integers(len(forms)))]


def _fill(rng: np.random.Generator, length: int, draw: Callable[[np.random.Generator], str]) -> str:
    words: list[str] = []
    size = 0
    while size < length:
        word = draw(rng)
        words.append(word)
        size += len(word) + 1
    return " ".join(words)[: length + 6].strip()


def _read_lines(path: Path, limit: int, held_out: bool) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        lines = (line.strip() for line in islice(file, limit))
        return [line for line in lines if line and (zlib.crc32(line.encode()) % HELD_OUT == 0) == held_out]
