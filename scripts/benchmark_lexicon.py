"""Processor time of a query to a lexicon of a million entries.

    python scripts/benchmark_lexicon.py --entries 1000000

Entries are made-up names in Latin letters and Hangul; a query is an entry with one symbol changed for one that looks
like it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from ocr.correct.retrieval import CONFUSIONS, Lexicon

CONSONANTS = "b c d f g h j k l m n p r s t v w z st tr ch br"
SYLLABLES = [c + v for c in CONSONANTS.split(" ") for v in ("a", "e", "i", "o", "u", "ei", "ou")]
ENDINGS = ["", "n", "s", "r", "l", "ski", "son", "man", "berg", "sen"]
HANGUL = "김이박최정강조윤장임한오서신권황안송류홍민준서연도윤시우하은지호예수현아영철희숙자미경순옥성진상"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=300)
    arguments = parser.parse_args()
    rng = np.random.default_rng(5)
    names: set[str] = set()
    while len(names) < arguments.entries:
        names.add(latin(rng) if rng.random() < 0.8 else "".join(rng.choice(list(HANGUL), int(rng.integers(3, 6)))))
    with tempfile.TemporaryDirectory() as folder:
        source, file = Path(folder) / "names.txt", Path(folder) / "names.sqlite"
        source.write_text("\n".join(names), encoding="utf-8")
        began = time.process_time()
        Lexicon.build([source], file)
        built = time.process_time() - began
        lexicon = Lexicon(file)
        asked = rng.choice(sorted(names), arguments.queries, replace=False)
        times, found = [], 0
        for name in asked:
            query = disturbed(str(name), rng)
            began = time.process_time()
            nearest = lexicon.nearest(query)
            times.append(1000 * (time.process_time() - began))
            found += any(text == name for text, _ in nearest)
        size = file.stat().st_size / 1e6
    mean, high, most = np.mean(times), np.percentile(times, 95), max(times)
    print("entries,build_s,size_mb,mean_ms,p95_ms,max_ms,found")
    print(f"{lexicon.size},{built:.0f},{size:.0f},{mean:.2f},{high:.2f},{most:.2f},{found / len(times):.3f}")


def latin(rng: np.random.Generator) -> str:
    return ("".join(rng.choice(SYLLABLES, int(rng.integers(2, 5)))) + str(rng.choice(ENDINGS))).capitalize()


def disturbed(name: str, rng: np.random.Generator) -> str:
    """The name with a symbol that looks like one of its own, if it has such a one."""
    places = [(i, group) for i, c in enumerate(name) for group in CONFUSIONS if c in group]
    if not places:
        return name
    i, group = places[int(rng.integers(len(places)))]
    return name[:i] + group[int(rng.integers(len(group)))] + name[i + 1 :]


if __name__ == "__main__":
    main()
