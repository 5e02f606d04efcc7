"""The guard's thresholds from calibration lines: which changes were right, by what was known of them.

    python scripts/fit_guard.py --fonts DIR... --corpora DIR... --seed 101

Every change that the language model would make without a guard is made by itself and compared with the label. A
logistic regression over what is known of it (nats won, the picture's own preference, its kind, other changes in the
line) tells when it is right; a change in a line that was right counts ``--harm`` times. Divided by the weight of a nat,
its coefficients are the settings of ``CorrectionConfig``; ``gain`` depends on the least probability. The rows below
tell what each would have done on these lines.
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from calibrate_correction import AT_ONCE, LANGUAGES, STRENGTHS, Labelled, draw, read
from numpy.typing import NDArray

from ocr.correct.config import CorrectionConfig
from ocr.correct.corrector import CLEAR_WIN, Corrector, without
from ocr.correct.guard import MOST_COMPANY, is_name, letters_of, outlines, words_around
from ocr.correct.load import load_corrector
from ocr.correct.rewrite import rewritten
from ocr.correct.search import is_upper
from ocr.data.synthetic.fonts import FontLibrary
from ocr.document import Line
from ocr.metrics.text import edit_distance

GROUPS = ("english", "korean")
"""Whose lines are fitted; the other languages stay unseen, to check by ``calibrate_correction.py``."""

NAMES = ("constant", "win", "gain_picture", "gain_signs", "gain_case", "gain_length", "gain_capitals", "gain_names",
         "company")  # fmt: skip
PROBABILITIES = (0.6, 0.7, 0.75, 0.8, 0.85)

OPEN = CorrectionConfig(
    gain=0.0, gain_picture=0.0, gain_signs=0.0, gain_case=0.0, gain_length=0.0, gain_capitals=0.0, gain_names=0.0,
    company=0.0, close_names=4.0,
)  # fmt: skip
"""No guard but the frozen words; names are held less firmly."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A change: the group and number of its line, errors of that line before, errors it adds, what is known of it."""

    group: str
    line: int
    errors: int
    added: int
    known: tuple[float, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fonts", type=Path, nargs="+", default=[Path("/usr/share/fonts")])
    parser.add_argument("--corpora", type=Path, nargs="+", required=True)
    parser.add_argument("--clean", type=int, default=2500, help="clean lines a language")
    parser.add_argument("--degraded", type=int, default=1200, help="degraded lines a language")
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--harm", type=float, default=6.0)
    parser.add_argument("--corrector", help="folder of the language model")
    arguments = parser.parse_args()
    fonts, base = FontLibrary(arguments.fonts), load_corrector(arguments.corrector)
    corrector = Corrector(base.language, OPEN, second=base.second)
    trials: list[Trial] = []
    for number, name in enumerate(GROUPS):
        for k, (kind, strengths) in enumerate(STRENGTHS.items()):
            seed, count = [arguments.seed, number, k], getattr(arguments, kind)
            lines = read(draw(fonts, arguments.corpora, LANGUAGES[name], strengths, count, seed))
            trials += trials_of(f"{name} {kind}", lines, corrector)
    weights = fitted(trials, arguments.harm)
    print(", ".join(f"{name} {value:.2f}" for name, value in settings_of(weights, 0.5).items() if name != "gain"))
    for probability in PROBABILITIES:
        gain = settings_of(weights, probability)["gain"]
        print(f"{probability}: gain {gain:.2f} | {told(trials, weights, probability)}")


def trials_of(group: str, labelled: Labelled, corrector: Corrector) -> list[Trial]:
    """Every change of these lines that wins anything."""
    trials: list[Trial] = []
    for start in range(0, len(labelled), AT_ONCE):
        some = labelled[start : start + AT_ONCE]
        opened = [corrector.opened(line) for _, line in some]
        lines, contexts = [line for line, _ in opened], [" "] * len(some)
        found = corrector.searched(lines, contexts, [allowed for _, allowed in opened], corrector.language)
        chosen = corrector.checked(lines, contexts, found, corrector.language)
        for i, (text, _) in enumerate(some):
            if any(chosen[i]):
                trials += line_trials(group, start + i, text, lines[i], chosen[i], corrector)
    return trials


def line_trials(
    group: str, number: int, text: str, line: Line, chosen: tuple[int, ...], corrector: Corrector
) -> list[Trial]:
    options = [[[k] for k in trial] for trial in without(chosen)]
    beams = corrector.searched([line] * len(options), [" "] * len(options), options, corrector.language)
    own, *others = [beam[0].worth(corrector.config) for beam in beams]
    wins = [own - other for other in others]
    before = edit_distance(text, line.text)
    trials = []
    for k, win in zip([k for k, n in enumerate(chosen) if n], wins, strict=True):
        doubt = line.doubts[k]
        new = rewritten(line, [(doubt.start, doubt.stop, doubt.readings[chosen[k]][0], "")])
        company = sum(other > CLEAR_WIN for other in wins) - (win > CLEAR_WIN)
        known = known_of(line, k, chosen[k], win, company)
        trials.append(Trial(group, number, before, edit_distance(text, new.text) - before, known))
    return trials


def known_of(line: Line, k: int, number: int, win: float, company: int) -> tuple[float, ...]:
    """What ``needed_gain`` looks at, in the order of ``NAMES``."""
    doubt = line.doubts[k]
    (old, own), (new, other) = doubt.readings[0], doubt.readings[number]
    signs = letters_of(old) == letters_of(new)
    case = not signs and outlines(old) == outlines(new)
    length = not signs and not case and len(letters_of(old)) != len(letters_of(new))
    start, words = words_around(line.text, doubt.start, doubt.stop)
    return (
        1.0, min(win, 12.0), other - own, float(signs), float(case), float(length), float(is_upper(line.text)),
        float(is_name(line.text, start, words)), float(min(company, MOST_COMPANY)),
    )  # fmt: skip


def fitted(trials: Sequence[Trial], harm: float) -> NDArray[np.float64]:
    """Coefficients by Newton's method; changes that add and take no errors say nothing."""
    telling = [trial for trial in trials if trial.added]
    known = np.array([trial.known for trial in telling])
    right = np.array([float(trial.added < 0) for trial in telling])
    counts = np.array([harm if trial.errors == 0 else 1.0 for trial in telling])
    weights = np.zeros(known.shape[1])
    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(known @ weights, -30, 30)))
        curvature = counts * chance * (1 - chance) + 1e-9
        hessian = (known * curvature[:, None]).T @ known + 1e-2 * np.eye(len(weights))
        weights += np.linalg.solve(hessian, known.T @ (counts * (right - chance)) - 1e-2 * weights)
    return weights


