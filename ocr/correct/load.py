"""The corrector that ``--correct`` stands for: the shipped language model, or one of Hugging Face, and a lexicon."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

from ocr.correct.config import LIGHT
from ocr.correct.corrector import Corrector
from ocr.correct.language import LanguageModel
from ocr.correct.ngram import CharacterNgrams
from ocr.correct.retrieval import Lexicon
from ocr.correct.words import WordMixture, WordTable
from ocr.errors import ModelError, UsageError
from ocr.metrics.text import has_hangul

SHIPPED = Path(__file__).parents[1] / "weights" / "corrector-small"
NGRAMS, WORDS, BYTES = "ngrams.xz", "words.xz", "bytes.onnx"


@lru_cache(maxsize=2)
def load_ngrams(folder: Path) -> CharacterNgrams:
    """The n-grams of a folder, read once a process. Raises ModelError naming what is missing and what to type."""
    if not (folder / NGRAMS).is_file():
        raise ModelError(
            f"no language model in {folder}: build one with ocr lexicon ngrams TEXTS --output FOLDER and give it with "
            "--corrector FOLDER"
        )
    return CharacterNgrams.load(folder / NGRAMS)


def load_words(folder: Path, ngrams: CharacterNgrams) -> LanguageModel | None:
    """The n-grams with the table of words beside them, if the folder has one."""
    return WordMixture(ngrams, WordTable.load(folder / WORDS)) if (folder / WORDS).is_file() else None


def load_second(folder: Path) -> LanguageModel | None:
    """The byte-level network beside the n-grams, if the folder has one."""
    if not (folder / BYTES).is_file():
        return None
    from ocr.correct.byte_model import ByteModel

    return ByteModel(folder / BYTES)


def lacks_hangul(text: str) -> bool:
    """What the shipped byte-level network is asked about: on Korean lines, three bytes a syllable, it takes a second a
    page and mends no more than the n-grams alone (scripts/LOG.md)."""
    return not has_hangul(text)


def load_corrector(name: str | None = None, lexicon: str | None = None, weights: str = "nf4") -> Corrector:
    """The shipped corrector, that of a folder, or a model of Hugging Face; with a lexicon if one is given.

    A folder holds n-grams, a byte-level network that ``ocr export`` wrote, or both; the shipped n-grams stand in for
    those that are not there.

    ``weights`` says how those of a model of Hugging Face are held, see
    :class:`~ocr.correct.llm.LargeModelConfig`.

    Raises ModelError for a model that is not there, MissingExtraError if it needs packages that are not, UsageError for
    a lexicon that cannot be opened and for unknown ``weights``.
    """
    from ocr.correct.llm import LargeModelConfig, load_large

    config = LargeModelConfig(weights)
    known = None if lexicon is None else open_lexicon(Path(lexicon))
    own = SHIPPED if name is None else Path(name)
    if name is None or any((own / file).is_file() for file in (NGRAMS, BYTES)):
        folder = own if name is None or (own / NGRAMS).is_file() else SHIPPED
        asked_for = lacks_hangul if name is None else bool
        ngrams = load_ngrams(folder)
        words = load_words(folder, ngrams)
        return Corrector(
            ngrams, lexicon=known, second=load_second(own), second_for=asked_for, words=words,
            guide=Corrector(ngrams, LIGHT) if name is None else None,
        )  # fmt: skip
    model, ngrams = load_large(name, config), load_ngrams(SHIPPED)
    if model.chats:
        return Corrector(ngrams, lexicon=known, chooser=model)
    return Corrector(ngrams, lexicon=known, second=model, words=load_words(SHIPPED, ngrams))


def open_lexicon(path: Path) -> Lexicon:
    """A lexicon that was built, or one made on the spot of a list, a table or a folder of earlier documents."""
    if path.is_file() and path.read_bytes()[:16].startswith(b"SQLite format 3"):
        return Lexicon(path)
    if not path.exists():
        raise UsageError(f"no lexicon {path}: give a word list, a table, a folder of documents, or a built lexicon")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lexicon.sqlite"
        Lexicon.build([path], file)
        return Lexicon(file)  # stays readable while it is open
