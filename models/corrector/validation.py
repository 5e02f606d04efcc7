"""Validation of the corrector: bits a character of lines whose paragraphs were kept from training."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch

from ocr.data.config import DataConfig
from ocr.data.synthetic.text import TextMix, TextSampler
from ocr.models.codec import normalise
from ocr.models.corrector.byte_codec import PADDING, rows_of
from ocr.models.corrector.pipeline import Corrector
from ocr.models.trainable import Pipeline, Scores

GROUPS = {"english": {"en": 1.0}, "korean": {"ko": 1.0}, "others": {"en": 0.0, "ko": 0.0, "other": 1.0}}
"""Languages by groups that are scored apart."""

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


class CorrectorValidation:
    """Bits a character by group; the objective is their mean."""

    def __init__(self, data: DataConfig) -> None:
        folders = [Path(folder) for folder in data.corpora]
        lines = {group: held_out_lines(folders, group, data.rendered_val) for group in GROUPS}
        self.lines = {group: some for group, some in lines.items() if some}

    def __call__(self, pipeline: Pipeline) -> Scores:
        assert isinstance(pipeline, Corrector)
        values = {f"bits/{group}": bits_a_character(pipeline, lines) for group, lines in self.lines.items()}
        return Scores(float(np.mean(list(values.values()))), values)


@torch.inference_mode()
def bits_a_character(pipeline: Corrector, lines: list[str]) -> float:
    """Mean bits that the model spends on a character (NFC), the end of the line included."""
    nats, device = 0.0, next(pipeline.parameters()).device
    for start in range(0, len(lines), 32):
        ids, _ = rows_of(lines[start : start + 32], pipeline.config.language.context)
        tokens = torch.from_numpy(ids).to(device)
        logits = pipeline({"corrector": {"tokens": tokens}})["corrector"].float()
        targets = tokens[:, 1:]
        nats += float(torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), ignore_index=PADDING, reduction="sum"
        ))  # fmt: skip
    return nats / math.log(2) / sum(len(line) + 1 for line in lines)