def settings_of(weights: NDArray[np.float64], probability: float) -> dict[str, float]:
    """The coefficients as settings, in nats; the guard adds what the regression takes off, but for ``company``."""
    values = dict(zip(NAMES, weights / weights[NAMES.index("win")], strict=True))
    odds = math.log(probability / (1 - probability)) / weights[NAMES.index("win")]
    settings = {"gain": odds - values["constant"], "gain_picture": values["gain_picture"], "company": values["company"]}
    return settings | {name: -values[name] for name in NAMES[3:8]}


def told(trials: Sequence[Trial], weights: NDArray[np.float64], probability: float) -> str:
    least, parts = math.log(probability / (1 - probability)), []
    for group in dict.fromkeys(trial.group for trial in trials):
        lines: dict[int, list[Trial]] = defaultdict(list)
        for trial in trials:
            if trial.group == group and float(np.dot(trial.known, weights)) >= least:
                lines[trial.line].append(trial)
        gone = -sum(trial.added for some in lines.values() for trial in some)
        fixed = sum(some[0].errors > 0 and some[0].errors + sum(t.added for t in some) <= 0 for some in lines.values())
        parts.append(
            f"{group}: {gone} errors gone, {fixed} fixed, {sum(not t[0].errors for t in lines.values())} broken"
        )
    return "; ".join(parts)


if __name__ == "__main__":
    main()
