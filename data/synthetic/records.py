"""Lines as receipts, invoices, forms and tables have them, without a picture: what a language model must know beside
running text, in which sums of money, dates and telephone numbers hardly occur."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import numpy as np

from ocr.data.synthetic.record_words import (
    COMPANIES,
    HEADS,
    HEADS_KOREAN,
    LABELS,
    LABELS_KOREAN,
    NOTICES,
    PLACES,
    TERMS,
    TERMS_KOREAN,
    THANKS,
    THANKS_KOREAN,
    TOTALS,
    TOTALS_KOREAN,
)
from ocr.data.synthetic.text import TextSampler, random_code, random_number

SEPARATORS = (": ", " : ", ":", " ", " ", ". ")
UNITS = ("", "", "", "", "RM", "$", "€", "£", "₩", "RM ", "$ ", "₩ ")
TAILS = ("", "", "", "", " S", " *", "%", " EUR", "원", " kg", "g", "ml", " cm", "mm", " pcs")


def record_lines(texts: TextSampler, characters: int, seed: int = 0) -> Iterator[str]:
    """Lines of so many characters in all; half of them in small letters, as lines of capitals are scored."""
    rng = np.random.default_rng(seed)
    written = 0
    while written < characters:
        line = record_line(texts, rng, korean=bool(rng.random() < 0.2) and "ko" in texts.corpora)
        line = line.lower() if rng.random() < 0.5 else line
        written += len(line) + 1
        yield line


def printed_record(texts: TextSampler, rng: np.random.Generator, korean: bool) -> str:
    """One line (NFC) as tills print it, two in five in capitals."""
    line = unicodedata.normalize("NFC", record_line(texts, rng, korean))
    return line.upper() if rng.random() < 0.4 else line


def record_line(texts: TextSampler, rng: np.random.Generator, korean: bool) -> str:
    """One line: a label with its value, an item with its price, a row of figures, column heads, a company, a place."""
    drawn = rng.random()
    if not korean and drawn < 0.15:
        return _told_line(texts, rng)
    drawn = rng.random()
    if drawn < 0.4:
        separator = SEPARATORS[int(rng.integers(len(SEPARATORS)))]
        return f"{term(rng, korean)}{separator}{value(rng)}"
    if drawn < 0.6:
        length = int(rng.integers(6, 24))
        language = "ko" if korean else texts.language(rng)
        item = texts.phrase(rng, length, language)
        return f"{item} {value(rng)}" if rng.random() < 0.7 else f"{rng.integers(1, 20)} {item} {value(rng)}"
    if drawn < 0.9:
        return " ".join(value(rng) for _ in range(int(rng.integers(1, 5))))
    names = (*HEADS_KOREAN, *THANKS_KOREAN) if korean else (*HEADS, *THANKS)
    return names[int(rng.integers(len(names)))]


def _told_line(texts: TextSampler, rng: np.random.Generator) -> str:
    """A company, where it is, what it says, or the heads of columns."""
    drawn = rng.random()
    name = texts.phrase(rng, int(rng.integers(4, 18)), texts.language(rng)).title()
    if drawn < 0.35:
        return f"{name} {COMPANIES[int(rng.integers(len(COMPANIES)))]}"
    if drawn < 0.6:
        place, number = PLACES[int(rng.integers(len(PLACES)))], int(rng.integers(1, 400))
        forms = (
            f"{number} {name} {place}",
            f"No. {number}, {place} {name}",
            f"{place} {name} {number}",
            f"{place} {name},",
        )
        return forms[int(rng.integers(len(forms)))]
    if drawn < 0.8:
        return NOTICES[int(rng.integers(len(NOTICES)))]
    return " ".join(term(rng, False) for _ in range(int(rng.integers(2, 5))))


def term(rng: np.random.Generator, korean: bool) -> str:
    """What stands before a value."""
    groups = (LABELS_KOREAN, TOTALS_KOREAN, TERMS_KOREAN) if korean else (LABELS, TOTALS, TERMS)
    names = groups[int(rng.choice(3, p=(0.2, 0.3, 0.5)))]
    name = names[int(rng.integers(len(names)))]
    return name.upper() if rng.random() < 0.4 else name


def value(rng: np.random.Generator) -> str:
    """A sum of money mostly; any number, or now and then a code."""
    drawn = rng.random()
    if drawn < 0.06:
        return random_code(rng, 6)
    if drawn < 0.4:
        return random_number(rng)
    if drawn < 0.55:
        return str(int(10 ** rng.uniform(0, 4)))
    amount = float(10 ** rng.uniform(-1, 4))
    written = f"{amount:,.2f}" if rng.random() < 0.85 else f"{amount:.2f}".replace(".", ",")
    if rng.random() < 0.6:
        return UNITS[int(rng.integers(len(UNITS)))] + written
    return written + TAILS[int(rng.integers(len(TAILS)))]
