"""The character spotter: a grey page in; for every cell of 4 x 4 pixels, whether a character stands there and which.

A convolutional stem brings the page to stride 8; a vision transformer looks at it in windows
(:mod:`ocr.models.page_encoder`); a light head joins its features with those of the stem and goes back up to stride 4.
There, presence, geometry and link are read off every cell. The class (base symbol and up to two attached ones, for all
of Latin script and Hangul) is asked only of cells that stand for a character, once for each: a page has some 90,000
cells and a few thousand characters. After CenterNet (arXiv 1904.07850) and CharNet (arXiv 1910.07954).
"""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ocr.models.end2end.characters import SLOTS
from ocr.models.end2end.line_context import LineContext
from ocr.models.end2end.spotter_config import CELL, SpotterConfig
from ocr.models.end2end.spotter_targets import REFERENCE
from ocr.models.page_encoder import EncoderConfig, PageEncoder, convolution

MAPS = 12
"""Channels read off every cell: presence; offset (x, y) in cells; log of height and width over 20 px; direction (x, y);
way to the next character (x, y) in heights; logits of end, next and next after a space."""

AROUND = tuple((row, column) for row in (-1, 0, 1) for column in (-1, 0, 1))
"""Steps in rows and columns from a cell to those whose features its class is told from as well."""

FIRST_PRESENCE = -3.0
"""Logit of presence before training: characters' cells are few."""


