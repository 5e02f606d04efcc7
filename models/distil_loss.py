"""What a student lacks of its teacher's answers: divergences of posteriors and maps, distance of features."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

GEOMETRY_WEIGHT = 0.5


def frame_divergence(student: Tensor, teacher: Tensor, widths: Tensor, lengths: Tensor, temperature: float) -> Tensor:
    """Divergence of CTC posteriors a symbol, averaged over lines, in the scale of the CTC loss.

    Args:
        student: Logits (N, T, classes).
        teacher: Logits (N, T', classes) of the same classes; each token of the student takes the nearest.
        widths: Tokens (N,) that hold the line's picture; the rest is padding.
        lengths: Symbols (N,) of the lines.
    """
    teacher = resampled(teacher, student.shape[1])
    each = divergence(student, teacher, temperature)  # (N, T)
    inside = torch.arange(each.shape[1], device=each.device) < widths[:, None]
    return ((each * inside).sum(1) / lengths.clamp(min=1)).mean()


def map_divergence(student: Tensor, teacher: Tensor, weights: Tensor, temperature: float) -> Tensor:
    """Mean divergence of probabilities, cell by cell, of logits (N, 1, H, W); cells count by ``weights``."""
    each = binary_divergence(student, teacher, temperature)
    return (each * weights).sum() / weights.sum().clamp(min=1)


def spotter_divergence(
    student: tuple[Tensor, Tensor], teacher: tuple[Tensor, Tensor], targets: dict[str, Tensor], temperature: float
) -> Tensor:
    """Divergence of the spotter's answers a character: presence everywhere; class, geometry and link at its cells.

    Args:
        student: Maps (N, 12, H/4, W/4) and class logits (P, 3, classes), see
            :class:`ocr.models.end2end.spotter.Spotter`.
        teacher: The same, of the same classes.
        targets: The batch, of which ``cells``, ``presence`` and ``weights`` are used.
    """
    (maps, symbols), (taught_maps, taught_symbols) = student, teacher
    each = binary_divergence(maps[:, :1], taught_maps[:, :1], temperature) * targets["weights"]
    presence = each.sum() / (targets["presence"] == 1).sum().clamp(min=1)
    page, row, column = targets["cells"].unbind(1)
    here, taught = maps[page, :, row, column].float(), taught_maps[page, :, row, column].float()  # (P, 12)
    if not len(here):
        return presence
    classes = divergence(symbols, taught_symbols, temperature).sum(1).mean()
    link = divergence(here[:, 9:12], taught[:, 9:12], temperature).mean()
    geometry = F.smooth_l1_loss(here[:, 1:9], taught[:, 1:9], beta=0.1)
    return presence + classes + link + GEOMETRY_WEIGHT * geometry


def feature_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared distance of tokens (N, T, D) in units of the variance of the teacher's; 1 for a student that gives
    the teacher's mean."""
    student, teacher = student.float(), resampled(teacher.float(), student.shape[1])
    return F.mse_loss(student, teacher) / teacher.var(dim=(0, 1)).mean().clamp(min=1e-6)


def divergence(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Kullback-Leibler divergence over the last axis, in the scale of gradients at temperature 1 (arXiv 1503.02531)."""
    own = F.log_softmax(student.float() / temperature, dim=-1)
    taught = F.log_softmax(teacher.float() / temperature, dim=-1)
    return temperature**2 * F.kl_div(own, taught, reduction="none", log_target=True).sum(-1)


def binary_divergence(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """The same for probabilities that stand alone, element by element."""
    student, teacher = student.float() / temperature, teacher.float() / temperature
    probability = torch.sigmoid(teacher)
    crossed = F.binary_cross_entropy_with_logits(student, probability, reduction="none")
    return temperature**2 * (crossed - F.binary_cross_entropy_with_logits(teacher, probability, reduction="none"))


def resampled(tokens: Tensor, length: int) -> Tensor:
    """Tokens (N, T, C) at another number of places along the line: the nearest one's."""
    if tokens.shape[1] == length:
        return tokens
    return F.interpolate(tokens.transpose(1, 2), size=length, mode="nearest").transpose(1, 2)
