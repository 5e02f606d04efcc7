"""Validation of the corrector: bits a character of lines that were kept from training, and pairs that were."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ocr.data.config import DataConfig
from ocr.data.line_pairs import LinePair, validation_pairs
from ocr.data.stock import STOCK
from ocr.data.synthetic.text import TextMix, TextSampler
from ocr.models.codec import normalise
from ocr.models.corrector.byte_codec import rows_of
from ocr.models.corrector.pipeline import Corrector, log_probabilities
from ocr.models.trainable import Pipeline, Scores

GROUPS = {"english": {"en": 1.0}, "korean": {"ko": 1.0}, "others": {"en": 0.0, "ko": 0.0, "other": 1.0}}
"""Languages by groups that are scored apart."""

BATCH = 32
"""Lines scored at a time."""

LENGTHS = (20, 80)
"""Characters of a line."""

PLAIN = TextMix(corpus=1.0, number=0.0, code=0.0, shuffled=0.0, accented=0.0, syllables=0.0, upper=0.0, decorated=0.0)
"""Running text alone."""


def held_out_lines(folders: list[Path], group: str, count: int) -> list[str]:
    """Lines of running text that are never trained on, the same at every call."""
    texts, rng = TextSampler(folders, PLAIN, held_out=True), np.random.default_rng(11)
    known = [name for name in texts.corpora if GROUPS[group].get(name, GROUPS[group].get("other", 0.0))]
    if not known:
        return []
    return [
        normalise(texts.line(rng, int(rng.integers(*LENGTHS)), known[int(rng.integers(len(known)))]))
        for _ in range(count)
    ]


def slips(lines: Sequence[str]) -> list[LinePair]:
    """The lines, each with one of its characters in the place of another one: what no reader should prefer."""
    rng, pairs = np.random.default_rng(13), []
    for line in lines:
        letters = [i for i, character in enumerate(line) if character.isalpha()]
        if len(letters) > 1:
            place, other = rng.choice(letters, 2, replace=False)
            pairs.append(LinePair(line[:place] + line[other] + line[place + 1 :], line))
    return [pair for pair in pairs if pair.noisy != pair.clean]


class CorrectorValidation:
    """Bits a character by group; the objective is their mean.

    With pairs the objective is the loss on those held out, and ``wrong`` the share of which the model likes the line as
    it was read no less than the right one; of the corpora, lines with a slip then stand for the stock set.
    """

    def __init__(self, data: DataConfig) -> None:
        folders = [Path(folder) for folder in data.corpora]
        lines = {group: held_out_lines(folders, group, data.rendered_val) for group in GROUPS}
        self.lines = {group: some for group, some in lines.items() if some}
        different = [pair for pair in validation_pairs(data) if normalise(pair.noisy) != normalise(pair.clean)]
        self.adapts = bool(data.pairs)
        self.pairs = {"pairs": different, STOCK: slips([line for some in self.lines.values() for line in some])}

    def __call__(self, pipeline: Pipeline) -> Scores:
        assert isinstance(pipeline, Corrector)
        if not self.adapts:
            values = {f"bits/{group}": bits_a_character(pipeline, lines) for group, lines in self.lines.items()}
            return Scores(float(np.mean(list(values.values()))), values)
        values, objective = {}, None
        for name, pairs in self.pairs.items():
            if pairs:
                gains = gains_of(pipeline, pairs)
                values[f"wrong/{name}"] = float((gains <= 0).mean())
        if self.pairs["pairs"]:
            values["bits/pairs"] = bits_a_character(pipeline, [normalise(pair.clean) for pair in self.pairs["pairs"]])
            objective = loss_of(pipeline, self.pairs["pairs"])
        return Scores(objective, values)


@torch.inference_mode()
def gains_of(pipeline: Corrector, pairs: Sequence[LinePair]) -> NDArray[np.float64]:
    """Nats (N,) by which the model likes the right line of each pair better than the one that was read."""
    sums = []
    for texts in ([pair.clean for pair in pairs], [pair.noisy for pair in pairs]):
        nats = [log_probabilities(*logits_of(pipeline, texts[i : i + BATCH])) for i in range(0, len(texts), BATCH)]
        sums.append(torch.cat(nats).double().cpu().numpy())
    gains: NDArray[np.float64] = sums[0] - sums[1]
    return gains


def logits_of(pipeline: Corrector, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Logits (N, T, classes) of the texts, and their ids (N, T + 1)."""
    ids, _ = rows_of([normalise(text) for text in texts], pipeline.config.language.context)
    tokens = torch.from_numpy(ids).to(next(pipeline.parameters()).device)
    return pipeline({"corrector": {"tokens": tokens}})["corrector"], tokens


@torch.inference_mode()
def loss_of(pipeline: Corrector, pairs: Sequence[LinePair]) -> float:
    """The training loss on these pairs."""
    total = 0.0
    for start in range(0, len(pairs), BATCH):
        some = pairs[start : start + BATCH]
        output, (clean, noisy) = {}, ([pair.clean for pair in some], [pair.noisy for pair in some])
        output["corrector"], tokens = logits_of(pipeline, clean)
        output["noisy"], other = logits_of(pipeline, noisy)
        losses = pipeline.loss(output, {"corrector": {"tokens": tokens, "noisy": other}})
        total += float(torch.stack(list(losses.values())).sum()) * len(some)
    return total / len(pairs)


@torch.inference_mode()
def bits_a_character(pipeline: Corrector, lines: list[str]) -> float:
    """Mean bits that the model spends on a character (NFC), the end of the line included."""
    nats = 0.0
    for start in range(0, len(lines), BATCH):
        nats -= float(log_probabilities(*logits_of(pipeline, lines[start : start + BATCH])).sum())
    return nats / math.log(2) / sum(len(line) + 1 for line in lines)
