"""Learning characters from the text of a line alone: the likelihood of the text over all places of its characters.

The cells along the line are gone through in order; each either holds the next character of the text or none. The
likelihood sums over all such ways (as CTC does, Graves et al. 2006, and DTLR, arXiv 2409.17095, for characters in any
order of detection). A crop that shows a part of the line may begin and end at any character near the one that the
geometry says.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

SLACK, SLACK_SHARE = 1.5, 0.04
"""Standard deviation of where in the text a crop begins or ends, in characters, and in shares of the text's length."""

EXACT = 0.1
"""The same where the crop shows the line's own beginning or end."""

IMPOSSIBLE = -1e4


def alignment_loss(presence: Tensor, symbols: Tensor, targets: dict[str, Tensor]) -> Tensor:
    """Negative log-likelihood of the text, a character.

    Args:
        presence: Logits (L, T) of the cells along the lines.
        symbols: Class logits (L, T, slots, classes) there.
        targets: Tensors of :func:`ocr.models.end2end.text_lines.line_arrays`.
    """
    steps, lengths, span = targets["line_steps"], targets["line_lengths"], targets["line_span"]
    place = torch.arange(presence.shape[1], device=presence.device)
    real = place[None] < steps[:, None]  # (L, T)
    written = F.logsigmoid(presence)[..., None] + character_likelihood(symbols, targets["line_symbols"])  # (L, T, J)
    written = written.masked_fill(~real[..., None], IMPOSSIBLE)
    empty = torch.where(real, F.logsigmoid(-presence), 0.0)
    index = torch.arange(written.shape[2] + 1, device=presence.device)[None]  # (1, J + 1) characters gone by
    slack = SLACK + SLACK_SHARE * lengths[:, None]
    slack_first = torch.where(span[:, :1] == 0, EXACT, slack)
    slack_last = torch.where(span[:, 1:] == lengths[:, None], EXACT, slack)
    outside = index > lengths[:, None]
    ways = begin_or_end(index, span[:, :1], slack_first).masked_fill(outside, IMPOSSIBLE)  # (L, J + 1)
    for step in range(presence.shape[1]):
        on = F.pad(ways[:, :-1] + written[:, step], (1, 0), value=IMPOSSIBLE)
        ways = torch.logaddexp(ways + empty[:, step, None], on)
    ways = (ways + begin_or_end(index, span[:, 1:], slack_last)).masked_fill(outside, IMPOSSIBLE)
    seen = (span[:, 1] - span[:, 0]).clamp(min=1)
    return -(torch.logsumexp(ways, dim=1) / seen).mean()


def character_likelihood(symbols: Tensor, wanted: Tensor) -> Tensor:
    """Log-probability (L, T, J) of every character of the text at every cell; unknown characters may be anything."""
    likelihood = torch.log_softmax(symbols, dim=3)
    lines, steps = symbols.shape[:2]
    total = symbols.new_zeros(lines, steps, wanted.shape[1])
    for slot in range(wanted.shape[2]):
        index = wanted[:, None, :, slot].clamp(min=0).expand(-1, steps, -1)
        total = total + torch.gather(likelihood[:, :, slot], 2, index)
    return torch.where((wanted[:, None, :, 0] < 0), torch.zeros_like(total), total)


def begin_or_end(index: Tensor, expected: Tensor, slack: Tensor) -> Tensor:
    """How likely (log) so many characters (1, J + 1) lie before a point where (L, 1) are expected to."""
    return -0.5 * ((index - expected) / slack).square()
