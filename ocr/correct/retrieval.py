"""A lexicon: words of the user's lists, tables and earlier documents, found by what they look like.

An SQLite file with a trigram index (FTS5) over the words as they look to the recogniser: symbols that it confuses are
one symbol there, Hangul stands in jamo. A query asks for the rarest trigrams of a word, so that its time hardly grows
with the number of entries.
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
    "0oqcdeö", "1il!|ļt", "5s$", "8b6", "2z", "9g", "4a", "uvyµ", "nhr", "fƒ",
    "ᅡᅣᅥᅧᅵ", "ᅩᅭᅮᅲᅳ", "ᅢᅤᅦᅨ", "ᅬᅫᅰᅱᅴ", "ᄋᄆᄒ", "ᄀᄏᄁ", "ᄃᄐᄄ", "ᄌᄎᄍ", "ᄇᄑᄈ", "ᄉᄊ", "ᆨᆿ", "ᆷᆼᆸ", "ᆫᆯ",
)  # fmt: skip
"""Symbols that our recognisers take for each other on degraded lines, the first of each group standing for all."""

PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("ii", "u"))
"""Pairs of letters that look like one."""

LOOKS = str.maketrans({symbol: group[0] for group in CONFUSIONS for symbol in group})
SHORTEST = 3
"""Characters of the shortest word that is kept."""

RAREST = 4
"""Trigrams of a word that are asked for."""

MOST = 400
"""Entries looked at closely for a word."""

SIZE = 3


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

    def nearest(self, word: str, limit: int = 5) -> list[tuple[str, int]]:
        """Entries that look most like a word, with the edits between the two as they look; nearest first."""
        looks = looks_of(word)
        rare = self._rarest(looks)
        if not rare:
            return []
        query = " OR ".join('"' + gram.replace('"', '""') + '"' for gram in rare)
        rows = self._connection.execute(
            "SELECT word.text, word.looks FROM trigrams JOIN word ON word.id = trigrams.rowid WHERE trigrams MATCH ? "
            "LIMIT ?", (query, MOST),
        )  # fmt: skip
        near = {text: edit_distance(looks, other) for text, other in rows if abs(len(other) - len(looks)) <= 2}
        return sorted(near.items(), key=lambda item: (item[1], edit_distance(word, item[0])))[:limit]

    def _rarest(self, looks: str) -> list[str]:
        """Those of a word's trigrams that the fewest entries have, and any have."""
        grams = list(trigrams(looks))
        marks = ",".join("?" * len(grams))
        rows = self._connection.execute(f"SELECT gram, count FROM gram WHERE gram IN ({marks})", grams)
        return [gram for gram, _ in sorted(rows, key=lambda row: row[1])[:RAREST]]

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
        connection.execute("CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT UNIQUE, looks TEXT, count INTEGER)")
        connection.execute("CREATE TABLE gram (gram TEXT PRIMARY KEY, count INTEGER) WITHOUT ROWID")
        connection.execute(
            "CREATE VIRTUAL TABLE trigrams USING fts5(looks, content='', detail=none, columnsize=0, tokenize='trigram')"
        )
        rows = [(i, text, looks_of(text), count) for i, (text, count) in enumerate(counts.items(), start=1)]
        connection.executemany("INSERT INTO word VALUES (?, ?, ?, ?)", rows)
        connection.executemany("INSERT INTO trigrams (rowid, looks) VALUES (?, ?)", ((row[0], row[2]) for row in rows))
        grams = Counter(gram for row in rows for gram in trigrams(row[2]))
        connection.executemany("INSERT INTO gram VALUES (?, ?)", grams.items())
    connection.close()


def looks_of(text: str) -> str:
    """The text as it looks to the recogniser: NFD, no case, no accents, what it confuses as one symbol."""
    symbols = unicodedata.normalize("NFD", text.casefold())
    plain = "".join(c for c in symbols if not unicodedata.combining(c))
    for pair, letter in PAIRS:
        plain = plain.replace(pair, letter)
    return f"^{plain.translate(LOOKS)}^"


def trigrams(looks: str) -> set[str]:
    return {looks[i : i + SIZE] for i in range(len(looks) - SIZE + 1)}


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
