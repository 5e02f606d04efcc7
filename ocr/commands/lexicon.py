"""``ocr lexicon``: what ``--correct`` knows of names, words and language."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="lexicon", help="Names, words and language models that --correct knows.", no_args_is_help=True)


@app.command()
def build(
    sources: Annotated[list[Path], typer.Argument(help="Word lists, CSV files, results of ocr predict, or folders.")],
    output: Annotated[Path, typer.Option(help="File of the lexicon.")],
) -> None:
    """Make a lexicon for ocr predict --lexicon: an index of words by what they look like.

    Example: ocr lexicon build customers.csv earlier/ --output customers.sqlite
    """
    from ocr.correct.retrieval import Lexicon

    typer.echo(f"{output}: {Lexicon.build(sources, output):,} words")


@app.command()
def ngrams(
    texts: Annotated[list[Path], typer.Argument(help="Folders with a sub-folder of .txt or .txt.gz files a language.")],
    output: Annotated[Path, typer.Option(help="Folder of the language model.")],
    least_gain: Annotated[
        float | None,
        typer.Option(min=0, help="Nats that an n-gram must save to be kept; half: twice the size."),
    ] = None,
) -> None:
    """Build character n-grams and a table of frequent words for ocr predict --corrector from your own texts; minutes
    and 2 GB for 80 MB of text.

    Example: ocr lexicon ngrams TEXTS --output my_language
    """
    from ocr.correct.build_ngrams import NgramSettings, build_ngrams
    from ocr.correct.build_words import build_words
    from ocr.correct.load import NGRAMS, WORDS
    from ocr.models.file_hashes import save_hash

    settings = NgramSettings() if least_gain is None else NgramSettings(least_gain=least_gain)
    output.mkdir(parents=True, exist_ok=True)
    build_ngrams(texts, settings).save(output / NGRAMS)
    build_words(texts).save(output / WORDS)
    for name in (NGRAMS, WORDS):
        save_hash(output / name)
        typer.echo(f"{output / name}: {(output / name).stat().st_size / 1e6:.1f} MB")
