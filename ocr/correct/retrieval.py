"""A lexicon: words of the user's lists, tables and earlier documents, found by what they look like.

An SQLite file that knows each word by the two halves of how it looks to the recogniser: symbols that it confuses are
one symbol there, Hangul stands in jamo. A word with one edit more keeps one of its halves, so a few exact look-ups find
every entry within one edit, and those of two edits that lie in one half, whatever the number of entries. (A trigram
index by FTS5 was tried first: among 100,000 entries it took 58 ms and missed four of five.)
"""

from __future__ import annotations

import csv
import json
import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from ocr.document import document_from_dict
from ocr.errors import OutputError, UsageError
from ocr.metrics.text import edit_distance
from ocr.models.codec import normalise

CONFUSIONS = (
    "0o", "1il|", "5s", "8b", "2z", "9gq", "uv", "ec", "hn",
    "ᅡᅣ", "ᅥᅧ", "ᅩᅭ", "ᅮᅲ", "ᅢᅤ", "ᅦᅨ", "ᄋᄆ", "ᄀᄏ", "ᄃᄐ", "ᄌᄎ", "ᄇᄑ", "ᆷᆼ", "ᆫᆯ",
)  # fmt: skip
"""Symbols that recognisers take for each other on degraded lines, the first of each group standing for all."""

PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
"""Pairs of letters that look like one."""

LOOKS = str.maketrans({symbol: group[0] for group in CONFUSIONS for symbol in group})
SHORTEST = 3
"""Characters of the shortest word that is kept."""

LONG = 7
"""Symbols of a word that may be two edits away, both in one of its halves."""

KNOWN = "SELECT text FROM word WHERE looks = ? AND size = ? AND head = ?"
MOST = 300
"""Entries looked at closely of those that share a half, for each length."""


class Lexicon:
    """Words by what they look like. ``path`` is a file made by :meth:`build`.

    Raises UsageError if it is none.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise UsageError(f"no lexicon {path}: build one with ocr lexicon build LIST.csv --output {path}")
        self.path = path
        self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            self.size = int(self._connection.execute("SELECT COUNT(*) FROM word").fetchone()[0])
        except sqlite3.DatabaseError as error:
            raise UsageError(f"{path} is no lexicon ({error}); build one with ocr lexicon build") from error

    def __contains__(self, word: str) -> bool:
        return self._connection.execute("SELECT 1 FROM word WHERE text = ?", (normalise(word),)).fetchone() is not None

    def knows(self, word: str) -> bool:
        """Whether the word is an entry in any case."""
        rows = self._connection.execute(KNOWN, row_of(word)[1:4])
        return any(text.casefold() == word.casefold() for (text,) in rows)

    def nearest(self, word: str, limit: int = 5) -> list[tuple[str, int]]:
        """Entries that look most like a word, with the edits between the two as they look; nearest first."""
        looks = looks_of(word)
        near: dict[str, int] = {}
        for size in (len(looks), len(looks) - 1, len(looks) + 1):
            half = size // 2
            for column, part in (("head", looks[:half]), ("tail", looks[len(looks) - (size - half) :])):
                rows = self._connection.execute(
                    f"SELECT text, looks FROM word WHERE size = ? AND {column} = ? LIMIT ?", (size, part, MOST)
                )
                near |= {text: edits for text, other in rows if (edits := few_edits(looks, other)) is not None}
        found = sorted((distance, edit_distance(word, text), text) for text, distance in near.items())
        return [(text, distance) for distance, _, text in found[:limit]]

    @staticmethod
    def build(sources: Iterable[Path], output: Path) -> int:
        """Make a lexicon of word lists, tables and folders of earlier documents; returns the number of words.

        Raises UsageError for a source that cannot be read or holds no words, OutputError.
        """
        counts = Counter(word for source in sources for text in texts_of(source) for word in words_of(text))
        if not counts:
            raise UsageError(
                "no words of three letters or more in these files; give a .txt, .csv or .json file or folder"
            )
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            output.unlink(missing_ok=True)
            write_index(output, counts)
        except (OSError, sqlite3.Error) as error:
            raise OutputError(f"cannot write {output}: {error}") from error
        return len(counts)


def write_index(output: Path, counts: Counter[str]) -> None:
    connection = sqlite3.connect(output)
    with connection:
        connection.execute("CREATE TABLE word (text TEXT PRIMARY KEY, looks TEXT, size INTEGER, head TEXT, tail TEXT)")
        connection.executemany("INSERT INTO word VALUES (?, ?, ?, ?, ?)", map(row_of, counts))
        connection.execute("CREATE INDEX heads ON word (size, head)")
        connection.execute("CREATE INDEX tails ON word (size, tail)")
    connection.close()


def row_of(text: str) -> tuple[str, str, int, str, str]:
    looks = looks_of(text)
    half = len(looks) // 2
    return text, looks, len(looks), looks[:half], looks[half:]


def few_edits(first: str, second: str) -> int | None:
    """The edits between two texts if they are one at most, or two in long texts; otherwise None."""
    if first == second:
        return 0
    if within_one(first, second):
        return 1
    return 2 if min(len(first), len(second)) >= LONG and edit_distance(first, second) == 2 else None


def within_one(first: str, second: str) -> bool:
    """Whether one edit at most lies between two texts."""
    i = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        i += 1
    return first[i + 1 :] == second[i + 1 :] or first[i:] == second[i + 1 :] or first[i + 1 :] == second[i:]


def looks_of(text: str) -> str:
    """The text as it looks to the recogniser: NFD, no case, no accents, what it confuses as one symbol."""
    symbols = unicodedata.normalize("NFD", text.casefold())
    plain = "".join(c for c in symbols if not unicodedata.combining(c))
    for pair, letter in PAIRS:
        plain = plain.replace(pair, letter)
    return plain.translate(LOOKS)


def words_of(text: str) -> Iterator[str]:
    """The words of a text without punctuation at their ends."""
    for word in normalise(text).split():
        core = core_of(word)[1]
        if len(core) >= (2 if core and core[0] >= "가" else SHORTEST):
            yield core


def core_of(word: str) -> tuple[int, str]:
    """A word without punctuation at its ends, and where it begins."""
    start, stop = 0, len(word)
    while start < stop and not word[start].isalnum():
        start += 1
    while stop > start and not word[stop - 1].isalnum():
        stop -= 1
    return start, word[start:stop]


def texts_of(source: Path) -> Iterator[str]:
    """The texts of a word list, a table, results of ``ocr predict``, or a folder of them. Raises UsageError."""
    if source.is_dir():
        files = sorted(p for p in source.rglob("*") if p.suffix.lower() in (".txt", ".csv", ".md", ".json", ".jsonl"))
        if not files:
            raise UsageError(f"no .txt, .csv, .md, .json or .jsonl files in {source}")
        for file in files:
            yield from texts_of(file)
        return
    try:
        text = source.read_text(encoding="utf-8-sig")
        if source.suffix.lower() == ".csv":
            yield from (cell for row in csv.reader(text.splitlines()) for cell in row)
        elif source.suffix.lower() in (".json", ".jsonl"):
            rows = [json.loads(row) for row in ([text] if source.suffix.lower() == ".json" else text.splitlines())]
            yield from (document_from_dict(row).text for row in rows if "pages" in row)
        else:
            yield from text.splitlines()
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UsageError(f"cannot read {source} for a lexicon: {error}; give UTF-8 text, CSV or JSON") from error
