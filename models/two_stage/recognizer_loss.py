"""The recognizer's loss: connectionist temporal classification (Graves et al. 2006)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ocr.models.codec import BLANK


def recognizer_loss(logits: Tensor, targets: Tensor, target_lengths: Tensor, widths: Tensor) -> dict[str, Tensor]:
    """CTC loss a symbol, averaged over lines.

    logits (N, T, classes); targets (N, L) padded with anything; target_lengths (N,); widths (N,) tokens of each
    line that hold its picture: the rest of T is padding, which reading cuts off, so no symbol may be learnt there.
    """
    log_probabilities = F.log_softmax(logits.float(), dim=-1).transpose(0, 1)  # (N, T, C) -> (T, N, C)
    device = torch.device("cpu") if torch.are_deterministic_algorithms_enabled() else logits.device  # CUDA's CTC is not
    loss = F.ctc_loss(
        log_probabilities.to(device), targets.to(device), widths.to(device), target_lengths.to(device), BLANK,
        reduction="none", zero_infinity=True,
    )  # fmt: skip
    return {"ctc": (loss.to(logits.device) / target_lengths.clamp(min=1)).mean()}
