"""The spotter's losses: presence, class, geometry and link of characters, and the last two by their line."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ocr.models.end2end.characters import UNKNOWN
from ocr.models.end2end.spotter_targets import LINK_UNKNOWN

GEOMETRY_WEIGHT = 0.5
LINK_WEIGHT = 0.5
PRESENCE_WEIGHT = 0.5


def spotter_loss(maps: Tensor, symbols: Tensor, targets: dict[str, Tensor]) -> dict[str, Tensor]:
    """Named parts of the loss; their sum is minimised.

    Args:
        maps: Output of the network (N, 12, H/4, W/4), see :class:`ocr.models.end2end.spotter.Spotter`.
        symbols: Class logits (P, 3, classes) at ``targets["cells"]``.
        targets: Tensors of :func:`ocr.models.end2end.spotter_targets.spotter_batch`.
    """
    page, row, column = targets["cells"].unbind(1)
    at_cells = maps[page, :, row, column].float()  # (P, 12)
    links = targets["links"]
    return {
        "presence": PRESENCE_WEIGHT * presence_loss(maps[:, :1].float(), targets["presence"], targets["weights"]),
        "class": class_loss(symbols.float(), targets["symbols"]),
        "geometry": GEOMETRY_WEIGHT * geometry_loss(at_cells[:, 1:9], targets["geometry"], links),
        "link": LINK_WEIGHT * mean_cross_entropy(at_cells[:, 9:12], links, LINK_UNKNOWN),
    }


def context_loss(symbols: Tensor, links: Tensor, chains: Tensor, named: Tensor, followed: Tensor) -> Tensor:
    """Class and link of the characters of lines as told by their line.

    Args:
        symbols: Class logits (L, T, 3, classes).
        links: Logits of what follows (L, T, 3).
        chains: Which of P characters stand where (L, T), -1 behind a line's last.
        named: Their classes (P, 3).
        followed: What follows them (P,).
    """
    real = chains >= 0
    naming = class_loss(symbols[real].float(), named[chains[real]])
    return naming + LINK_WEIGHT * mean_cross_entropy(links[real].float(), followed[chains[real]], LINK_UNKNOWN)


def presence_loss(logits: Tensor, presence: Tensor, weights: Tensor) -> Tensor:
    """Focal loss with soft peaks (CenterNet, arXiv 1904.07850, equation 1), a character."""
    positive = presence == 1
    found = F.logsigmoid(logits) * torch.sigmoid(-logits).square()
    missed = F.logsigmoid(-logits) * torch.sigmoid(logits).square() * (1 - presence) ** 4
    losses = torch.where(positive, found, missed) * weights
    return -losses.sum() / positive.sum().clamp(min=1)


def class_loss(logits: Tensor, symbols: Tensor) -> Tensor:
    """Cross-entropy of base, first and second attachment, summed: the log-likelihood of the character."""
    losses = [mean_cross_entropy(logits[:, slot], symbols[:, slot], UNKNOWN) for slot in range(symbols.shape[1])]
    return torch.stack(losses).sum()


def geometry_loss(predicted: Tensor, geometry: Tensor, links: Tensor) -> Tensor:
    """Mean absolute error, the way to the next character counted where there is one."""
    errors = F.smooth_l1_loss(predicted, geometry, beta=0.1, reduction="none")
    way = errors[:, 6:][links > 0]
    return errors[:, :6].sum() / max(len(errors), 1) + way.sum() / max(len(way), 1)


def mean_cross_entropy(logits: Tensor, targets: Tensor, ignored: int) -> Tensor:
    """Mean over the targets that are not ``ignored``; 0 if there is none."""
    total = F.cross_entropy(logits, targets, ignore_index=ignored, reduction="sum")
    return total / (targets != ignored).sum().clamp(min=1)
