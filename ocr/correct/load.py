"""The corrector that ``--correct`` stands for: the shipped language model, or one of Hugging Face, and a lexicon."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from ocr.correct.corrector import Corrector
from ocr.correct.language import LanguageModel
from ocr.correct.ngram import CharacterNgrams
from ocr.correct.retrieval import Lexicon
from ocr.errors import ModelError, UsageError
from ocr.models.schema import from_plain

SHIPPED = Path(__file__).parents[1] / "weights" / "corrector-small"
NGRAMS, BYTES, MIXTURE = "ngrams.npz", "bytes.onnx", "mixture.yaml"


@dataclass(frozen=True, slots=True)
class MixtureConfig:
    """Attributes:
    ngrams: Weight of the character n-grams' log-probability.
    bytes: Weight of the byte-level network's; 0: it is not run.
    """

    ngrams: float = 1.0
    bytes: float = 0.0


class Mixture:
    """A :class:`~ocr.correct.language.LanguageModel`: the log-linear mixture of several."""

    def __init__(self, models: Sequence[tuple[float, LanguageModel]]) -> None:
        self.models = [(weight, model) for weight, model in models if weight]

    def score(self, texts: Sequence[str], contexts: Sequence[str]) -> NDArray[np.float64]:
        """See :class:`~ocr.correct.language.LanguageModel`."""
        return np.sum([weight * model.score(texts, contexts) for weight, model in self.models], axis=0)  # type: ignore[no-any-return]


def load_embedded(folder: Path = SHIPPED) -> LanguageModel:
    """The language model of a folder with ``ngrams.npz``, and ``bytes.onnx`` if its mixture asks for it.

    Raises ModelError naming what is missing and what to type.
    """
    if not (folder / NGRAMS).is_file():
        raise ModelError(
            f"no language model in {folder}: build one with ocr lexicon ngrams TEXTS --output FOLDER and give it with "
            "--corrector FOLDER"
        )
    try:
        plain = yaml.safe_load((folder / MIXTURE).read_text(encoding="utf-8")) if (folder / MIXTURE).exists() else {}
        mixture: MixtureConfig = from_plain(MixtureConfig, plain or {})
    except (OSError, yaml.YAMLError, UsageError) as error:
        raise ModelError(f"{folder / MIXTURE}: {error}") from error
    models: list[tuple[float, LanguageModel]] = [(mixture.ngrams, CharacterNgrams.load(folder / NGRAMS))]
    if mixture.bytes:
        from ocr.correct.byte_model import ByteModel

        models.append((mixture.bytes, ByteModel(folder / BYTES)))
    return models[0][1] if len(models) == 1 and mixture.ngrams == 1 else Mixture(models)


def load_corrector(name: str | None = None, lexicon: str | None = None) -> Corrector:
    """The shipped corrector, or that of a folder with n-grams, with a lexicon if one is given.

    Raises ModelError for a model that is not there, UsageError for a lexicon that cannot be opened.
    """
    known = None if lexicon is None else open_lexicon(Path(lexicon))
    return Corrector(load_embedded(SHIPPED if name is None else Path(name)), lexicon=known)


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
