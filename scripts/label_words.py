"""The words without digits of a set's labels, one a line: a list of names as a user might have one, for `--lexicon`.

python scripts/label_words.py sroie_receipts > names.txt
ocr eval sroie_receipts --correct --lexicon names.txt
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from ocr.data.samples import Sample, load_samples


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    parser.add_argument("--split", default="val")
    options = parser.parse_args(arguments)
    for word in sorted(set(words_of(load_samples(options.set, split=options.split)))):
        print(word)


def words_of(samples: Sequence[Sample]) -> Iterator[str]:
    for sample in samples:
        texts = [line.text for line in sample.page.lines] if sample.page else [sample.text or ""]
        yield from (word for text in texts for word in text.split() if not any(c.isdigit() for c in word))


if __name__ == "__main__":
    main()
