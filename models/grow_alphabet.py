"""Symbols of the labels that a model's alphabet lacks: told before training, and added if that is wanted.

New symbols go to the end of the alphabet, so every old class keeps its number and its row of the class head.
"""

from __future__ import annotations

import sys
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

import torch
from torch import nn

from ocr.data.check_report import describe
from ocr.data.config import DataConfig
from ocr.models.codec import Alphabet
from ocr.models.training_sets import label_symbols

if TYPE_CHECKING:
    from ocr.models.trainable import Pipeline

SMALL = 0.1
"""Deviation of a new class's weights, as a share of that of the old ones."""

SHOWN = 20


def fit_alphabet(pipeline: Pipeline, data: DataConfig, *, grow: bool) -> bool:
    """List on stderr the symbols of the training labels that the alphabet lacks; with ``grow``, add them.

    Returns whether it grew.
    """
    missing = missing_symbols(data, pipeline.alphabet)
    if not missing:
        return False
    listed = ", ".join(f"{describe(symbol)} ({count})" for symbol, count in missing.most_common(SHOWN))
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    print(f"symbols of the labels that the alphabet lacks: {listed}{more}", file=sys.stderr)  # noqa: T201
    added = printable(missing)
    if grow and added:
        pipeline.grow_alphabet(Alphabet([*pipeline.alphabet.symbols, *added]))
        print(f"the alphabet grows by {len(added)} to {len(pipeline.alphabet.symbols)} symbols", file=sys.stderr)  # noqa: T201
    left = sum(count for symbol, count in missing.items() if not grow or symbol not in added)
    if left:
        remedy = "they cannot be printed; correct the labels" if grow else "add them with --grow-alphabet"
        print(  # noqa: T201
            f"{left} occurrences are not trained: lines with them are left out (recognizer), their characters are "
            f"found but not named (spotter); {remedy}",
            file=sys.stderr,
        )
    return bool(grow and added)


def missing_symbols(data: DataConfig, alphabet: Alphabet) -> Counter[str]:
    """The symbols (NFD) of the labels to train on that the alphabet lacks, with how often they occur."""
    known = frozenset(alphabet.symbols)
    return Counter({symbol: count for symbol, count in label_symbols(data).items() if symbol not in known})


def printable(symbols: Counter[str]) -> list[str]:
    """The symbols that leave ink, in the order of their code points: no control, format or space characters."""
    return sorted(symbol for symbol in symbols if unicodedata.category(symbol)[0] not in "CZ")


def extend_classes(layer: nn.Linear, groups: int, classes: int) -> nn.Linear:
    """A head with more classes: old rows bit by bit, new ones small, with the lowest of the old biases.

    So a new class starts out as one that is hardly ever the answer.

    Args:
        layer: A head with ``groups`` times the old number of classes as outputs, group after group.
        groups: How many classes it tells at once (the spotter's slots).
        classes: New number of classes of each group, not smaller than the old one.
    """
    old = layer.weight.detach().reshape(groups, -1, layer.in_features)  # (groups, old classes, features)
    bias = layer.bias.detach().reshape(groups, -1)  # (groups, old classes)
    added = classes - old.shape[1]
    new = torch.randn(groups, added, layer.in_features).to(old) * SMALL * old.std()
    low = bias.min(dim=1, keepdim=True).values.expand(-1, added)  # (groups, added)
    head = nn.Linear(layer.in_features, groups * classes, device=old.device, dtype=old.dtype)
    with torch.no_grad():
        head.weight.copy_(torch.cat([old, new], dim=1).flatten(0, 1))
        head.bias.copy_(torch.cat([bias, low], dim=1).flatten())
    head.weight.requires_grad_(layer.weight.requires_grad)
    head.bias.requires_grad_(layer.bias.requires_grad)
    return head
