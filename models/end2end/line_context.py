"""Characters of a line told once more, each from its neighbours.

A cell sees a few letters around it; whether a stroke is I, l or 1, and whether a gap is a space, is told by the word
and by how the rest of the line is printed. So the features from which classes are read go once along their line,
through a few transformer blocks, and come back corrected. The last layer starts near zero: a model that is given this
part reads as before until it has learnt better. The idea is that of the sequence models behind segmented characters
(CRNN, arXiv 1507.05717; SVTR, arXiv 2205.00159, mixes neighbours and the whole line as here).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ocr.models.transformer_block import transformer_block

SHAPES = 8
"""What is known of a character besides its features: centre (x, y), height and width in pixels, probabilities of end,
next and next after a space, and of its presence. A height of 0 stands for no character: padding."""

LINKS = 3
"""End, next, and next after a space."""

HEADS = 6
MLP_RATIO = 2.0
NEIGHBOURS = 7
"""Characters that the convolution before each block looks at, itself among them."""

HIDDEN_SHARE = 0.1
"""Share of the characters whose features the context does not see in training, so that it learns what their neighbours
say of them."""

FIRST_CHANGE = 1e-3
"""Standard deviation of the last layer's first weights."""

FAR = 4.0
"""Largest gap that is told apart, in line heights."""


class LineContext(nn.Module):
    """Changes to the features and links of characters, from the line they stand in.

    Args:
        features: Channels of a character's features.
        width: Channels of the blocks, a multiple of 6.
        depth: Transformer blocks.
    """

    def __init__(self, features: int, width: int, depth: int) -> None:
        super().__init__()
        self.narrow = nn.Linear(features, width)
        self.place = nn.Linear(SHAPES - 1, width)
        self.positions = nn.ModuleList(
            nn.Conv1d(width, width, NEIGHBOURS, padding=NEIGHBOURS // 2, groups=width) for _ in range(depth)
        )
        self.blocks = nn.ModuleList(transformer_block(width, HEADS, MLP_RATIO) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.change = nn.Linear(width, features + LINKS)
        nn.init.normal_(self.change.weight, std=FIRST_CHANGE)
        nn.init.zeros_(self.change.bias)

    def forward(self, features: Tensor, shapes: Tensor) -> tuple[Tensor, Tensor]:
        """Features (L, T, F) of L lines after their change, and the change of their links' logits (L, T, 3).

        Args:
            features: Those of the characters in reading order (L, T, F).
            shapes: ``SHAPES`` numbers for each (L, T, 8); all zero behind a line's last character.
        """
        real = (shapes[..., 2:3] > 0).to(features.dtype)  # (L, T, 1)
        x = self.narrow(self.shown(features)) + self.place(relations(shapes, real))  # (L, T, W)
        unseen = (1 - real.transpose(1, 2).unsqueeze(1)) * -1e4  # (L, 1, 1, T)
        unseen = unseen.expand(-1, -1, x.shape[1], -1)
        for position, block in zip(self.positions, self.blocks, strict=True):
            x = x * real
            x = block(x + position(x.transpose(1, 2)).transpose(1, 2), attn_mask=unseen)
        change = self.change(self.norm(x))
        return features + change[..., :-LINKS], change[..., -LINKS:]

    def shown(self, features: Tensor) -> Tensor:
        """The features that the blocks see: in training, some characters are blank."""
        if not self.training:
            return features
        seen = torch.rand(features.shape[:2], device=features.device) >= HIDDEN_SHARE
        return features * seen[..., None]


def relations(shapes: Tensor, real: Tensor) -> Tensor:
    """What shapes (L, T, 8) say whatever the size of the print: gap to the character before and to that after, width,
    in line heights; probabilities of links and presence: (L, T, 7)."""
    centres, height, width = shapes[..., :2], shapes[..., 2:3].clamp(min=1.0), shapes[..., 3:4]
    between = real[:, 1:] * real[:, :-1]
    gaps = (centres[:, 1:] - centres[:, :-1]).square().sum(dim=2, keepdim=True).clamp(min=1e-6).sqrt() * between
    before = F.pad(gaps, (0, 0, 1, 0)) / height
    after = F.pad(gaps, (0, 0, 0, 1)) / height
    told = [before.clamp(max=FAR), after.clamp(max=FAR), width / height, shapes[..., 4:]]
    return torch.cat(told, dim=2) * real
