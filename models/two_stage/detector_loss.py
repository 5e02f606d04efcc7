"""The detector's loss: balanced cross-entropy with hard negatives plus Dice (DBNet, arXiv 1911.08947, section 3.4)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

NEGATIVES_PER_POSITIVE = 3


def detector_loss(logits: Tensor, kernels: Tensor, weights: Tensor) -> dict[str, Tensor]:
    """Named parts of the loss; their sum is minimised.

    Args:
        logits: Output of the network (N, 1, H, W).
        kernels: How much of each cell is covered by a line core (N, 1, H, W), 0 to 1.
        weights: How much each cell counts (N, 1, H, W), 0 on regions to ignore.
    """
    return {
        "detector_cross_entropy": balanced_cross_entropy(logits, kernels, weights),
        "detector_dice": dice_loss(logits, kernels, weights),
    }


def balanced_cross_entropy(logits: Tensor, kernels: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy over all positive cells and the hardest negative ones, three for each positive.

    A batch without any text still learns from its hardest hundredth.
    """
    losses = F.binary_cross_entropy_with_logits(logits, kernels, reduction="none") * weights
    positive = kernels > 0.1  # soft edges count as positive, so that they are never mined away
    negatives = losses[~positive]
    count = min(negatives.numel(), max(NEGATIVES_PER_POSITIVE * int(positive.sum()), losses.numel() // 100))
    hardest = torch.topk(negatives, count).values
    return (losses[positive].sum() + hardest.sum()) / max(int(positive.sum()) + count, 1)


def dice_loss(logits: Tensor, kernels: Tensor, weights: Tensor) -> Tensor:
    """One minus the Dice overlap of probability and target over the whole batch, 0 to 1."""
    probability = torch.sigmoid(logits)
    overlap = (probability * kernels * weights).sum()
    total = (probability.square() * weights).sum() + (kernels.square() * weights).sum()
    return 1 - (2 * overlap + 1) / (total + 1)