class Spotter(nn.Module):
    """Maps and character classes of a page; :mod:`ocr.models.end2end.spotter_decode` makes characters of them."""

    last_layers: ClassVar[tuple[str, ...]] = ("maps", "classify")
    adapted_layers: ClassVar[tuple[str, ...]] = ("hidden", "classify", "context.narrow", "context.change")
    """Linear layers outside the blocks that an adapter gives narrow matrices as well: those that name characters."""
    mean: Tensor
    deviation: Tensor

    def __init__(self, config: SpotterConfig, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.register_buffer("mean", torch.tensor(190.0))
        self.register_buffer("deviation", torch.tensor(64.0))
        (half, quarter, eighth), rank = config.stem, config.rank
        stem_rank = min(rank, config.stem_rank)
        self.stem_2 = convolution(1, half, stride=2)
        self.stem_4 = nn.Sequential(convolution(half, quarter, stride=2), Residual(quarter, stem_rank))
        self.stem_8 = nn.Sequential(
            convolution(quarter, eighth, stride=2), Residual(eighth, stem_rank), Residual(eighth, stem_rank)
        )
        vision = EncoderConfig(
            config.width, config.depth, config.heads, config.mlp_ratio, config.window, config.backbone,
            config.pretrained, config.strip, config.head_width,
        )  # fmt: skip
        self.encoder = PageEncoder(eighth, vision)
        self.from_16 = nn.Conv2d(self.encoder.width, eighth, 1)
        self.merge_8 = convolution(eighth, eighth, rank=rank)
        self.from_8 = nn.Conv2d(eighth, quarter, 1)
        self.merge_4 = nn.Sequential(convolution(quarter, quarter, rank=rank), Residual(quarter, rank))
        self.maps = nn.Conv2d(quarter, MAPS, 1)
        nn.init.zeros_(self.maps.weight)
        first = torch.zeros(MAPS)
        first[0] = FIRST_PRESENCE
        self.maps.bias = nn.Parameter(first)
        self.hidden = nn.Linear(len(AROUND) * (quarter + eighth), config.hidden)
        self.classify = nn.Linear(config.hidden, SLOTS * classes)
        self.context = LineContext(config.hidden, config.context_width, config.context) if config.context else None

    def spot(self, images: Tensor, presence: float, peak: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The cells that may stand for a character, their maps, and the features that :meth:`named` takes.

        Args:
            images: As for :meth:`features`.
            presence: Probability from which a cell counts.
            peak: Share of the highest presence of its eight neighbours that it must reach.

        Returns:
            Page, row and column of M cells (M, 3), their maps (M, 12), and both features of :meth:`features`.
        """
        fine, coarse = self.features(images)
        return *self.candidates(self.maps(fine), presence, peak), fine, coarse

    def candidates(self, maps: Tensor, presence: float, peak: float) -> tuple[Tensor, Tensor]:
        """The cells (M, 3) that may stand for a character, and what the maps (N, 12, H/4, W/4) say there (M, 12)."""
        here = torch.sigmoid(maps[:, :1])
        around = F.max_pool2d(here, 3, stride=1, padding=1)
        cells = torch.nonzero(((here >= presence) & (here >= peak * around))[:, 0])  # (M, 3)
        page, row, column = cells.unbind(1)
        return cells, maps.permute(0, 2, 3, 1)[page, row, column]

    def named(self, fine: Tensor, coarse: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
        """Class probabilities (P, 3, classes) of the characters at cells (P, 3), and the features that
        :meth:`reconsider` takes (P, F)."""
        features = self.describe(fine, coarse, cells)
        return torch.softmax(self.name(features), dim=2), features

    def features(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features of the pages at stride 4 (N, 64, H/4, W/4), which ``maps`` takes, and 8 (N, 128, H/8, W/8).

        Args:
            images: Grey pages (N, 1, H, W), float, 0 black to 255 white; H and W are multiples of 32.
        """
        x = (images - self.mean) / self.deviation
        stride_4 = self.stem_4(self.stem_2(x))  # (N, 64, H/4, W/4)
        stride_8 = self.stem_8(stride_4)  # (N, 128, H/8, W/8)
        tokens = self.from_16(self.encoder(stride_8, x))  # (N, 128, H/16, W/16)
        coarse = self.merge_8(F.interpolate(tokens, scale_factor=2.0, mode="nearest") + stride_8)
        fine = F.interpolate(self.from_8(coarse), scale_factor=2.0, mode="nearest") + stride_4
        return self.merge_4(fine), coarse

    def describe(self, fine: Tensor, coarse: Tensor, cells: Tensor) -> Tensor:
        """Features (P, F) of the characters at cells (P, 3), from those of :meth:`features` there and around."""
        page, row, column = cells.unbind(1)
        near = neighbourhood(fine, page, row, column)  # (P, 9 * 64)
        far = neighbourhood(coarse, page, row // 2, column // 2)  # (P, 9 * 128)
        return F.gelu(self.hidden(torch.cat([near, far], dim=1)))

    def name(self, features: Tensor) -> Tensor:
        """Class logits (..., 3, classes) of characters with these features (..., F)."""
        return self.classify(features).unflatten(-1, (SLOTS, self.classes))

    def reconsider(self, features: Tensor, shapes: Tensor) -> tuple[Tensor, Tensor]:
        """Class logits (L, T, 3, classes) of the characters of lines, and logits of their links (L, T, 3).

        Args:
            features: As for :class:`ocr.models.end2end.line_context.LineContext`, (L, T, F).
            shapes: Likewise (L, T, 8).
        """
        assert self.context is not None
        features, change = self.context(features, shapes)
        return self.name(features), torch.log(shapes[..., 4:7].clamp(min=1e-4)) + change


def neighbourhood(features: Tensor, page: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """What a 3 x 3 convolution sees of features (N, C, h, w) at P places, zeros beyond the edge: (P, 9 * C).

    What lies beyond the edge is blanked after it was read: to pad the map takes longer than to read it.
    """
    height, width = features.shape[2:]
    down, right = torch.tensor(AROUND, device=row.device).unbind(1)
    rows, columns = row[:, None] + down, column[:, None] + right  # (P, 9)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    index = (page[:, None] * height + rows.clamp(0, height - 1)) * width + columns.clamp(0, width - 1)
    flat = features.permute(0, 2, 3, 1).flatten(0, 2)  # (N * h * w, C)
    return (flat[index] * inside[..., None].to(features)).flatten(1)  # (P, 9, C) -> (P, 9 * C)


def shapes_of(maps: Tensor, cells: Tensor) -> Tensor:
    """What maps (P, 12) at cells (P, 3) say of their characters, as :class:`LineContext` takes it: (P, 8).

    The same as :func:`ocr.models.end2end.reread.shapes_of` makes of decoded characters.
    """
    centres = (cells[:, [2, 1]] + 0.5 + maps[:, 1:3]) * CELL
    sizes = torch.exp(maps[:, 3:5].clamp(-4, 4)) * REFERENCE
    return torch.cat([centres, sizes, torch.softmax(maps[:, 9:12], dim=1), torch.sigmoid(maps[:, :1])], dim=1)


class Residual(nn.Module):
    """A 3 x 3 convolution with batch normalisation beside the identity."""

    def __init__(self, channels: int, rank: float) -> None:
        super().__init__()
        self.change = convolution(channels, channels, rank=rank)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.change(x)
